// Command ledger writes several records and a counter in each invocation, by
// operations of their own: what is left after a crash tells whether invocations
// are atomic.
package main

import (
	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

// Entry is a part of what one request writes.
type Entry struct {
	Writer int `json:"writer"`
	Number int `json:"number"`
	Part   int `json:"part"`
}

type counter struct {
	object.Meta
	Count int `json:"count"`
}

// parts is how many entries a request writes.
const parts = 3

const counterID = "00000000-0000-4000-8000-000000000000"

var (
	entries  = object.Of[Entry]("entries")
	counters = object.Of[counter]("counters")
)

func init() {
	postern.Handle(func(r postern.Request) postern.Response {
		if r.Method() == "GET" {
			return list()
		}
		return add(r)
	})
}

func main() {}

// add writes the parts of an entry, and counts it by reading and writing.
func add(r postern.Request) postern.Response {
	var e Entry
	if err := r.JSON(&e); err != nil {
		return postern.Error(400, err.Error())
	}
	for e.Part = range parts {
		if _, err := entries.Insert(e); err != nil {
			return failure(err)
		}
	}
	c, err := counters.Get(counterID)
	if err != nil && !object.IsNotFound(err) {
		return failure(err)
	}
	c.ID = counterID
	c.Count++
	if _, _, err := counters.Put(c); err != nil {
		return failure(err)
	}
	return postern.JSON(201, map[string]int{"count": c.Count})
}

func failure(err error) postern.Response {
	if object.IsConflict(err) {
		return postern.Error(409, err.Error())
	}
	return postern.Error(503, err.Error())
}

// list answers with everything there is.
func list() postern.Response {
	all := []Entry{}
	for e, err := range entries.All(object.Query{Limit: 1000}) {
		if err != nil {
			return failure(err)
		}
		all = append(all, e)
	}
	c, err := counters.Get(counterID)
	if err != nil && !object.IsNotFound(err) {
		return failure(err)
	}
	return postern.JSON(200, map[string]any{"count": c.Count, "entries": all})
}
