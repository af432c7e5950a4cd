//go:build !wasip1

package fetch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/sdk/go/fetch"
	"github.com/posternhq/postern/sdk/go/operation"
)

// The tests share the stand-in for the host, so they are not parallel.

// answering lets every request be answered by fn.
func answering(t *testing.T, fn func(request string) string) {
	t.Helper()
	operation.SetHost(func(name string, request []byte) []byte {
		if name != "http_fetch" {
			t.Errorf("%s is carried out", name)
		}
		return []byte(fn(string(request)))
	})
	t.Cleanup(func() { operation.SetHost(nil) })
}

func TestDo_Request(t *testing.T) {
	got := ""
	answering(t, func(request string) string {
		got = request
		return `{"status":200,"headers":{},"url":""}`
	})
	for want, r := range map[string]fetch.Request{
		`{"url":"u"}`: {URL: "u"},
		`{"url":"u","method":"PUT","headers":{"a":"b"},"body":{"n":1},"bodyEncoding":"json"}`: {URL: "u", Method: "PUT", Header: map[string]string{"a": "b"}, JSON: map[string]int{"n": 1}},
		`{"url":"u","method":"POST","body":"x","bodyEncoding":"json"}`:                        {URL: "u", JSON: "x", Text: "left out"},
		`{"url":"u","method":"POST","body":"é","bodyEncoding":"text"}`:                        {URL: "u", Text: "é"},
		`{"url":"u","method":"POST","body":"/wA=","bodyEncoding":"base64"}`:                   {URL: "u", Body: []byte{255, 0}},
		`{"url":"u","timeout_ms":1500,"max_bytes":9,"redirect":"error","raw":true}`:           {URL: "u", Timeout: 1500 * time.Millisecond, MaxBytes: 9, Redirect: fetch.Refuse, Raw: true},
	} {
		if _, err := fetch.Do(r); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestDo_Answer(t *testing.T) {
	body := ""
	answering(t, func(string) string {
		return `{"status":404,"headers":{"content-type":"x","set-cookie":["a","b"]},"url":"https://x/y"` + body + `}`
	})
	for want, part := range map[string]string{
		``:          ``,
		`{"a":1}`:   `,"body":{"a":1},"bodyEncoding":"json"`,
		`"a"`:       `,"body":"a","bodyEncoding":"json"`,
		`a"b`:       `,"body":"a\"b","bodyEncoding":"text"`,
		"\xff\x00x": `,"body":"/wB4","bodyEncoding":"base64"`,
	} {
		body = part
		a, err := fetch.Get("https://x")
		if err != nil || a.Text() != want || string(a.Body()) != want || a.Status != 404 || a.URL != "https://x/y" {
			t.Errorf("got %+v, %v, want %q", a, err, want)
		}
		if a.Header("Content-Type") != "x" || strings.Join(a.HeaderAll("SET-COOKIE"), " ") != "a b" || a.Header("Set-Cookie") != "a" || a.Header("none") != "" {
			t.Errorf("the headers are %+v", a)
		}
		var status *fetch.StatusError
		if err := a.Succeeded(); !errors.As(err, &status) || status.Answer != a || err.Error() != "fetch: the answer has the status 404" {
			t.Errorf("got %v", err)
		}
	}
	for _, part := range []string{`,"body":1,"bodyEncoding":"text"`, `,"body":"?","bodyEncoding":"base64"`, `,"headers":1`} {
		body = part
		if _, err := fetch.Get("https://x"); err == nil {
			t.Errorf("%s is an answer", part)
		}
	}
}

func TestJSON(t *testing.T) {
	answer := `{"status":201,"headers":{},"url":"","body":{"n":7},"bodyEncoding":"json"}`
	answering(t, func(string) string { return answer })
	type number struct{ N int }
	if got, err := fetch.PostJSON[number]("u", 1); got.N != 7 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := fetch.GetJSON[[]int]("u"); err == nil {
		t.Error("an object is a list")
	}
	for _, answer = range []string{
		strings.Replace(answer, "201", "302", 1),
		`{"error":{"code":"permission_denied","message":"no"}}`,
	} {
		if got, err := fetch.GetJSON[number]("u"); err == nil || got.N != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if _, err := fetch.Get("u"); !operation.Is(err, operation.PermissionDenied) {
		t.Errorf("got %v", err)
	}
}

func TestPages(t *testing.T) {
	var asked []string
	answering(t, func(request string) string {
		asked = append(asked, request)
		if len(asked) == 4 {
			return `{"status":500,"headers":{},"url":""}`
		}
		return fmt.Sprintf(`{"status":200,"headers":{},"url":"","body":"%d","bodyEncoding":"text"}`, len(asked))
	})
	collect := func(last int) (pages []string, err error) {
		asked = nil
		next := func(a *fetch.Answer) (fetch.Request, bool) {
			return fetch.Request{URL: "after " + a.Text()}, len(asked) < last
		}
		for page, err := range fetch.Pages(fetch.Request{URL: "first"}, next) {
			if err != nil {
				return pages, err
			}
			pages = append(pages, page.Text())
		}
		return pages, nil
	}
	if pages, err := collect(3); err != nil || strings.Join(pages, " ") != "1 2 3" || asked[2] != `{"url":"after 2"}` {
		t.Errorf("got %q, %v after %q", pages, err, asked)
	}
	var status *fetch.StatusError
	if pages, err := collect(5); !errors.As(err, &status) || len(pages) != 3 {
		t.Errorf("got %q, %v", pages, err)
	}
}

// TestPages_Most: the 25th page is the last, and it is told if it is not.
func TestPages_Most(t *testing.T) {
	asked := 0
	answering(t, func(string) string {
		asked++
		return `{"status":200,"headers":{},"url":""}`
	})
	for most, want := range map[int]error{25: nil, 26: fetch.ErrPages} {
		asked = 0
		pages := 0
		var last error
		for _, err := range fetch.Pages(fetch.Request{}, func(*fetch.Answer) (fetch.Request, bool) { return fetch.Request{}, asked < most }) {
			if last = err; err == nil {
				pages++
			}
		}
		if pages != 25 || asked != 25 || !errors.Is(last, want) {
			t.Errorf("%d pages: got %d of %d, %v", most, pages, asked, last)
		}
	}
	asked = 0
	for range fetch.Pages(fetch.Request{}, func(*fetch.Answer) (fetch.Request, bool) { return fetch.Request{}, true }) {
		break
	}
	if asked != 1 {
		t.Errorf("after a break %d pages were got", asked)
	}
}
