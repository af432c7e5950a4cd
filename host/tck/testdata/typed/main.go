// Command typed goes through the typed API of the Go SDK on a host, and answers
// with the first thing that is not as its documentation says, or "ok".
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

type person struct {
	object.Meta
	Email string   `json:"email"`
	Name  string   `json:"name,omitempty"`
	Tags  []string `json:"tags,omitempty"`
}

var people = object.Of[person]("people")

func init() { postern.Handle(handle) }

func main() {}

// handle goes through what reaches outside first, which must not follow a write.
// The body is the URL of the service that requests go to.
func handle(r postern.Request) postern.Response {
	service = r.Text()
	for _, step := range []func() error{
		get, post, pages, sign, secrets, validate, small, run,
		insert, ensure, put, patch, remove, query, all, batch, fail, late,
	} {
		if err := step(); err != nil {
			return postern.Text(200, err.Error())
		}
	}
	postern.Return(postern.Text(200, "ok"))
	return postern.Text(200, "Return returns")
}

// is is an error unless the condition is met.
func is(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func insert() error {
	p, err := people.Insert(person{Email: "ada@example.com", Name: "Ada <&>"})
	if err != nil || len(p.ID) != 36 || p.Version != 1 || p.CreatedAt.IsZero() || p.Name != "Ada <&>" {
		return fmt.Errorf("Insert: %+v, %v", p, err)
	}
	again, err := people.Get(p.ID)
	if err := is(err == nil && again.Name == p.Name && again.CreatedAt.Equal(p.CreatedAt.Time), "Get: %+v, %v", again, err); err != nil {
		return err
	}
	some, err := people.InsertAll([]person{{Email: "bea@example.com"}, {Email: "cid@example.com", Tags: []string{"a", "b"}}})
	if err := is(err == nil && len(some) == 2 && some[1].Tags[1] == "b", "InsertAll: %+v, %v", some, err); err != nil {
		return err
	}
	none, err := people.InsertAll(nil)
	return is(err == nil && len(none) == 0, "InsertAll of none: %+v, %v", none, err)
}

func ensure() error {
	p, err := people.Ensure(person{Email: "ada@example.com"}, person{Email: "dan@example.com"})
	return is(err == nil && len(p) == 1 && p[0].Email == "dan@example.com", "Ensure: %+v, %v", p, err)
}

func put() error {
	p, created, err := people.Put(person{Email: "eva@example.com"})
	if err := is(err == nil && created && p.Version == 1, "Put of a new one: %+v, %v, %v", p, created, err); err != nil {
		return err
	}
	p.Name = "Eva"
	q, created, err := people.Put(p, object.IfVersion(1))
	if err := is(err == nil && !created && q.ID == p.ID && q.Version == 2, "Put: %+v, %v, %v", q, created, err); err != nil {
		return err
	}
	_, _, err = people.Put(p, object.IfVersion(1))
	return is(object.IsStale(err), "Put of an old version: %v", err)
}

func patch() error {
	p, err := first("eva@example.com")
	if err != nil {
		return err
	}
	p, err = people.Patch(p.ID, map[string]any{"name": nil, "tags": []string{"x"}}, object.IfVersion(p.Version))
	if err := is(err == nil && p.Name == "" && p.Tags[0] == "x" && p.Version == 3, "Patch: %+v, %v", p, err); err != nil {
		return err
	}
	_, err = people.Patch("none", map[string]any{})
	return is(object.IsNotFound(err), "Patch of none: %v", err)
}

func first(email string) (person, error) {
	page, err := people.Query(object.Query{Filter: object.Eq("email", email)})
	if err == nil {
		err = is(len(page.Records) == 1, "there are %d of %s", len(page.Records), email)
	}
	if err != nil {
		return person{}, err
	}
	return page.Records[0], nil
}

func remove() error {
	p, err := first("dan@example.com")
	if err == nil {
		err = people.Delete(p.ID)
	}
	if err != nil {
		return err
	}
	_, err = people.Get(p.ID)
	return is(object.IsNotFound(err) && object.IsNotFound(people.Delete(p.ID)), "Get of what is deleted: %v", err)
}

func query() error {
	page, err := people.Query(object.Query{
		Filter: object.And(object.Like("email", "@example"), object.Not(object.Intersects("tags", "x"))),
		Sort:   []string{"-email"}, Fields: []string{"email"}, Limit: 2, Count: true,
	})
	if err := is(err == nil && len(page.Records) == 2 && page.Records[0].Email == "cid@example.com" && page.Records[0].Tags == nil &&
		page.Cursor != "" && page.Count != nil && *page.Count == 3, "Query: %+v, %v", page, err); err != nil {
		return err
	}
	var none object.Filter
	for _, filter := range []any{nil, none, json.RawMessage(`{"email":{"ieq":"ADA@example.com"}}`), object.Filter{"name": "Ada <&>"}} {
		page, err := people.Query(object.Query{Filter: filter})
		if want := map[bool]int{true: 4, false: 1}[filter == nil || fmt.Sprint(filter) == "map[]"]; err != nil || len(page.Records) != want {
			return fmt.Errorf("Query %v: %d records, %v", filter, len(page.Records), err)
		}
	}
	page, err = people.Query(object.Query{Filter: object.Eq("email", "nobody"), Fields: []string{}})
	return is(err == nil && page.Records != nil && len(page.Records) == 0 && page.Count == nil, "Query of none: %+v, %v", page, err)
}

func all() error {
	numbers := make([]map[string]int, 25)
	for i := range numbers {
		numbers[i] = map[string]int{"i": i}
	}
	loose := object.Of[map[string]int]("numbers")
	if _, err := object.Of[any]("numbers").InsertAll([]any{numbers[0]}); err != nil {
		return err
	}
	if _, err := loose.InsertAll(numbers[1:]); err == nil || !strings.Contains(err.Error(), "does not fit") {
		return fmt.Errorf("records that do not fit their type: %v", err)
	}
	type number struct{ I int }
	sum, seen := 0, 0
	for n, err := range object.Of[number]("numbers").All(object.Query{Sort: []string{"-i"}, Limit: 10, Offset: 1}) {
		if err != nil {
			return err
		}
		sum += n.I
		seen++
	}
	for range object.Of[number]("numbers").All(object.Query{}) {
		seen++
		break
	}
	for _, err := range object.Of[number]("nothing").All(object.Query{}) {
		if seen++; !object.IsNotFound(err) {
			return fmt.Errorf("All of no object: %v", err)
		}
	}
	return is(sum == 23*24/2 && seen == 24+1+1, "All: %d in sum of %d", sum, seen)
}

func batch() error {
	ada, err := first("ada@example.com")
	if err != nil {
		return err
	}
	results, err := object.Batch(
		people.BatchInsert(person{Email: "fay@example.com"}, person{Email: "gus@example.com"}),
		people.BatchPut(person{Email: "hal@example.com"}),
		people.BatchPatch(ada.ID, map[string]string{"name": "Ada"}, object.IfVersion(ada.Version)))
	if err != nil {
		return err
	}
	inserted, err1 := people.Records(results[0])
	stored, err2 := people.Records(results[1])
	if err := is(err1 == nil && err2 == nil && len(results) == 3 && len(inserted) == 2 && stored[0].Email == "hal@example.com",
		"Batch: %s, %+v, %+v, %v, %v", results, inserted, stored, err1, err2); err != nil {
		return err
	}
	_, err = object.Batch(people.BatchDelete(stored[0].ID, object.IfVersion(1)), people.BatchInsert(person{Email: "gus@example.com"}))
	var e *object.Error
	if !object.IsConflict(err) {
		return fmt.Errorf("Batch with a conflict: %v", err)
	}
	e = err.(*object.Error)
	field, id := e.Taken()
	return is(e.Operation() == 1 && field == "email" && id == inserted[1].ID, "the conflict is about %d, %s, %s: %s", e.Operation(), field, id, e.Details)
}

func fail() error {
	_, err := people.Insert(person{Email: "ada@example.com"})
	e, ok := err.(*object.Error)
	if err := is(ok && object.IsConflict(err) && e.Operation() == -1 && strings.HasPrefix(err.Error(), "conflict: "), "a conflict: %v", err); err != nil {
		return err
	}
	_, err = people.Insert(person{})
	if err := is(object.IsInvalid(err), "against the schema: %v", err); err != nil {
		return err
	}
	_, err = people.Insert(person{Meta: object.Meta{ID: "no UUID"}, Email: "x"})
	if err := is(object.IsInvalid(err), "no UUID: %v", err); err != nil {
		return err
	}
	_, err = object.Of[func()]("people").Insert(func() {})
	return is(err != nil && !object.IsInvalid(err), "what is no JSON: %v", err)
}
