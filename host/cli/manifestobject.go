package cli

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/schema"
)

// objectSource is an object of a manifest.
type objectSource struct {
	// Schema is a JSON Schema, or a string: the name of a file with one.
	Schema        json.RawMessage `json:"schema"`
	UniqueFields  []string        `json:"unique_fields"`
	IndexedFields []string        `json:"indexed_fields"`
}

// readObjects makes definitions of the manifest's objects, as a server would,
// so that what it would refuse is refused before anything is built.
func (m *manifest) readObjects() (faults []lineFault) {
	m.objects = []*host.Object{}
	for _, name := range slices.Sorted(maps.Keys(m.Objects)) {
		pointer := "/objects/" + name
		source := m.Objects[name]
		o := host.NewObject("")
		o.Name = name
		o.UniqueFields, o.IndexedFields = append(o.UniqueFields, source.UniqueFields...), append(o.IndexedFields, source.IndexedFields...)
		if err := o.Validate(); err != nil {
			text := host.AsError(err).Message
			field, _, _ := strings.Cut(text, ":")
			faults = append(faults, lineFault{m.file.line(pointer + "/" + field), text})
		}
		var err error
		if o.Schema, err = m.objectSchema(source.Schema); err != nil {
			faults = append(faults, lineFault{m.file.line(pointer + "/schema"), err.Error()})
		}
		m.objects = append(m.objects, o)
	}
	return faults
}

// objectSchema is the schema that a manifest holds or names, nil for none.
func (m *manifest) objectSchema(source json.RawMessage) (json.RawMessage, error) {
	if source == nil || string(source) == "null" {
		return nil, nil
	}
	var name string
	if json.Unmarshal(source, &name) == nil {
		content, err := os.ReadFile(resolve(m.dir, name))
		if err != nil {
			return nil, err
		}
		source = content
	}
	_, err := schema.Compile(source)
	if err != nil {
		err = host.AsError(err)
	}
	return source, err
}
