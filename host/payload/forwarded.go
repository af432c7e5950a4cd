package payload

import (
	"strings"

	"github.com/posternhq/postern/host"
)

const forwardedFor = "x-forwarded-for"

// hearsay are headers in which proxies and content networks, each in its own
// way, name the client's address. A proxy passes on those it does not know, so
// that a stranger's come even from a trusted one.
var hearsay = map[string]bool{
	forwardedFor: true, "forwarded": true, "x-real-ip": true, "x-client-ip": true, "client-ip": true, "true-client-ip": true,
	"x-cluster-client-ip": true, "x-original-forwarded-for": true, "x-originating-ip": true, "x-remote-ip": true, "x-remote-addr": true,
	"cf-connecting-ip": true, "cf-connecting-ipv6": true, "cf-pseudo-ipv4": true, "fastly-client-ip": true, "fly-client-ip": true,
	"do-connecting-ip": true, "x-envoy-external-address": true, "x-azure-clientip": true, "x-azure-socketip": true, "x-appengine-user-ip": true,
}

// isHearsay reports whether a module must not see a header, by its lower-case
// name, because nobody vouches for it: those of hearsay, for which there are
// clientIp and a x-forwarded-for of our own; and the other x-forwarded- headers
// (proto, host, port), unless they come through a trusted proxy.
func isHearsay(name string, r *host.Request) bool {
	return hearsay[name] || r.ForwardedFor == "" && strings.HasPrefix(name, "x-forwarded-")
}
