package main

import (
	"bytes"
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"method":"POST","path":"/inspect","header":{"x-trace":"7"},` +
		`"body":{"n":12345678901234567890123},"bodyEncoding":"json","caller":null}`)
	r, err := postern.ParseRequest(payload)
	if err != nil {
		t.Fatal(err)
	}
	res, err := postern.Invoke(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.Status() != 200 || !bytes.Equal(res.Body(), payload) {
		t.Errorf("got %d %s, want 200 and the payload as it was", res.Status(), res.Body())
	}
}
