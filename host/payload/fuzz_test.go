package payload_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/payload"
	"github.com/posternhq/postern/schemas"
)

// FuzzEncode gives hostile bytes to every decoder behind Encode: of queries,
// cookies, referers, forms, JSON and text. Whatever comes, the envelope is
// valid or the client is told that its JSON is not.
func FuzzEncode(f *testing.F) {
	file, err := schemas.Vectors[encodeCase]("payload")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		var seed requestVector
		b, _ := json.Marshal(c.Request)
		if err := json.Unmarshal(b, &seed); err != nil {
			f.Fatal(err)
		}
		header := ""
		if len(seed.Headers) > 0 {
			header = seed.Headers[0][1]
		}
		f.Add(seed.Query, header, "application/json", []byte(seed.Body))
	}
	f.Add("a=%", "a=\xff; b", "application/x-www-form-urlencoded", []byte("\xff=%&+=%zz"))
	f.Add("", "", "text/plain", []byte("\xff\x00"))
	schema := compile(f, schemas.Payload)
	f.Fuzz(func(t *testing.T, query, header, contentType string, body []byte) {
		in := minimalInput()
		in.Body = body
		in.Request.Query = query
		for _, name := range []string{"Cookie", "Referer", "Authorization", "X-A", header} {
			in.Request.Header = append(in.Request.Header, host.Header{Name: name, Value: header})
		}
		in.Request.Header = append(in.Request.Header, host.Header{Name: "Content-Type", Value: contentType})
		envelope, err := payload.Encode(in)
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid || utf8.Valid(body) && json.Valid(body) {
				t.Fatal(err)
			}
			return
		}
		if !utf8.Valid(envelope) || !json.Valid(envelope) {
			t.Fatalf("%q is not JSON", envelope)
		}
		// The validator bounds numbers, the envelope does not.
		if details, ok := schema.Validate(envelope); !ok && !json.Valid(body) {
			t.Fatalf("%s does not meet the schema: %v", envelope, details)
		}
	})
}

// FuzzDecode gives hostile output to Decode. Whatever it takes has a status
// and headers that may be sent.
func FuzzDecode(f *testing.F) {
	file, err := schemas.Vectors[decodeCase]("responses")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		f.Add(c.output())
	}
	f.Fuzz(func(t *testing.T, output []byte) {
		a, err := payload.Decode(output)
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalidResponse {
				t.Fatal(err)
			}
			return
		}
		if a.Response.Status < 200 || a.Response.Status > 599 {
			t.Errorf("status %d", a.Response.Status)
		}
		for _, h := range a.Response.Header {
			for _, c := range []byte(h.Name + h.Value) {
				if c < ' ' && c != '\t' || c == 0x7f {
					t.Errorf("header %q: %q", h.Name, h.Value)
				}
			}
		}
	})
}
