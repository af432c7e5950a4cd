package object

import (
	"iter"

	"github.com/posternhq/postern/sdk/go/operation"
)

// Query selects records. The zero value finds the first 100.
type Query struct {
	// Filter is a [Filter], or anything that encoding/json turns into one, such
	// as a json.RawMessage. nil finds every record.
	Filter any
	// Sort names fields; "-" before one turns its order around.
	Sort   []string
	Fields []string // of each record beside those of Meta; nil for all
	Limit  int      // of a page: at most 1,000; 0 for 100
	Offset int
	Cursor string // of the page before
	Count  bool   // whether to count all matches
}

type queryRequest struct {
	Object string   `json:"object"`
	Filter any      `json:"filter,omitempty"`
	Sort   []string `json:"sort,omitempty"`
	Fields []string `json:"fields,omitzero"`
	Limit  int      `json:"limit,omitempty"`
	Offset int      `json:"offset,omitempty"`
	Cursor string   `json:"cursor,omitempty"`
	Count  bool     `json:"count,omitempty"`
}

func (q Query) of(object string) queryRequest {
	if f, ok := q.Filter.(Filter); ok && f == nil {
		q.Filter = nil // which a nil map in an interface is not
	}
	return queryRequest{object, q.Filter, q.Sort, q.Fields, q.Limit, q.Offset, q.Cursor, q.Count}
}

// Page is a part of what a query finds.
type Page[T any] struct {
	Records []T    `json:"records"`
	Cursor  string `json:"cursor,omitempty"` // continues after the last; "" at the end
	Count   *int   `json:"count,omitempty"`  // of all matches; nil unless the query asked
}

// Query returns a page of records.
func (o Object[T]) Query(q Query) (Page[T], error) {
	a, err := do[T](operation.ObjectQuery, q.of(o.name))
	return Page[T]{Records: list(a.Records), Cursor: a.Cursor, Count: a.Count}, err
}

// All goes over every record that the query finds, page by page: a data
// operation for each. It ends with the first error.
func (o Object[T]) All(q Query) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := o.Query(q)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, record := range page.Records {
				if !yield(record, nil) {
					return
				}
			}
			if page.Cursor == "" {
				return
			}
			// The cursor goes on after what was skipped.
			q.Cursor, q.Offset = page.Cursor, 0
		}
	}
}

// Get returns the record with the id. [IsNotFound] tells if there is none.
func (o Object[T]) Get(id string) (T, error) {
	var none T
	page, err := o.Query(Query{Filter: Eq("__id", id), Limit: 1})
	if err == nil && len(page.Records) == 0 {
		err = &Error{Code: NotFound, Message: "Record not found"}
	}
	if err != nil {
		return none, err
	}
	return page.Records[0], nil
}
