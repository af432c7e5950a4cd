package server_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host/admin"
	"github.com/posternhq/postern/host/server"
)

// mountEndless adds a route that counts a body of any size, one that is freed
// too late for that, and one whose answer takes its time.
func mountEndless(app *fiber.App) {
	count := func(c *fiber.Ctx) error {
		n, err := io.Copy(io.Discard, c.Context().RequestBodyStream())
		if err != nil {
			return err
		}
		return c.SendString(fmt.Sprint(n))
	}
	app.Post("/v1/bounded", count)
	app.Post("/v1/endless", func(c *fiber.Ctx) error {
		c.Locals(admin.EndlessKey).(func())()
		return count(c)
	})
	app.Get("/v1/slow", func(c *fiber.Ctx) error {
		c.Locals(admin.EndlessKey).(func())()
		c.Context().SetBodyStream(&slow{parts: 4}, -1)
		return nil
	})
}

// writeLimit is less than a slow stream takes in all.
const writeLimit = 200 * time.Millisecond

// slow is a stream whose parts take time to make.
type slow struct{ parts int }

func (s *slow) Read(p []byte) (int, error) {
	if s.parts == 0 {
		return 0, io.EOF
	}
	s.parts--
	<-time.After(writeLimit / 2)
	return copy(p, "part;"), nil
}

// A route may let a body go on past the limits of size and of time in all, and
// an answer past that of time.
func TestServer_Endless(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		c.Mount, c.MaxManagementBytes = mountEndless, 10
		c.Timeouts.Body, c.Timeouts.Write = time.Nanosecond, writeLimit
	})
	body := strings.Repeat("a", 100_000)
	for _, framing := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body),
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body),
	} {
		c := b.dial(t)
		c.send("POST /v1/endless HTTP/1.1\r\nHost: h\r\n" + framing)
		if a := c.receive("POST"); a.StatusCode != 200 || a.text != fmt.Sprint(len(body)) || !c.isKept() {
			t.Errorf("endless: %d %s", a.StatusCode, a.text)
		}
		c = b.dial(t)
		c.send("POST /v1/bounded HTTP/1.1\r\nHost: h\r\n" + framing)
		if a := c.receive("POST"); a.StatusCode < 400 {
			t.Errorf("bounded: %d %s", a.StatusCode, a.text)
		}
	}
	c := b.dial(t)
	c.send("GET /v1/slow HTTP/1.1\r\nHost: h\r\n\r\n")
	if a := c.receive("GET"); a.text != strings.Repeat("part;", 4) {
		t.Errorf("slow: %q", a.text)
	}
}
