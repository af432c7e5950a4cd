//go:build !wasip1

package schema_test

import (
	"testing"

	"github.com/posternhq/postern/sdk/go/operation"
	"github.com/posternhq/postern/sdk/go/schema"
)

// It uses the stand-in for the host alone: it is not parallel.
func TestValidate(t *testing.T) {
	asked, answer := "", `{"isValid":true,"errors":null}`
	operation.SetHost(func(name string, request []byte) []byte {
		asked = name + " " + string(request)
		return []byte(answer)
	})
	defer operation.SetHost(nil)
	found, err := schema.Validate([]byte(`{"type":"null"}`), nil)
	if len(found) != 0 || err != nil || asked != `schema_validate {"schema":{"type":"null"},"value":null}` {
		t.Errorf("got %v, %v of %s", found, err, asked)
	}
	answer = `{"isValid":false,"errors":[{"keyword":"required","dataPath":"","schemaPath":"#/required","params":{"missingProperty":"email"},"message":"should have required property 'email'"}]}`
	found, err = schema.ValidateOpenAPI([]byte(`{}`), "Person", map[string]string{})
	if len(found) != 1 || found[0].Params["missingProperty"] != "email" || err != nil || asked != `schema_validate {"openapi":{},"name":"Person","value":{}}` {
		t.Errorf("got %v, %v of %s", found, err, asked)
	}
}
