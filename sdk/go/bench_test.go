package postern

import "testing"

// BenchmarkAnswer is all that the SDK does for one request, by what the
// handler asks for.
func BenchmarkAnswer(b *testing.B) {
	payload := []byte(`{"fqdn":"localhost","host":"localhost:8080","httpVersion":"1.1","method":"GET","path":"/hello/Ada",` +
		`"pathMapping":{"name":"Ada"},"queryParams":{"lang":"fr"},` +
		`"header":{"accept":"*/*","accept-encoding":"gzip, deflate, br","user-agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},` +
		`"cookies":{},"clientIp":"127.0.0.1","requestId":"019ab2c4-5d6e-7f80-9a0b-1c2d3e4f5a6c","receivedAt":"2026-11-22T06:00:00.000Z",` +
		`"app":{"id":"019ab2c4-0000-7000-8000-000000000004","name":"Hello","environment":"development"},` +
		`"endpoint":{"id":"019ab2c4-0000-7000-8000-000000000005","name":"Say hello","release":1},"caller":null}`)
	for _, bm := range []struct {
		name    string
		handler Handler
	}{
		{"nothing", func(Request) Response { return NoContent() }},
		{"parameter", func(r Request) Response { return Text(200, r.Param("name")) }},
		{"caller", func(r Request) Response { _ = r.Caller(); return NoContent() }},
		{"RawJSON", func(r Request) Response {
			return RawJSON(200, []byte(`{"message":`+Quote("Hello, "+r.Param("name")+"!")+`}`))
		}},
		{"JSON", func(r Request) Response {
			return JSON(200, map[string]string{"message": "Hello, " + r.Param("name") + "!"})
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := answer(bm.handler, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
