package gateway_test

import (
	"context"
	"testing"

	"github.com/posternhq/postern/host"
)

// BenchmarkServe is a whole request but for its server: route, key, payload, a
// guest that answers at once, response, record.
func BenchmarkServe(b *testing.B) {
	for _, isolation := range []string{host.IsolationFresh, host.IsolationReset, host.IsolationReuse} {
		b.Run(isolation, func(b *testing.B) {
			gateway := setup(b, host.Production, func(*host.App) {})
			key, secret := host.NewKey("bench")
			check(b, gateway.db.CreateKey(context.Background(), key))
			gateway.serveGuest("ok/hello", func(e *host.Endpoint) {
				e.Method, e.Path, e.Isolation, e.RequiresAuthentication = "GET", "/hello/{name}", isolation, true
			})
			r := request("", "Host", "198.51.100.1:8080", "X-API-Key", secret)
			r.Method, r.Path = "GET", "/run/demo/hello/Ada"
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gateway.Serve(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
