package payload_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/payload"
	"github.com/posternhq/postern/host/schema"
	"github.com/posternhq/postern/schemas"
)

// members is a JSON object whose members may be replaced one by one.
type members map[string]json.RawMessage

func (m members) with(others members) members {
	out := maps.Clone(m)
	maps.Copy(out, others)
	return out
}

// into decodes the object into v; numbers of any shape stay json.Number.
func (m members) into(t *testing.T, v any) {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

type encodeCase struct {
	Name     string
	Request  members
	Envelope members
	BodyText *string
	Error    *struct{ Code, Message string }
}

// requestVector is the request of a case with every member in place.
type requestVector struct {
	Method, Protocol, Host, Path, Query, ID, FQDN, Body, ClientIP, ForwardedFor string
	BodyBase64                                                                  []byte
	ReceivedAt                                                                  host.Time
	Headers                                                                     [][2]string
	Params                                                                      map[string]string
	App                                                                         host.App
	Endpoint                                                                    struct {
		ID, Name string
		Release  int
	}
	Caller *host.Caller
}

func (v requestVector) input(t *testing.T) payload.Input {
	t.Helper()
	r := &host.Request{
		ID: v.ID, ReceivedAt: v.ReceivedAt, Method: v.Method, Host: v.Host,
		Path: v.Path, Query: v.Query, Protocol: v.Protocol, ForwardedFor: v.ForwardedFor,
	}
	for _, h := range v.Headers {
		r.Header = append(r.Header, host.Header{Name: h[0], Value: h[1]})
	}
	body := v.BodyBase64
	if body == nil {
		body = []byte(v.Body)
	}
	if v.ClientIP != "" {
		r.Client = netip.MustParseAddr(v.ClientIP)
	}
	return payload.Input{
		Request: r, Path: v.Path, Params: v.Params, Body: body, App: &v.App,
		Endpoint: &host.Endpoint{ID: v.Endpoint.ID, Name: v.Endpoint.Name}, Release: v.Endpoint.Release,
		Caller: v.Caller, FQDN: v.FQDN,
	}
}

func TestEncode_Vectors(t *testing.T) {
	t.Parallel()
	file, err := schemas.Vectors[encodeCase]("payload")
	if err != nil {
		t.Fatal(err)
	}
	var base struct{ Request, Envelope members }
	if err := json.Unmarshal(file.Base, &base); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var request requestVector
			base.Request.with(c.Request).into(t, &request)
			got, err := payload.Encode(request.input(t))
			if c.Error != nil {
				if e := host.AsError(err); string(e.Code) != c.Error.Code || e.Message != c.Error.Message {
					t.Fatalf("got %v, want %+v", err, *c.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkEnvelope(t, got, base.Envelope.with(c.Envelope), c.BodyText)
			meetsSchema(t, schemas.Payload, got)
		})
	}
}

// checkEnvelope compares an envelope with what it must be: all members by
// value and, if bodyText is given, the body by its bytes.
func checkEnvelope(t *testing.T, envelope []byte, want members, bodyText *string) {
	t.Helper()
	var got members
	if err := json.Unmarshal(envelope, &got); err != nil {
		t.Fatalf("%v in %s", err, envelope)
	}
	if bodyText != nil {
		// RawMessage drops the blanks around a value, so look at the whole.
		if !strings.Contains(string(envelope), `,"body":`+*bodyText+`,"bodyEncoding":`) {
			t.Errorf("the envelope %s does not hold the body %s", envelope, *bodyText)
		}
		want = want.with(members{"body": got["body"]})
	}
	var gotValue, wantValue any
	got.into(t, &gotValue)
	want.into(t, &wantValue)
	if diff := cmp.Diff(wantValue, gotValue); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
}

type decodeCase struct {
	Name         string
	Output       json.RawMessage
	OutputText   string
	OutputBase64 []byte
	Response     *struct {
		Status     int
		Headers    [][2]string
		Body       string
		BodyBase64 []byte
		Warnings   int
	}
	Refused string
}

func (c decodeCase) output() []byte {
	switch {
	case c.Output != nil:
		return c.Output
	case c.OutputBase64 != nil:
		return c.OutputBase64
	}
	return []byte(c.OutputText)
}

func TestDecode_Vectors(t *testing.T) {
	t.Parallel()
	file, err := schemas.Vectors[decodeCase]("responses")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := payload.Decode(c.output())
			if c.Refused != "" {
				checkRefused(t, err, c.Refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := host.Response{Status: c.Response.Status, Body: c.Response.BodyBase64}
			if want.Body == nil && c.Response.Body != "" {
				want.Body = []byte(c.Response.Body)
			}
			for _, h := range c.Response.Headers {
				want.Header = append(want.Header, host.Header{Name: h[0], Value: h[1]})
			}
			if diff := cmp.Diff(want, got.Response, emptyIsNil); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
			if len(got.Warnings) != c.Response.Warnings {
				t.Errorf("got the warnings %q, want %d", got.Warnings, c.Response.Warnings)
			}
		})
	}
}

// emptyIsNil makes no difference between an empty list and none.
var emptyIsNil = cmp.FilterValues(func(a, b any) bool {
	return length(a) == 0 && length(b) == 0
}, cmp.Ignore())

func length(v any) int {
	switch v := v.(type) {
	case []byte:
		return len(v)
	case []host.Header:
		return len(v)
	}
	return -1
}

// checkRefused wants a CodeInvalidResponse that keeps its reason off the wire.
func checkRefused(t *testing.T, err error, reason string) {
	t.Helper()
	e := host.AsError(err)
	if err == nil || e.Code != host.CodeInvalidResponse {
		t.Fatalf("got %v, want a %s", err, host.CodeInvalidResponse)
	}
	if cause := errors.Unwrap(e); cause == nil || !strings.Contains(cause.Error(), reason) {
		t.Errorf("the cause is %v, want one with %q", cause, reason)
	}
	if want := "The module's response is not valid"; e.Message != want || e.Details != nil {
		t.Errorf("the client gets %q and %v, want %q alone", e.Message, e.Details, want)
	}
}

// meetsSchema checks a document against one of the published schemas.
func meetsSchema(t testing.TB, raw, document []byte) {
	t.Helper()
	s, err := schema.Compile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if details, ok := s.Validate(document); !ok {
		t.Errorf("%s does not meet the schema: %v", document, details)
	}
}

func TestSDKVectors_AreResponses(t *testing.T) {
	t.Parallel()
	file, err := schemas.Vectors[struct {
		Name   string
		Output json.RawMessage
	}]("sdk")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		if c.Output == nil {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			meetsSchema(t, schemas.Response, c.Output)
			if _, err := payload.Decode(c.Output); err != nil {
				t.Error(err)
			}
		})
	}
}
