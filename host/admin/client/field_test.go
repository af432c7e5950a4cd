package client_test

import (
	"encoding/json"
	"testing"

	"github.com/posternhq/postern/host/admin/client"
)

func TestField(t *testing.T) {
	t.Parallel()
	var fields client.KeyFields
	text := `{"name":"x","expires_at":null,"enabled":false}`
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	if name, ok := fields.Name.Get(); !ok || name != "x" {
		t.Errorf("name is %q, %v", name, ok)
	}
	if _, ok := fields.ExpiresAt.Get(); ok || fields.ExpiresAt.IsZero() {
		t.Error("null is neither a value nor absent")
	}
	if !fields.Environment.IsZero() {
		t.Error("environment must be absent")
	}
	out, err := json.Marshal(fields)
	if err != nil || string(out) != `{"name":"x","enabled":false,"expires_at":null}` {
		t.Errorf("%s, %v", out, err)
	}
}
