package object_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/posternhq/postern/sdk/go/object"
)

type order struct {
	object.Meta
	Status string `json:"status"`
}

var orders = object.Of[order]("orders")

// TestNoHost: natively every function says that there is no host. What they do
// with one, host/tck tests.
func TestNoHost(t *testing.T) {
	t.Parallel()
	_, inserted := orders.Insert(order{})
	_, all := orders.InsertAll(nil)
	_, ensured := orders.Ensure()
	_, _, put := orders.Put(order{}, object.IfVersion(1))
	_, patched := orders.Patch("x", map[string]any{})
	_, got := orders.Get("x")
	_, queried := orders.Query(object.Query{})
	_, batched := object.Batch(orders.BatchInsert(order{}))
	errs := []error{inserted, all, ensured, put, patched, orders.Delete("x"), got, queried, batched}
	for _, err := range orders.All(object.Query{}) {
		errs = append(errs, err)
	}
	for i, err := range errs {
		if !errors.Is(err, object.ErrNoHost) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestFilter_JSON(t *testing.T) {
	t.Parallel()
	for want, filter := range map[string]object.Filter{
		`{"a":{"eq":null}}`:                  object.Eq("a", nil),
		`{"a.b":{"in":[1,"x"]}}`:             object.In("a.b", 1, "x"),
		`{"a":{"in":[]}}`:                    object.In("a"),
		`{"a":{"noneOf":[1]}}`:               object.NotIn("a", 1),
		`{"a":{"insensitiveAnyOf":["x"]}}`:   object.EqFold("a", "x"),
		`{"a":{"like":"x"}}`:                 object.Like("a", "x"),
		`{"a":{"lt":1}}`:                     object.Lt("a", 1),
		`{"a":{"lte":1}}`:                    object.Lte("a", 1),
		`{"a":{"gt":1}}`:                     object.Gt("a", 1),
		`{"a":{"gte":1}}`:                    object.Gte("a", 1),
		`{"a":{"intersects":[1]}}`:           object.Intersects("a", 1),
		`{"a":{"supersetOf":[1]}}`:           object.SupersetOf("a", 1),
		`{"a":{"subsetOf":[1]}}`:             object.SubsetOf("a", 1),
		`{"a":{"containsAnyOf":[1]}}`:        object.ContainsAny("a", 1),
		`{"a":{"containsAllOf":[1]}}`:        object.ContainsAll("a", 1),
		`{"a":{"containsNoneOf":[1]}}`:       object.ContainsNone("a", 1),
		`{"AND":[]}`:                         object.And(),
		`{"NOT":{"OR":[{"a":{"eq":1}}]}}`:    object.Not(object.Or(object.Eq("a", 1))),
		`{"AND":[{"a":{"eq":1}},{"OR":[]}]}`: object.And(object.Eq("a", 1), object.Or()),
	} {
		if got, err := json.Marshal(filter); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

// TestMeta: a record that has no id yet is written without the host's members.
func TestMeta(t *testing.T) {
	t.Parallel()
	if got, err := json.Marshal(order{Status: "open"}); err != nil || string(got) != `{"status":"open"}` {
		t.Errorf("got %s, %v", got, err)
	}
	const whole = `{"__id":"x","__created_at":"2026-11-22T06:00:00.120Z","__updated_at":"2026-11-22T06:00:01.000Z","__version":3,"status":"open"}`
	var o order
	err := json.Unmarshal([]byte(whole), &o)
	if err != nil || o.ID != "x" || o.Version != 3 || !o.CreatedAt.Equal(time.Date(2026, 11, 22, 6, 0, 0, 120e6, time.UTC)) {
		t.Errorf("got %+v, %v", o, err)
	}
	if got, err := json.Marshal(o); err != nil || string(got) != whole {
		t.Errorf("got %s, %v, want %s", got, err, whole)
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	for code, is := range map[string]func(error) bool{
		object.Conflict: object.IsConflict, object.NotFound: object.IsNotFound,
		object.Stale: object.IsStale, object.InvalidRequest: object.IsInvalid,
	} {
		if err := fmt.Errorf("wrapped: %w", &object.Error{Code: code}); !is(err) || is(&object.Error{Code: object.Internal}) || is(nil) {
			t.Errorf("%s is not told from others", code)
		}
	}
	e := &object.Error{Code: object.Conflict, Details: []byte(`{"operation":2,"field":"email","id":"x"}`)}
	if field, id := e.Taken(); field != "email" || id != "x" || e.Operation() != 2 {
		t.Errorf("got %s, %s, %d", field, id, e.Operation())
	}
	if none := (&object.Error{}).Operation(); none != -1 {
		t.Errorf("no operation is %d", none)
	}
}
