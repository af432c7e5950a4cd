package postern

import (
	"fmt"
	"strconv"
	"strings"
)

// Cookie is a cookie to set. Path is "/" unless it says otherwise, and
// SameSite is "Lax".
type Cookie struct {
	Name, Value string
	Path        string
	Domain      string
	// MaxAge is the cookie's life in seconds; 0 lasts until the browser
	// closes, and a negative one deletes the cookie.
	MaxAge   int
	Secure   bool
	HTTPOnly bool
	SameSite string // Lax, Strict or None
}

// WithCookie returns the response with one more cookie. A name or value with
// characters that cookies cannot have fails the invocation.
func (r Response) WithCookie(c Cookie) Response {
	if err := c.validate(); err != nil {
		r.err = err
		return r
	}
	return r.WithHeader("set-cookie", c.String())
}

// String is the cookie as the Set-Cookie header has it.
func (c Cookie) String() string {
	var b strings.Builder
	b.WriteString(c.Name + "=" + c.Value + "; Path=" + or(c.Path, "/"))
	if c.Domain != "" {
		b.WriteString("; Domain=" + c.Domain)
	}
	if c.MaxAge != 0 {
		b.WriteString("; Max-Age=" + strconv.Itoa(max(c.MaxAge, 0)))
	}
	if c.Secure {
		b.WriteString("; Secure")
	}
	if c.HTTPOnly {
		b.WriteString("; HttpOnly")
	}
	b.WriteString("; SameSite=" + or(c.SameSite, "Lax"))
	return b.String()
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// validate follows RFC 6265: a name is a token, and nothing may hold what
// would end its part of the header.
func (c Cookie) validate() error {
	if c.Name == "" || strings.ContainsFunc(c.Name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	}) {
		return fmt.Errorf("cookie name %q is not a token", c.Name)
	}
	for _, part := range []struct{ what, text, forbidden string }{
		{"value", c.Value, " \",;\\"}, {"path", c.Path, ";"}, {"domain", c.Domain, ";"}, {"SameSite", c.SameSite, ";"},
	} {
		if strings.ContainsFunc(part.text, func(r rune) bool {
			return r < ' ' || r >= 0x7f || strings.ContainsRune(part.forbidden, r)
		}) {
			return fmt.Errorf("cookie %s has a %s with characters that cookies cannot have", c.Name, part.what)
		}
	}
	return nil
}
