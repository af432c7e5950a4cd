package fetch

import (
	"errors"
	"iter"
)

// MaxPages is the most that [Pages] gets.
const MaxPages = 25

// ErrPages ends [Pages] when there are more than [MaxPages].
var ErrPages = errors.New("fetch: there are more than 25 pages")

// Pages goes over the pages of a service that gives lists in parts. next makes
// the request for the page that follows an answer, or says that it was the last:
//
//	for page, err := range fetch.Pages(fetch.Request{URL: base}, func(page *fetch.Answer) (fetch.Request, bool) {
//		var list struct{ Next string }
//		err := page.JSON(&list)
//		return fetch.Request{URL: list.Next}, err == nil && list.Next != ""
//	}) { … }
//
// It ends with the first error: that of a request, a [*StatusError] for a status
// that is not 200 to 299, or [ErrPages].
func Pages(first Request, next func(*Answer) (Request, bool)) iter.Seq2[*Answer, error] {
	return func(yield func(*Answer, error) bool) {
		r, more := first, true
		for range MaxPages {
			page, err := Do(r)
			if err == nil {
				err = page.Succeeded()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
			if r, more = next(page); !more {
				return
			}
		}
		yield(nil, ErrPages)
	}
}
