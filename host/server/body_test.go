package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host/server"
)

// A body nobody read must not be taken for the next request.
func TestServer_UnreadBody(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		mounted(c)
		c.Timeouts.Discard = 200 * time.Millisecond
	})
	smuggled := "GET /run/x/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, raw := range map[string]string{
		"length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
		"chunks": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		// The rest never comes: the answer must not wait for it for long.
		"length, not sent":  "Content-Length: 1000\r\n\r\n" + smuggled,
		"chunks, not sent":  fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(smuggled)+1, smuggled),
		"chunks, malformed": "Transfer-Encoding: chunked\r\n\r\n" + smuggled,
	} {
		for _, path := range []string{"/run/x/unread", "/v1/refuse", "/unknown"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				c := b.dial(t)
				c.send("POST " + path + " HTTP/1.1\r\nHost: h\r\n" + raw)
				if a := c.receive("POST"); !a.Close {
					t.Error("the answer does not say Connection: close")
				}
				if !c.isClosed() {
					t.Error("the connection was kept")
				}
			})
		}
	}
}

// The 413 must reach a client that is still sending.
func TestServer_TooLarge(t *testing.T) {
	t.Parallel()
	b := start(t, mounted)
	for _, size := range []int{maxBody + 1, 8 << 20, 24 << 20} {
		for _, chunks := range []bool{false, true} {
			for _, path := range []string{"/run/x/echo", "/v1/things"} {
				t.Run(fmt.Sprintf("%d %t %s", size, chunks, path), func(t *testing.T) {
					t.Parallel()
					var body io.Reader = bytes.NewReader(make([]byte, size))
					if chunks {
						body = io.MultiReader(body) // hides the size
					}
					request, err := http.NewRequest("POST", "http://"+b.address+path, body)
					if err != nil {
						t.Fatal(err)
					}
					transport := &http.Transport{}
					defer transport.CloseIdleConnections()
					response, err := transport.RoundTrip(request)
					if err != nil {
						t.Fatal(err)
					}
					defer response.Body.Close()
					text, err := io.ReadAll(response.Body)
					if err != nil {
						t.Fatal(err)
					}
					a := answer{response, string(text)}
					if _, code := a.problem(t); a.StatusCode != 413 || code != "payload_too_large" {
						t.Errorf("status %d: %s", a.StatusCode, a.text)
					}
				})
			}
		}
	}
}

// A client that reads only when it has sent everything gets its answer: the
// server reads on before it answers.
func TestServer_TooLarge_Deaf(t *testing.T) {
	t.Parallel()
	inBubble(t, server.Config{Timeouts: server.Timeouts{Discard: time.Minute}}, func(t *testing.T, dial func() *client) {
		const size = 8 << 20
		c := dial()
		c.send(request(fmt.Sprintf("Content-Length: %d\r\n", size), strings.Repeat("a", size)))
		if a := c.receive("POST"); a.StatusCode != 413 || !c.isClosed() {
			t.Errorf("status %d: %s", a.StatusCode, a.text)
		}
	})
}

func TestServer_BodyAtLimit(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	body := strings.Repeat("a", maxBody)
	for name, raw := range map[string]string{
		"length": request(fmt.Sprintf("Content-Length: %d\r\n", maxBody), body),
		"chunks": chunked(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", maxBody, body)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(raw)
			if a := c.receive("POST"); a.StatusCode != 200 || a.echoed(t).Body != body {
				t.Errorf("status %d", a.StatusCode)
			}
			if !c.isKept() {
				t.Error("the connection was closed")
			}
		})
	}
}

// A client that goes away in the middle of a body gets no answer, but must not
// be taken for one that has sent all of it.
func TestServer_BodyEndsEarly(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for name, raw := range map[string]string{
		"length":  request("Content-Length: 10\r\n", "abc"),
		"chunk":   chunked("a\r\nabc"),
		"size":    chunked("a"),
		"between": chunked("3\r\nabc\r\n"),
		"trailer": chunked("3\r\nabc\r\n0\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(raw)
			if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			a := c.receive("POST")
			if text, code := a.problem(t); a.StatusCode != 400 || code != "invalid_request" || !strings.Contains(text, "ended early") {
				t.Errorf("status %d: %s", a.StatusCode, a.text)
			}
			if !c.isClosed() {
				t.Error("the connection was kept")
			}
		})
	}
}

func TestServer_Expect(t *testing.T) {
	t.Parallel()
	b := start(t, nil)

	t.Run("continue", func(t *testing.T) {
		t.Parallel()
		c := b.dial(t)
		c.send(hello + request("Expect: 100-Continue\r\nContent-Length: 3\r\n", ""))
		if a := c.receive("GET"); a.StatusCode != 200 || a.echoed(t).Path != "/run/x/hello" {
			t.Errorf("the answer before: %d", a.StatusCode)
		}
		if a := c.receive("POST"); a.StatusCode != 100 || len(a.Header) != 0 {
			t.Fatalf("status %d", a.StatusCode)
		}
		c.send("abc")
		if a := c.receive("POST"); a.StatusCode != 200 || a.echoed(t).Body != "abc" {
			t.Errorf("status %d: %s", a.StatusCode, a.text)
		}
		if !c.isKept() {
			t.Error("the connection was closed")
		}
	})

	for _, test := range []struct {
		name, raw string
		status    int
	}{
		{"announced too large", request("Expect: 100-continue\r\nContent-Length: 10000000\r\n", ""), 413},
		{"not wanted", "POST /run/x/unread HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 200},
		{"management too large", "POST /v1/things HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n", 413},
		{"management refuses", "POST /v1/refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 409},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, mounted).dial(t)
			c.send(test.raw)
			if a := c.receive("POST"); a.StatusCode != test.status {
				t.Errorf("status %d: %s", a.StatusCode, a.text)
			}
			if !c.isClosed() {
				t.Error("the connection was kept")
			}
		})
	}

	t.Run("without a body", func(t *testing.T) {
		t.Parallel()
		c := b.dial(t)
		c.send("GET /run/x/ HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n")
		if a := c.receive("GET"); a.StatusCode != 200 || !c.isKept() {
			t.Errorf("status %d", a.StatusCode)
		}
	})
}

func TestServer_Expect_LongAfterAnotherAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, server.Config{Timeouts: server.Timeouts{Write: time.Second}}, func(t *testing.T, dial func() *client) {
		c := dial()
		if !c.isKept() {
			t.Fatal("the connection was closed")
		}
		time.Sleep(2 * time.Second) // past the deadline of that answer
		c.send(request("Expect: 100-continue\r\nContent-Length: 3\r\n", ""))
		if a := c.receive("POST"); a.StatusCode != 100 {
			t.Errorf("status %d", a.StatusCode)
		}
		c.send("abc")
		if a := c.receive("POST"); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	})
}
