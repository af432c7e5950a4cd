package host_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	read := func() (err error) {
		defer host.Wrap(&err, "store.App(%q)", "x")
		return host.Caused(host.CodeNotFound, errors.New("no rows"), "App not found")
	}
	err := read()
	if host.CodeOf(err) != host.CodeNotFound || host.AsError(err).Message != "App not found" {
		t.Errorf("the Error is lost: %v", err)
	}
	if !strings.HasPrefix(err.Error(), `store.App("x"): `) || !strings.Contains(err.Error(), "no rows") {
		t.Errorf("the log would say %q", err)
	}
}

func TestAsError_Unknown(t *testing.T) {
	t.Parallel()
	err := host.AsError(errors.New("pq: password authentication failed"))
	if err.Code != host.CodeInternal || strings.Contains(err.Message, "password") {
		t.Errorf("%+v shows internals", err)
	}
	if host.CodeOf(nil) != "" {
		t.Error("nil has a code")
	}
}

func TestResponse_Set(t *testing.T) {
	t.Parallel()
	r := host.Response{Header: []host.Header{{Name: "vary", Value: "a"}, {Name: "X", Value: "1"}, {Name: "Vary", Value: "b"}}}
	r.Set("Vary", "c")
	if len(r.Header) != 2 || r.Get("VARY") != "c" || r.Get("x") != "1" {
		t.Errorf("got %+v", r.Header)
	}
	if r.Set("X", ""); r.Get("X") != "" || len(r.Header) != 1 {
		t.Errorf("got %+v", r.Header)
	}
}
