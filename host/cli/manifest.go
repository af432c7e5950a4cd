package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/posternhq/postern/host/schema"
	"github.com/posternhq/postern/schemas"
)

// manifestName is the file that makes a directory a plug-in project.
const manifestName = "postern.yaml"

// manifest is a postern.yaml, checked. See schemas/manifest.v1.json.
type manifest struct {
	App          string                  `json:"app"`
	Name         string                  `json:"name"`
	Environment  string                  `json:"environment"`
	Capabilities []string                `json:"capabilities"`
	AllowedHosts []string                `json:"allowed_hosts"`
	Objects      map[string]objectSource `json:"objects"`
	Modules      map[string]moduleSource `json:"modules"`
	Endpoints    []client.EndpointFields `json:"endpoints"`

	dir     string // where it lies; paths in it start there
	file    *yamlFile
	objects []*host.Object // those of Objects, in the order of their names
}

// moduleSource is where a module comes from; exactly one field is set.
type moduleSource struct {
	Source string `json:"source"` // directory of a Go package
	File   string `json:"file"`   // a .wasm built by other means
}

// ref names the app to the management API.
func (m *manifest) ref() string {
	if m.Environment == host.Production {
		return m.App
	}
	return m.App + "@" + m.Environment
}

// moduleNames are the names of the modules in order.
func (m *manifest) moduleNames() []string { return slices.Sorted(maps.Keys(m.Modules)) }

// readManifest reads dir/postern.yaml. All faults come in one error, each with
// its line.
func readManifest(dir string) (*manifest, error) {
	name := filepath.Join(dir, manifestName)
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("there is no %s", name), "name the directory of a project, or write one:\n%s", manifestExample)
	}
	if err != nil {
		return nil, err
	}
	m, faults := parseManifest(content)
	if faults == nil {
		m.dir = dir
		faults = m.readObjects()
	}
	if faults != nil {
		sort.SliceStable(faults, func(i, j int) bool { return faults[i].line < faults[j].line })
		list := &faultList{what: "the manifest"}
		for _, fault := range faults {
			if fault.line > 0 {
				list.faults = append(list.faults, name+":"+fault.String())
			} else {
				list.faults = append(list.faults, name+": "+fault.text)
			}
		}
		return nil, list
	}
	return m, nil
}

const manifestExample = `  app: hello
  modules:
    hello:
      source: .
  endpoints:
    - name: Say hello
      method: GET
      path: /hello/{name}
      module: hello
      requires_authentication: false`

// parseManifest reads a manifest: YAML, then the schema, then what no schema
// can say. Later checks would only repeat what earlier ones found.
func parseManifest(content []byte) (*manifest, []lineFault) {
	file, err := parseYAML(content)
	if err != nil {
		return nil, []lineFault{{0, err.Error()}}
	}
	if file.faults != nil {
		return nil, file.faults
	}
	encoded, err := json.Marshal(file.value)
	if err != nil {
		return nil, []lineFault{{0, err.Error()}}
	}
	if faults := checkSchema(file, encoded); faults != nil {
		return nil, faults
	}
	m := &manifest{Environment: host.Production, file: file}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(m); err != nil {
		return nil, []lineFault{{0, err.Error()}}
	}
	return m, checkMeaning(file, m)
}

// checkMeaning holds the endpoints against the rules of the domain, so that
// what a server would refuse is refused before anything is built.
func checkMeaning(file *yamlFile, m *manifest) []lineFault {
	var faults []lineFault
	shapes := map[string]string{}
	for i, fields := range m.Endpoints {
		pointer := fmt.Sprintf("/endpoints/%d", i)
		if module, _ := fields.Module.Get(); m.Modules[module] == (moduleSource{}) {
			faults = append(faults, lineFault{file.line(pointer + "/module"), fmt.Sprintf("module %q is none of this manifest's: %s", module, strings.Join(m.moduleNames(), ", "))})
		}
		e, err := toEndpoint(fields)
		if err != nil {
			// The domain's sentences begin with the field they are about.
			text := host.AsError(err).Message
			field, _, _ := strings.Cut(text, " ")
			faults = append(faults, lineFault{file.line(pointer + "/" + field), text})
			continue
		}
		t, _ := host.ParseTemplate(e.Path) // Validate has parsed it before
		key := e.Method + " " + t.Shape()
		if other, taken := shapes[key]; taken {
			faults = append(faults, lineFault{file.line(pointer + "/path"), fmt.Sprintf("%s %s and %s %s match the same requests", e.Method, e.Path, e.Method, other)})
		}
		shapes[key] = e.Path
	}
	return faults
}

// toEndpoint applies the fields to a new endpoint, as a server would, and
// validates it.
func toEndpoint(fields client.EndpointFields) (*host.Endpoint, error) {
	e := host.NewEndpoint()
	fields.Module = client.Field[string]{} // a name here, resolved there
	encoded, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(encoded, e)
	}
	if err != nil {
		return nil, err
	}
	return e, e.Validate()
}

// checkSchema holds the manifest against schemas/manifest.v1.json.
func checkSchema(file *yamlFile, encoded []byte) []lineFault {
	compiled, err := schema.Compile(schemas.Manifest)
	if err != nil {
		return []lineFault{{0, err.Error()}}
	}
	details, ok := compiled.Validate(encoded)
	if ok {
		return nil
	}
	violations, _ := details.([]schema.Violation)
	faults := make([]lineFault, 0, len(violations))
	for _, v := range violations {
		text := v.Message
		if v.Path != "" {
			text = strings.TrimPrefix(v.Path, "/") + ": " + text
		}
		faults = append(faults, lineFault{file.line(culprit(file, v)), text})
	}
	return faults
}

// culprit is the pointer of what a violation is about. A property that should
// not be there is reported at the object around it, but somebody who corrects
// the file looks for its own line.
func culprit(file *yamlFile, v schema.Violation) string {
	for pointer := range file.lines {
		parent, key := pointer[:max(strings.LastIndexByte(pointer, '/'), 0)], pointer[strings.LastIndexByte(pointer, '/')+1:]
		if pointer != "" && parent == v.Path && strings.Contains(v.Message, "'"+key+"'") {
			return pointer
		}
	}
	return v.Path
}
