package outbound

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// harmless are the headers that go along to another host; any other may be a
// credential, whatever its name.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "User-Agent"}

// checkRedirect is called with the request that would be made next and those
// before it.
func checkRedirect(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case len(before) > maxRedirects:
		return fmt.Errorf("%w: there were %d before it", ErrRedirect, maxRedirects)
	case next.URL.Scheme != "https" && next.URL.Scheme != "http":
		return fmt.Errorf("%w: it leads to the scheme %q", ErrRedirect, next.URL.Scheme)
	case next.URL.Scheme == "http" && before[len(before)-1].URL.Scheme == "https":
		return fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	case next.URL.User != nil && next.URL.User.String() != "":
		return fmt.Errorf("%w: it names a user", ErrRedirect)
	}
	// The URL that led here may hold a secret too.
	next.Header.Del("Referer")
	// What has been to another host is not trusted again when it comes back.
	here := func(r *http.Request) bool { return sameOrigin(first, r.URL) }
	if here(next) && !slices.ContainsFunc(before, func(r *http.Request) bool { return !here(r) }) {
		return nil
	}
	if next.GetBody != nil || next.Body != nil && next.Body != http.NoBody {
		return fmt.Errorf("%w: it would take the body to another host", ErrRedirect)
	}
	for name := range next.Header {
		if !slices.Contains(harmless, name) {
			next.Header.Del(name)
		}
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
