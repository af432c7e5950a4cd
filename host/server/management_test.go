package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host/server"
)

func TestServer_Management(t *testing.T) {
	t.Parallel()
	b := start(t, mounted)
	for _, test := range []struct {
		name, method, target, lines, body string
		status                            int
		code, text, allow                 string
	}{
		{name: "parameter and query", method: "GET", target: "/v1/things/a?q=b%20c", lines: "x-custom: d\r\n", status: 200, text: "a|b c|d|h"},
		{name: "encoded", method: "GET", target: "/%761/things/a%40b%41%2F%25", status: 200, text: "a@bA%2F%25|||h"},
		{name: "trailing slash", method: "GET", target: "/v1/things/a/", status: 200, text: "a|||h"},
		{name: "absolute target", method: "GET", target: "http://h/v1/things/a", status: 200, text: "a|||h"},
		{name: "body", method: "POST", target: "/v1/things", lines: "Content-Length: 3\r\n", body: "abc", status: 201, text: "abc"},
		{name: "chunked body", method: "POST", target: "/v1/things", lines: "Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n", status: 201, text: "abc"},
		{name: "body through Fiber", method: "PUT", target: "/v1/things/a", lines: "Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n", status: 200, text: "abc"},
		{name: "error of a handler", method: "POST", target: "/v1/refuse", status: 409, code: "conflict", text: "Taken"},
		{name: "unknown error", method: "GET", target: "/v1/fail", status: 500, code: "internal", text: "Internal error"},
		{name: "panic", method: "GET", target: "/v1/panic", status: 500, code: "internal", text: "Internal error"},
		{name: "unknown path", method: "GET", target: "/v1/other", status: 404, code: "not_found", text: "Not found"},
		{name: "root", method: "GET", target: "/", status: 404, code: "not_found", text: "Not found"},
		{name: "another case", method: "GET", target: "/V1/things/a", status: 404, code: "not_found", text: "Not found"},
		{name: "encoded slash", method: "GET", target: "/v1%2Fthings/a", status: 404, code: "not_found", text: "Not found"},
		{name: "encoded run", method: "GET", target: "/%72un/x/echo", status: 404, code: "not_found", text: "Not found"},
		{name: "empty segment", method: "GET", target: "/v1//things/a", status: 404, code: "not_found", text: "Not found"},
		{name: "two slashes first", method: "GET", target: "//v1/things/a", status: 404, code: "not_found", text: "Not found"},
		{name: "dots", method: "GET", target: "/v1/x/../things/a", status: 400, code: "invalid_request", text: "path must not contain . or .. segments"},
		{name: "encoded dots", method: "GET", target: "/v1/things/%2e%2e", status: 400, code: "invalid_request", text: "path must not contain . or .. segments"},
		{name: "bad encoding", method: "GET", target: "/v1/things/%zz", status: 400, code: "invalid_request", text: "path has a bad percent-encoding"},
		{name: "another method", method: "DELETE", target: "/v1/things/a", status: 405, code: "method_not_allowed", text: "Method not allowed", allow: "GET, HEAD, PUT"},
		{name: "OPTIONS", method: "OPTIONS", target: "/v1/refuse", status: 405, code: "method_not_allowed", text: "Method not allowed", allow: "DELETE, POST"},
		{name: "unknown method", method: "BREW", target: "/v1/refuse", status: 405, code: "method_not_allowed", text: "Method not allowed", allow: "DELETE, POST"},
		{name: "unknown method and path", method: "BREW", target: "/v1/other", status: 404, code: "not_found", text: "Not found"},
		{name: "health", method: "GET", target: "/healthz", status: 200, text: `{"status":"ok"}`},
		{name: "ready", method: "GET", target: "/readyz", status: 200, text: `{"status":"ok"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(test.method + " " + test.target + " HTTP/1.1\r\nHost: h\r\n" + test.lines + "\r\n" + test.body)
			a := c.receive(test.method)
			text, code := a.text, ""
			if test.code != "" {
				text, code = a.problem(t)
			}
			if a.StatusCode != test.status || code != test.code || text != test.text {
				t.Errorf("got %d %q %q", a.StatusCode, code, text)
			}
			if got := a.Header.Get("Allow"); got != test.allow {
				t.Errorf("Allow %q, want %q", got, test.allow)
			}
			if !c.isKept() {
				t.Error("the connection was closed")
			}
		})
	}
}

// Bodies at the limit pass and those past it do not, by whichever of Fiber's
// ways a handler reads them; nothing of one request stays for the next.
func TestServer_ManagementBody(t *testing.T) {
	t.Parallel()
	b := start(t, mounted)
	for _, target := range []string{"POST /v1/things", "PUT /v1/things/a"} {
		c := b.dial(t)
		for _, size := range []int{mountedMax, 3, mountedMax + 1} {
			body := strings.Repeat("a", size)
			c.send(target + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
				"1\r\na\r\n" + fmt.Sprintf("%x", size-1) + "\r\n" + body[1:] + "\r\n0\r\n\r\n")
			a := c.receive("POST")
			if size <= mountedMax && a.text != body {
				t.Errorf("%s, %d bytes: %d %q", target, size, a.StatusCode, a.text)
			}
			if size > mountedMax && a.StatusCode != 413 {
				t.Errorf("%s, %d bytes: %d %q", target, size, a.StatusCode, a.text)
			}
		}
	}
}

func TestServer_ManagementBody_Malformed(t *testing.T) {
	t.Parallel()
	b := start(t, mounted)
	for _, target := range []string{"POST /v1/things", "PUT /v1/things/a"} {
		c := b.dial(t)
		c.send(target + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
		a := c.receive("POST")
		if _, code := a.problem(t); a.StatusCode != 400 || code != "invalid_request" || !c.isClosed() {
			t.Errorf("%s: got %d %s", target, a.StatusCode, a.text)
		}
	}
}

func TestServer_ManagementHosts(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		mounted(c)
		c.ManagementHosts = []string{"Admin.example.com:8080"}
	})
	for _, test := range []struct {
		host, target string
		status       int
	}{
		{"admin.example.com", "/v1/things/a", 200},
		{"ADMIN.example.com.:8080", "/v1/things/a", 200},
		{"other.example.com", "/v1/things/a", 404},
		{"other.example.com", "/healthz", 200},
		{"other.example.com", "/run/x/a", 200},
		{"admin.example.com", "/run/x/a", 200},
	} {
		c := b.dial(t)
		c.send("GET " + test.target + " HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
		if a := c.receive("GET"); a.StatusCode != test.status {
			t.Errorf("%s%s: %d %s", test.host, test.target, a.StatusCode, a.text)
		}
	}
}

// On an app's domain every path is the app's.
func TestServer_Domain(t *testing.T) {
	t.Parallel()
	b := start(t, mounted)
	for _, path := range []string{"/", "/v1/things/a", "/healthz", "/run/x/a"} {
		c := b.dial(t)
		c.send("GET " + path + " HTTP/1.1\r\nHost: app.example.com\r\n\r\n")
		if got := c.receive("GET").echoed(t).Path; got != path {
			t.Errorf("path %q, want %q", got, path)
		}
	}
}

func TestServer_NotReady(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		c.Ready = func(context.Context) error { return errors.New("the store is away") }
	})
	c := b.dial(t)
	c.send("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
	a := c.receive("GET")
	if text, code := a.problem(t); a.StatusCode != 503 || code != "unavailable" || strings.Contains(text, "store") {
		t.Errorf("ready: %d %s", a.StatusCode, a.text)
	}
	if !strings.Contains(b.logs.String(), "the store is away") {
		t.Error("the log does not say why")
	}
	if a := c.receive("GET"); a.StatusCode != 200 {
		t.Errorf("health: %d %s", a.StatusCode, a.text)
	}
}

// A server of management alone takes no path for an app's; one of apps alone
// has neither management nor health, but what is mounted.
func TestServer_Split(t *testing.T) {
	t.Parallel()
	apps := start(t, func(c *server.Config) {
		c.AppsOnly = true
		c.Mount = func(app *fiber.App) { app.Get("/keys", func(c *fiber.Ctx) error { return c.SendString("keys") }) }
	})
	management := start(t, func(c *server.Config) {
		mounted(c)
		c.Gateway = nil
	})
	for _, test := range []struct {
		host, target     string
		apps, management int
	}{
		{"h", "/run/x/a", 200, 404},
		{"h", "/v1/things/a", 404, 200},
		{"h", "/keys", 200, 404},
		{"h", "/healthz", 404, 200},
		{"h", "/readyz", 404, 200},
		{"h", "/", 404, 404},
		{"app.example.com", "/v1/things/a", 200, 200},
	} {
		for b, status := range map[*bundle]int{apps: test.apps, management: test.management} {
			c := b.dial(t)
			c.send("GET " + test.target + " HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
			a := c.receive("GET")
			if a.StatusCode != status {
				t.Errorf("%s%s: %d %s, want %d", test.host, test.target, a.StatusCode, a.text, status)
			}
			if status == 404 {
				a.problem(t)
			}
		}
	}
}

// What a route says itself of its answer counts before what all say.
func TestServer_ManagementSecurity(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		c.Mount = func(app *fiber.App) {
			app.Get("/v1/own", func(c *fiber.Ctx) error {
				c.Set("Cache-Control", "public, max-age=60")
				return nil
			})
		}
	})
	for target, cache := range map[string]string{"/v1/own": "public, max-age=60", "/v1/none": "no-store", "/healthz": "no-store"} {
		c := b.dial(t)
		c.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")
		header := c.receive("GET").Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": cache,
			"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "", "Server": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", target, name, got, want)
			}
		}
	}
}
