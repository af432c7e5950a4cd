package payload_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/payload"
	"github.com/posternhq/postern/host/schema"
	"github.com/posternhq/postern/schemas"
)

// compile compiles one of the published schemas.
func compile(t testing.TB, raw []byte) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// anyText draws text as strangers send it: characters of every kind, and bytes
// that are none.
var anyText = rapid.OneOf(
	rapid.String(),
	rapid.SampledFrom([]string{"", "a=1&a=2", "%zz", "\xff", "\xc3", "a\x00b", "\ufffd", "ask_0123456789abcdef", `"\`, "\u2028", "\xed\xa0\x80"}),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
)

func drawInput(t *rapid.T) payload.Input {
	text := func(label string) string { return anyText.Draw(t, label) }
	r := &host.Request{
		ID: text("id"), ReceivedAt: host.FromMillis(rapid.Int64Range(1, 4e12).Draw(t, "time")),
		Method: rapid.SampledFrom(host.Methods).Draw(t, "method"), Host: text("host"), Query: text("query"), Protocol: "1.1",
		Client: netip.IPv6Loopback(), ForwardedFor: text("forwarded for"),
	}
	names := rapid.SampledFrom([]string{"Cookie", "cookie", "Referer", "X-A", "x-a", "Authorization", "X-Forwarded-For", "x-\xff", "x-\xfe"})
	for range rapid.IntRange(0, 30).Draw(t, "headers") {
		r.Header = append(r.Header, host.Header{Name: names.Draw(t, "name"), Value: text("value")})
	}
	types := rapid.SampledFrom([]string{"", "text/plain", "application/x-www-form-urlencoded", "image/png", "application/json"})
	contentType := types.Draw(t, "content type")
	r.Header = append(r.Header, host.Header{Name: "Content-Type", Value: contentType})
	in := payload.Input{
		Request: r, Path: text("path"), Params: rapid.MapOf(rapid.StringMatching("[a-z]{1,8}"), anyText).Draw(t, "params"),
		Body: []byte(text("body")), App: &host.App{ID: text("app"), Name: text("app name"), Environment: host.Staging},
		Endpoint: &host.Endpoint{ID: text("endpoint"), Name: text("endpoint name")}, Release: 3,
		FQDN: text("fqdn"),
	}
	if contentType == "application/json" {
		in.Body, _ = json.Marshal(text("json"))
	}
	if rapid.Bool().Draw(t, "authenticated") {
		in.Caller = &host.Caller{
			Kind: host.CallerKey, ID: text("caller"), Groups: []string{text("group")},
			Variables: map[string]string{"v": text("variable")}, Claims: map[string]any{"n": json.Number("1e400"), "s": text("claim")},
		}
	}
	return in
}

func TestEncode_MeetsTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t, schemas.Payload)
	rapid.Check(t, func(t *rapid.T) {
		envelope, err := payload.Encode(drawInput(t))
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(envelope) {
			t.Fatalf("%q is not UTF-8", envelope)
		}
		if details, ok := schema.Validate(envelope); !ok {
			t.Fatalf("%s does not meet the schema: %v", envelope, details)
		}
		checkNoRepeatedKeys(t, envelope)
	})
}

// checkNoRepeatedKeys reads every object of the envelope but the body.
func checkNoRepeatedKeys(t *rapid.T, envelope []byte) {
	d := json.NewDecoder(bytes.NewReader(envelope))
	var object func()
	object = func() {
		seen := map[string]bool{}
		for d.More() {
			token, _ := d.Token()
			key, _ := token.(string)
			if seen[key] {
				t.Fatalf("%q is there twice in %s", key, envelope)
			}
			seen[key] = true
			if token, _ = d.Token(); token == json.Delim('{') {
				object()
			} else if token == json.Delim('[') {
				for d.More() {
					_, _ = d.Token()
				}
				_, _ = d.Token()
			}
		}
		_, _ = d.Token()
	}
	_, _ = d.Token()
	object()
}

func TestEncode_ClaimsKeepTheirDigits(t *testing.T) {
	t.Parallel()
	in := minimalInput()
	in.Caller = &host.Caller{Kind: "jwt", Claims: map[string]any{"n": json.Number("12345678901234567890.10")}}
	envelope, err := payload.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"groups":[],"variables":{},"claims":{"n":12345678901234567890.10}}}`; !strings.HasSuffix(string(envelope), want) {
		t.Errorf("%s does not end in %s", envelope, want)
	}
}

func minimalInput() payload.Input {
	return payload.Input{
		Request: &host.Request{Method: "GET", ReceivedAt: host.FromMillis(1)}, Path: "/",
		App: &host.App{Environment: host.Production}, Endpoint: &host.Endpoint{},
	}
}

func TestScrub_LeavesTheRequestAlone(t *testing.T) {
	t.Parallel()
	r := &host.Request{Query: "api_key=x&a=1", Header: []host.Header{
		{Name: "X-API-Key", Value: "x"}, {Name: "Referer", Value: "/?api_key=x"}, {Name: "Accept", Value: "*/*"},
	}}
	clean := payload.Scrub(r, false)
	if clean.Query != "a=1" || len(clean.Header) != 2 || clean.Get("Referer") != "/" {
		t.Errorf("got %+v, want the request without its credentials", clean)
	}
	if r.Query != "api_key=x&a=1" || len(r.Header) != 3 || r.Get("Referer") != "/?api_key=x" {
		t.Errorf("the request itself became %+v", r)
	}
}

// drawResponse draws outputs near a response: its keys with values that fit
// or nearly do.
func drawResponse(t *rapid.T) []byte {
	value := rapid.SampledFrom([]string{
		`"a"`, `""`, `"a\tb"`, `"a\nb"`, `"\u0000"`, `"\u007f"`, `null`, `true`, `1`, `200`, `301`, `2.0e2`, `404.0`, `404.5`, `599`, `600`, `199`,
		`[]`, `["a"]`, `["a",null]`, `["a",1]`, `[["a"]]`, `{}`, `{"a":1}`, `"json"`, `"text"`, `"base64"`, `"YQ=="`, `"YQ"`,
		`{"x-a":"1"}`, `{"x-a":["1","2"]}`, `{"x a":"1"}`, `{"":"1"}`, `{"x-a":"1\r"}`, `{"x-a":1}`, `{"x-a":[]}`, `{"é":"1"}`,
	})
	key := rapid.SampledFrom([]string{"status", "headers", "body", "bodyEncoding", "redirect"})
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range rapid.SliceOfNDistinct(key, 1, 5, rapid.ID[string]).Draw(t, "keys") {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + name + `":` + value.Draw(t, name))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// TestDecode_AgreesWithTheSchema holds the decoder, which checks by hand
// because it must not decode large bodies, against the published schema.
func TestDecode_AgreesWithTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t, schemas.Response)
	rapid.Check(t, func(t *rapid.T) {
		output := drawResponse(t)
		details, meets := schema.Validate(output)
		_, err := payload.Decode(output)
		switch {
		case err == nil && !meets:
			t.Fatalf("%s was taken; the schema says %v", output, details)
		case err != nil && meets && !badBase64(output):
			t.Fatalf("%s meets the schema and was refused: %v", output, err)
		}
	})
}

// badBase64 tells the one thing JSON Schema does not check.
func badBase64(output []byte) bool {
	var r struct {
		Body         any
		BodyEncoding any
	}
	_ = json.Unmarshal(output, &r)
	text, _ := r.Body.(string)
	_, err := base64.StdEncoding.DecodeString(text)
	return r.BodyEncoding == "base64" && err != nil
}

func TestDecode_KeepsAJSONBodyByteForByte(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"a":1.10 , "a":"\"}]\\"}`, `[1,[2,{"x":[]}],"[" ]`, `123456789012345678901e-400`, `{"\u0061":null}`,
	} {
		a, err := payload.Decode([]byte(`{"status": 200,"body": ` + body + ` ,"headers":{}}`))
		if err != nil || string(a.Response.Body) != body {
			t.Errorf("got %s, %v, want %s", a.Response.Body, err, body)
		}
	}
}
