package server

import (
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// BenchmarkParseHead is from the bytes of a browser's head to what they mean.
func BenchmarkParseHead(b *testing.B) {
	raw := []byte("GET /run/shop/orders/42?lang=de HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
		"Accept: */*\r\nAccept-Language: de,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nX-API-Key: ask_" + strings.Repeat("a", 38) + "\r\n" +
		"Connection: keep-alive\r\nCookie: session=abc; theme=dark\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		start, end, err := findHead(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := parseHead(string(raw[start:end])); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendHead is from a response to the bytes of its head.
func BenchmarkAppendHead(b *testing.B) {
	x := &exchange{Server: New(Config{}), conn: &conn{head: &head{protocol: "1.1"}}, id: host.NewID(), start: time.Now()}
	x.response = host.Response{Status: 200, Body: []byte("{}"), Header: []host.Header{
		{Name: "Content-Type", Value: "application/json"}, {Name: "Cache-Control", Value: "private, no-store"},
		{Name: "Content-Security-Policy", Value: "sandbox"}, {Name: "X-Trace", Value: "7"},
	}}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = x.appendHead(out[:0], true)
	}
}
