package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/posternhq/postern/schemas"
)

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func compile(t *testing.T, raw []byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", decode(t, raw)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemas_ExamplesMeetThem(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{
		"Payload": schemas.Payload, "Response": schemas.Response, "Manifest": schemas.Manifest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, raw)
			if len(s.Examples) == 0 {
				t.Error("there are no examples")
			}
			for _, example := range s.Examples {
				if err := s.Validate(example); err != nil {
					t.Errorf("%v: %v", example, err)
				}
			}
			for property, inner := range s.Properties {
				for _, example := range inner.Examples {
					if err := inner.Validate(example); err != nil {
						t.Errorf("%s: %v: %v", property, example, err)
					}
				}
			}
		})
	}
}

func TestManifest_PluginsMeetIt(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../plugins/*/postern.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d manifests: %v", len(files), err)
	}
	s := compile(t, schemas.Manifest)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(decode(t, raw)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestManifest_Refused(t *testing.T) {
	t.Parallel()
	s := compile(t, schemas.Manifest)
	const good = `{"app":"a","modules":{"m":{"source":"."}},"endpoints":[{"name":"n","method":"GET","path":"/","module":"m"}]}`
	if err := s.Validate(decode(t, []byte(good))); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"ErrSlug":          {`"app":"a"`, `"app":"A b"`},
		"ErrNoApp":         {`"app":"a",`, ``},
		"ErrEnvironment":   {`"app":"a"`, `"app":"a","environment":"prod"`},
		"ErrUnknown":       {`"app":"a"`, `"app":"a","apps":1`},
		"ErrNoModules":     {`{"m":{"source":"."}}`, `{}`},
		"ErrModuleName":    {`"m":`, `"-m":`},
		"ErrNoSource":      {`{"source":"."}`, `{}`},
		"ErrSourceAndFile": {`"source":"."`, `"source":".","file":"m.wasm"`},
		"ErrMethod":        {`"GET"`, `"get"`},
		"ErrPath":          {`"path":"/"`, `"path":"x"`},
		"ErrNoModule":      {`,"module":"m"`, ``},
		"ErrTimeout":       {`"path":"/"`, `"path":"/","timeout_ms":60001`},
		"ErrUnknownField":  {`"path":"/"`, `"path":"/","timeout":1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatal("nothing was changed")
			}
			if err := s.Validate(decode(t, []byte(bad))); err == nil {
				t.Errorf("%s was taken", bad)
			}
		})
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"payload", "responses", "sdk"} {
		file, err := schemas.Vectors[struct{ Name string }](name)
		if err != nil {
			t.Error(err)
		}
		seen := map[string]bool{}
		for _, c := range file.Cases {
			if c.Name == "" || seen[c.Name] {
				t.Errorf("%s: a case needs a name of its own, not %q", name, c.Name)
			}
			seen[c.Name] = true
		}
	}
}

func TestVectors_Errors(t *testing.T) {
	t.Parallel()
	if _, err := schemas.Vectors[json.RawMessage]("none"); err == nil {
		t.Error("a missing file was taken")
	}
}
