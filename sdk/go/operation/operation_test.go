//go:build !wasip1

package operation_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/posternhq/postern/sdk/go/operation"
)

// The tests share the stand-in for the host, so they are not parallel.

func stand(t *testing.T, answers map[string]string) {
	t.Helper()
	operation.SetHost(func(name string, _ []byte) []byte { return []byte(answers[name]) })
	t.Cleanup(func() { operation.SetHost(nil) })
}

func TestDo(t *testing.T) {
	names := []string{"object_query", "object_insert", "object_put", "object_patch", "object_delete", "object_batch", "http_fetch", "jwt_sign",
		"jwt_verify", "secret_get", "secure_put", "secure_get", "uuid", "wait", "xml_to_json", "schema_validate", "call"}
	for _, name := range names {
		if _, err := operation.Do(name, nil); !errors.Is(err, operation.ErrNoHost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	operation.SetHost(func(name string, request []byte) []byte { return append([]byte(name), request...) })
	defer operation.SetHost(nil)
	for _, name := range names {
		if got, err := operation.Do(name, []byte("!")); string(got) != name+"!" || err != nil {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if _, err := operation.Do("object_drop", nil); err == nil {
		t.Error("there is an operation object_drop")
	}
}

func TestCarry(t *testing.T) {
	stand(t, map[string]string{"uuid": `{"uuid":"x"}`, "wait": `{"error":{"code":"timeout","message":"too late","details":[1]}}`, "call": `no JSON`})
	type answer struct{ UUID string }
	if a, err := operation.Carry[answer](operation.UUID, nil); a.UUID != "x" || err != nil {
		t.Errorf("got %v, %v", a, err)
	}
	_, err := operation.Carry[answer](operation.Wait, nil)
	var e *operation.Error
	if !operation.Is(err, operation.Timeout) || operation.Is(err, operation.Internal) || !errors.As(err, &e) || e.Error() != "timeout: too late" || string(e.Details) != "[1]" {
		t.Errorf("got %v", err)
	}
	if _, err := operation.Carry[answer](operation.Call, nil); err == nil {
		t.Error("what is no JSON is an answer")
	}
	if _, err := operation.Carry[struct{ UUID int }](operation.UUID, nil); err == nil {
		t.Error("an answer of another type passes")
	}
	if _, err := operation.Carry[answer](operation.UUID, func() {}); err == nil {
		t.Error("a function is a request")
	}
	if operation.Is(nil, operation.Timeout) || operation.Is(errors.New("x"), operation.Timeout) {
		t.Error("an error that is none of the host's has a code")
	}
}

// TestError_Details are those of objects; package object tests them with what a
// host answers.
func TestError_Details(t *testing.T) {
	e := &operation.Error{Details: json.RawMessage(`{"operation":3,"field":"f","id":"i"}`)}
	if field, id := e.Taken(); field != "f" || id != "i" || e.Operation() != 3 || (&operation.Error{}).Operation() != -1 {
		t.Errorf("got %s, %s, %d", field, id, e.Operation())
	}
}
