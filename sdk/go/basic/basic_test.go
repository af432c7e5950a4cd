//go:build !wasip1

package basic_test

import (
	"testing"
	"time"

	"github.com/posternhq/postern/sdk/go/basic"
	"github.com/posternhq/postern/sdk/go/operation"
)

// It uses the stand-in for the host alone: it is not parallel.
func TestBasic(t *testing.T) {
	asked := ""
	operation.SetHost(func(name string, request []byte) []byte {
		asked = name + " " + string(request)
		return []byte(`{"uuid":"u","json":{"a":null}}`)
	})
	defer operation.SetHost(nil)
	if id, err := basic.UUID(); id != "u" || err != nil || asked != `uuid {}` {
		t.Errorf("got %s, %v of %s", id, err, asked)
	}
	if err := basic.Wait(1500 * time.Millisecond); err != nil || asked != `wait {"ms":1500}` {
		t.Errorf("got %v of %s", err, asked)
	}
	if got, err := basic.XMLToJSON("<a/>"); string(got) != `{"a":null}` || err != nil || asked != `xml_to_json {"xml":"\u003ca/\u003e"}` {
		t.Errorf("got %s, %v of %s", got, err, asked)
	}
}
