package main

import (
	"encoding/json"
	"strings"
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
)

func invoke(t *testing.T, r postern.Request) postern.Response {
	t.Helper()
	res, err := postern.Invoke(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestGreet_Accepted(t *testing.T) {
	t.Parallel()
	res := invoke(t, postern.NewRequest("POST", "/greet").
		WithForm(map[string]string{"name": " Ada & Co ", "email": "ada@example.com"}))
	if want := "greet/thanks?name=Ada+%26+Co"; res.Status() != 303 || res.Header("Location") != want {
		t.Errorf("got %d to %q, want 303 to %q", res.Status(), res.Header("Location"), want)
	}
}

func TestGreet_Refused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request postern.Request
		field   string
		message string
	}{
		"ErrNoName": {
			postern.NewRequest("POST", "/greet").WithForm(map[string]string{"email": "ada@example.com"}),
			"name", "name is required",
		},
		"ErrLongName": {
			postern.NewRequest("POST", "/greet").WithForm(map[string]string{"name": strings.Repeat("é", 41), "email": "a@b"}),
			"name", "name must be at most 40 characters",
		},
		"ErrEmail": {
			postern.NewRequest("POST", "/greet").WithForm(map[string]string{"name": "Ada", "email": "ada"}),
			"email", "email must be an e-mail address",
		},
		"ErrNoForm": {
			postern.NewRequest("POST", "/greet").WithText("name=Ada"),
			"name", "name is required",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := invoke(t, test.request)
			var body struct{ Fields map[string]string }
			if err := json.Unmarshal(res.Body(), &body); err != nil {
				t.Fatal(err)
			}
			if res.Status() != 400 || body.Fields[test.field] != test.message {
				t.Errorf("got %d %v, want 400 with %q", res.Status(), body.Fields, test.message)
			}
		})
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	res := invoke(t, postern.NewRequest("GET", "/greet"))
	if res.Status() != 200 || res.Header("content-type") != "text/html; charset=utf-8" || !strings.Contains(string(res.Body()), "<form") {
		t.Errorf("got %d %q %s, want the form", res.Status(), res.Header("content-type"), res.Body())
	}
}

func TestThanks_EscapesTheName(t *testing.T) {
	t.Parallel()
	res := invoke(t, postern.NewRequest("GET", "/greet/thanks?name=%3Cscript%3E"))
	if body := string(res.Body()); res.Status() != 200 || !strings.Contains(body, "Hello, &lt;script&gt;!") {
		t.Errorf("got %d %s, want the name escaped", res.Status(), body)
	}
}
