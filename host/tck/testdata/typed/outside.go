package main

import (
	"errors"
	"time"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/basic"
	"github.com/posternhq/postern/sdk/go/call"
	"github.com/posternhq/postern/sdk/go/fetch"
	"github.com/posternhq/postern/sdk/go/jwt"
	"github.com/posternhq/postern/sdk/go/operation"
	"github.com/posternhq/postern/sdk/go/schema"
	"github.com/posternhq/postern/sdk/go/secret"
)

var service string

// echoed is what the service tells of a request.
type echoed struct {
	Method, Query, Body string
	Headers             map[string]string
}

func get() error {
	e, err := fetch.GetJSON[echoed](service + "/echo?a=1")
	if err := is(err == nil && e.Method == "GET" && e.Query == "a=1", "GetJSON: %+v, %v", e, err); err != nil {
		return err
	}
	_, err = fetch.GetJSON[echoed](service + "/status/418")
	var status *fetch.StatusError
	if err := is(errors.As(err, &status) && status.Answer.Status == 418, "a status: %v", err); err != nil {
		return err
	}
	_, err = fetch.Get("https://example.com")
	return is(operation.Is(err, operation.PermissionDenied), "a host that is not allowed: %v", err)
}

func post() error {
	e, err := fetch.PostJSON[echoed](service+"/echo", map[string]int{"n": 1})
	if err := is(err == nil && e.Method == "POST" && e.Body == `{"n":1}`, "PostJSON: %+v, %v", e, err); err != nil {
		return err
	}
	a, err := fetch.Do(fetch.Request{URL: service + "/type?as=image/png", Method: "PUT", Body: []byte{255, 0}, Header: map[string]string{"x-a": "b"}})
	if err := is(err == nil && string(a.Body()) == "\xff\x00" && a.Header("Content-Type") == "image/png", "Do: %+v, %v", a, err); err != nil {
		return err
	}
	_, err = fetch.Do(fetch.Request{URL: service + "/slow", Timeout: 20 * time.Millisecond})
	return is(operation.Is(err, operation.Timeout), "too late: %v", err)
}

func pages() error {
	type list struct {
		Numbers []int
		Next    string
	}
	sum := 0
	next := func(page *fetch.Answer) (fetch.Request, bool) {
		var l list
		err := page.JSON(&l)
		return fetch.Request{URL: l.Next}, err == nil && l.Next != ""
	}
	for page, err := range fetch.Pages(fetch.Request{URL: service + "/pages"}, next) {
		if err != nil {
			return err
		}
		var l list
		if err := page.JSON(&l); err != nil {
			return err
		}
		for _, n := range l.Numbers {
			sum += n
		}
	}
	return is(sum == 15, "Pages: %d", sum)
}

func sign() error {
	key := jwt.Key{Algorithm: jwt.HS256, Secret: "KEY", Audience: "a"}
	token, err := key.Sign(map[string]any{"sub": "ada", "aud": "a"})
	if err != nil {
		return err
	}
	var claims struct {
		Sub string
		Iat int64
	}
	if err := key.Verify(token, &claims); err != nil || claims.Sub != "ada" || claims.Iat == 0 {
		return is(false, "Verify: %+v, %v", claims, err)
	}
	key.Audience = "b"
	return is(jwt.IsInvalid(key.Verify(token, nil)), "a token for another audience is valid")
}

func secrets() error {
	value, err := secret.Get("KEY")
	if err := is(err == nil && len(value) == 32, "Get: %d bytes, %v", len(value), err); err != nil {
		return err
	}
	_, err = secret.Get("NONE")
	if err := is(operation.Is(err, operation.NotFound), "a missing secret: %v", err); err != nil {
		return err
	}
	key, expires, err := secret.PutSecure("4111", time.Hour)
	if err := is(err == nil && time.Until(expires) > 50*time.Minute, "PutSecure: %s, %v", expires, err); err != nil {
		return err
	}
	value, err = secret.GetSecure(key)
	return is(err == nil && value == "4111", "GetSecure: %s, %v", value, err)
}

func validate() error {
	rules := []byte(`{"type": "object", "required": ["email"]}`)
	found, err := schema.Validate(rules, map[string]string{"email": "a"})
	if err := is(err == nil && found == nil, "Validate: %v, %v", found, err); err != nil {
		return err
	}
	found, err = schema.Validate(rules, struct{}{})
	if err := is(err == nil && len(found) == 1 && found[0].Params["missingProperty"] == "email", "Validate: %v, %v", found, err); err != nil {
		return err
	}
	document := []byte(`{"openapi": "3.1.0", "components": {"schemas": {"N": {"type": "number"}}}}`)
	found, err = schema.ValidateOpenAPI(document, "N", "x")
	return is(err == nil && len(found) == 1 && found[0].Keyword == "type", "ValidateOpenAPI: %v, %v", found, err)
}

func small() error {
	id, err := basic.UUID()
	if err := is(err == nil && len(id) == 36, "UUID: %s, %v", id, err); err != nil {
		return err
	}
	if err := basic.Wait(time.Millisecond); err != nil {
		return err
	}
	got, err := basic.XMLToJSON(`<a b="1"/>`)
	return is(err == nil && string(got) == `{"a":{"@b":"1"}}`, "XMLToJSON: %s, %v", got, err)
}

//go:wasmexport twice
func twice() int32 {
	return postern.RunBytes(func(input []byte) ([]byte, error) {
		if len(input) > 2 {
			postern.Fail(400, "too long to double", nil)
		}
		return append(input, input...), nil
	})
}

func run() error {
	n, err := call.Run[int]("guest", "twice", 7)
	if err := is(err == nil && n == 77, "Run: %d, %v", n, err); err != nil {
		return err
	}
	out, err := call.Bytes("guest", "twice", []byte{255})
	if err := is(err == nil && string(out) == "\xff\xff", "Bytes: %q, %v", out, err); err != nil {
		return err
	}
	_, err = call.Run[int]("guest", "twice", 777)
	return is(operation.Is(err, operation.ModuleFailed), "a function that fails: %v", err)
}

// late: after a write nothing goes outside.
func late() error {
	_, err := fetch.Get(service + "/echo")
	return is(operation.Is(err, operation.TransactionOpen), "a request after a write: %v", err)
}
