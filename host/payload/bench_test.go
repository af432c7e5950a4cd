package payload_test

import (
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/payload"
)

func BenchmarkEncode(b *testing.B) {
	in := minimalInput()
	in.Request.Query = "q=x&lang=de"
	in.Body = []byte(`{"items":[{"id":"42","n":3}],"note":"a small order"}`)
	for name, value := range map[string]string{
		"User-Agent": "curl/8.5.0", "Accept": "*/*", "Content-Type": "application/json", "Cookie": "session=abc; theme=dark",
		"Accept-Encoding": "gzip, br", "Accept-Language": "en-GB", "X-Trace": "7",
	} {
		in.Request.Header = append(in.Request.Header, host.Header{Name: name, Value: value})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := payload.Encode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	output := []byte(`{"status":200,"headers":{"content-type":["application/json"],"x-trace":["7"]},"body":{"message":"Hello, Ada!"},"bodyEncoding":"json"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := payload.Decode(output); err != nil {
			b.Fatal(err)
		}
	}
}
