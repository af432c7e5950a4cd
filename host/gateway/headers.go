package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/route"
)

// finish gives a response the headers that are the host's to set.
func (g *Gateway) finish(r *host.Request, place route.Place, response *host.Response) {
	allowOrigin(r, place.App, response)
	response.Set("X-Content-Type-Options", "nosniff")
	if response.Get("Cache-Control") == "" && carriesCredential(r) {
		response.Set("Cache-Control", "private, no-store")
	}
	if place.Run {
		// Below /run/ all apps share one origin with the management pages: a
		// sandboxed document has an origin of its own, and a cookie of one
		// app is sent to no other.
		response.Set("Content-Security-Policy", "sandbox")
		confineCookies(response, strings.TrimSuffix(r.Path, place.Path))
	}
}

// carriesCredential reports whether the request came with anything that could
// be a credential: its answer is for one reader only.
func carriesCredential(r *host.Request) bool {
	return r.Get("Authorization") != "" || r.Get("X-API-Key") != "" || strings.Contains(r.Query, "api_key=")
}

// confineCookies gives every cookie the path of the app and takes its domain.
func confineCookies(response *host.Response, path string) {
	for i, h := range response.Header {
		if !strings.EqualFold(h.Name, "Set-Cookie") {
			continue
		}
		parts := strings.Split(h.Value, ";")
		kept := []string{strings.TrimSpace(parts[0])}
		for _, attribute := range parts[1:] {
			attribute = strings.TrimSpace(attribute)
			name, _, _ := strings.Cut(attribute, "=")
			name = strings.TrimSpace(name)
			if attribute != "" && !strings.EqualFold(name, "Path") && !strings.EqualFold(name, "Domain") {
				kept = append(kept, attribute)
			}
		}
		response.Header[i].Value = strings.Join(append(kept, "Path="+path), "; ")
	}
}

// allowOrigin lets pages of the app's authorized domains read the answer, be it
// a success or an error.
func allowOrigin(r *host.Request, app *host.App, response *host.Response) {
	if len(app.AuthorizedDomains) == 0 {
		return
	}
	addVary(response)
	if origin := r.Get("Origin"); origin != "" && authorized(app.AuthorizedDomains, origin) {
		response.Set("Access-Control-Allow-Origin", origin)
		response.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")
	} else {
		for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"} {
			response.Set(name, "")
		}
	}
}

// addVary adds Origin to what the answer varies by.
func addVary(response *host.Response) {
	for _, h := range response.Header {
		if strings.EqualFold(h.Name, "Vary") && (h.Value == "*" || containsToken(h.Value, "Origin")) {
			return
		}
	}
	response.Header = append(response.Header, host.Header{Name: "Vary", Value: "Origin"})
}

func containsToken(list, token string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}

// authorized reports whether an Origin header is of one of the domains: a host
// with its port, the same behind "*." for its subdomains, or a whole origin.
func authorized(domains []string, origin string) bool {
	scheme, site, ok := strings.Cut(origin, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return false
	}
	for _, domain := range domains {
		if strings.EqualFold(domain, origin) || strings.EqualFold(domain, site) {
			return true
		}
		if parent, isWildcard := strings.CutPrefix(domain, "*"); isWildcard &&
			len(site) > len(parent) && strings.EqualFold(site[len(site)-len(parent):], parent) {
			return true
		}
	}
	return false
}

// preflight answers what a browser asks before a request of another origin
// (Fetch, section 3.2.2). allowOrigin takes it back for a stranger.
func preflight(r *host.Request, allow []string, response *host.Response) {
	if r.Get("Origin") == "" || r.Get("Access-Control-Request-Method") == "" {
		return
	}
	response.Set("Access-Control-Allow-Methods", strings.Join(allow, ", "))
	if wanted := r.Get("Access-Control-Request-Headers"); wanted != "" {
		response.Set("Access-Control-Allow-Headers", wanted)
	}
	response.Set("Access-Control-Max-Age", "600")
}

func errTooLarge(size, limit int64) error {
	return fmt.Errorf("the body has %d bytes, more than the limit of %d", size, limit)
}

func errSchema(details any) error {
	text, err := json.Marshal(details)
	if err != nil {
		return err
	}
	return errors.New("the body does not meet the response schema: " + string(text))
}

// status is the HTTP status of an answer.
func (g *Gateway) status(response host.Response, err error) int {
	if err != nil {
		return g.StatusOf(host.CodeOf(err))
	}
	return response.Status
}
