package main

import (
	"encoding/json"
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
)

func TestHello(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request postern.Request
		status  int
		field   string
		text    string
	}{
		"Path": {
			postern.NewRequest("GET", "/hello/Ada").WithParam("name", "Ada"),
			200, "message", "Hello, Ada!",
		},
		"Query": {
			postern.NewRequest("GET", "/hello/Ada?lang=fr").WithParam("name", "Ada"),
			200, "message", "Bonjour, Ada!",
		},
		"ErrUnknownLanguage": {
			postern.NewRequest("GET", "/hello/Ada?lang=xx").WithParam("name", "Ada"),
			400, "error", "lang must be one of en, de, fr, ja",
		},
		"Caller": {
			postern.NewRequest("POST", "/hello/Ada").WithParam("name", "Ada").WithCaller(postern.Caller{Kind: "key", Name: "demo"}),
			200, "message", "Hello, Ada!",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := postern.Invoke(test.request)
			if err != nil {
				t.Fatal(err)
			}
			var body map[string]string
			if err := json.Unmarshal(res.Body(), &body); err != nil {
				t.Fatal(err)
			}
			if res.Status() != test.status || body[test.field] != test.text {
				t.Errorf("got %d %v, want %d with %s %q", res.Status(), body, test.status, test.field, test.text)
			}
		})
	}
}
