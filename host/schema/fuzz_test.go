package schema_test

import (
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/schema"
)

// FuzzSchema compiles hostile schemas and applies them to hostile bodies.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(`{"type":"integer","minimum":3}`), []byte(`1e999`))
	f.Add([]byte(`{"$ref":"#"}`), []byte(`{}`))
	f.Add([]byte(`{"uniqueItems":true,"contains":{"const":1}}`), []byte(`[1,1.0,[],{}]`))
	f.Add([]byte(`{"$schema":"http://json-schema.org/draft-04/schema#","$id":"urn:x"}`), []byte(`"a"`))
	f.Fuzz(func(t *testing.T, raw, body []byte) {
		s, err := schema.Compile(raw)
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if details, ok := s.Validate(body); ok != (details == nil) {
			t.Errorf("got %v and %v", details, ok)
		}
	})
}
