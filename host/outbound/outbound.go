// Package outbound makes HTTP clients for addresses that somebody else chose:
// an issuer's keys, a guest's request. They reach the internet and not the
// network this host stands in.
//
// It owns what may be connected to, how redirects are followed and how much
// may be read. It must not know what the requests are for.
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Config is what a client may do.
type Config struct {
	// Private opens private and loopback addresses. Link-local ones, where
	// clouds keep their credentials, stay closed.
	Private bool
	// Networks are opened beside the public internet, except for the addresses
	// that clouds tell secrets at.
	Networks []netip.Prefix
	// Timeout bounds a request from its beginning to the end of its body.
	Timeout time.Duration
	// MaxBytes bounds the body of a response, after decompression.
	MaxBytes int64
}

// What a client refuses to do, found by errors.Is in what it returns.
var (
	ErrAddress  = errors.New("the address is not on the public internet")
	ErrRedirect = errors.New("the redirect is not followed")
	ErrTooLarge = errors.New("the response is too large")
)

// Bounds of every client.
const (
	maxRedirects   = 5
	maxHeaderBytes = 64 << 10
	dialTimeout    = 5 * time.Second
	idleTimeout    = 30 * time.Second
	maxIdle        = 16
)

// NewClient returns a client. It looks at addresses when it connects, after
// names are resolved, for every request and redirect, so that no name can lead
// elsewhere than it was checked for. It takes no proxy from the environment
// and keeps no cookies.
func NewClient(c Config) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: newGuard(c).control}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle, // an app has most to do with one or two
		IdleConnTimeout:        idleTimeout,
	}
	return &http.Client{
		Transport:     bounded{transport, c.MaxBytes},
		CheckRedirect: checkRedirect,
		Timeout:       c.Timeout,
	}
}

// guard decides what may be connected to.
type guard struct{ public *ssrf.Guardian }

func newGuard(c Config) guard {
	var v4, v6 []netip.Prefix
	if c.Private {
		v4, v6 = slices.Clone(privateV4), slices.Clone(privateV6)
	}
	for _, network := range c.Networks {
		if network.Addr().Is4() {
			v4 = append(v4, network)
		} else {
			v6 = append(v6, network)
		}
	}
	return guard{ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
}

// What Config.Private opens.
var (
	privateV4 = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
	privateV6 = prefixes("fc00::/7", "::1/128")
)

// metadata are the addresses that clouds tell their machines' secrets at. Most
// are link-local; Azure's is a public one.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"),
	netip.MustParseAddr("169.254.170.2"),
	netip.MustParseAddr("169.254.170.23"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("fe80::a9fe:a9fe"),
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("fd00:ec2::23"),
	netip.MustParseAddr("fd20:ce::254"),
}

// nat64 is how networks with IPv6 alone write the addresses of IPv4 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// meant is the address that another stands for.
func meant(a netip.Addr) netip.Addr {
	if a = a.WithZone("").Unmap(); nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// control is called with each address before it is connected to.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if slices.Contains(metadata, meant(to.Addr())) {
		return fmt.Errorf("%w: %s tells secrets of the machine", ErrAddress, to.Addr())
	}
	if err := g.public.Safe(network, address, conn); err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return nil
}
