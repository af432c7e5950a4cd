package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/store"
)

// BenchmarkOutside_Fetch is a request to a service on this machine that answers
// with some JSON, sent by a module and by net/http in Go, with the same timeout.
// (goal: 0.8)
func BenchmarkOutside_Fetch(b *testing.B) {
	const times = httpout.MaxRequests
	for _, size := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			o := setupOutside(b, store.Config{})
			answer := `{"text":"` + strings.Repeat("x", size) + `"}`
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, answer)
			}))
			b.Cleanup(service.Close)
			o.change(func(a *host.App) { a.AllowedHosts = []string{strings.TrimPrefix(service.URL, "http://")} })
			o.serve(unchanged)
			client := &http.Client{Timeout: httpout.DefaultTimeout}
			b.Cleanup(client.CloseIdleConnections)
			script := fmt.Sprintf(`%df{"url":%q}`, times, service.URL)
			against(b, "net/http", times, func() {
				response, err := o.Serve(b.Context(), request(script))
				if err != nil && size < 10_000 || strings.Contains(string(response.Body), `"error"`) {
					b.Fatal(string(response.Body), err)
				}
			}, func() {
				for range times {
					response, err := client.Get(service.URL)
					check(b, err)
					body, err := io.ReadAll(response.Body)
					check(b, err)
					response.Body.Close()
					if len(body) != len(answer) {
						b.Fatal(len(body))
					}
				}
			})
		})
	}
}
