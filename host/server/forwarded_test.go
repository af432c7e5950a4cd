package server

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func ranges(texts ...string) (out proxies) {
	for _, s := range texts {
		p, err := host.ParseIPRange(s)
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

// lines makes header lines of "Name: value" texts.
func lines(texts ...string) (out []host.Header) {
	for _, s := range texts {
		name, value, _ := strings.Cut(s, ":")
		out = append(out, host.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return out
}

// TestProxies_Client reads chains, honest and forged. The proxies are 10/8 and
// 2001:db8:ffff::/48, the peer is 10.0.0.1 unless it is given.
func TestProxies_Client(t *testing.T) {
	t.Parallel()
	trusted := ranges("10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:172.16.0.0/108")
	const refused = "400"
	for _, test := range []struct {
		name, peer string
		header     []host.Header
		client     string // refused, or
		vouched    string
	}{
		{"no header", "", nil, "10.0.0.1", ""},
		{"a stranger's headers", "203.0.113.9", lines("X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"), "203.0.113.9", ""},
		{"one proxy", "", lines("X-Forwarded-For: 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"name in capitals", "", lines("X-FORWARDED-FOR: 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"two proxies", "", lines("X-Forwarded-For: 203.0.113.9, 10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"forged in front", "", lines("X-Forwarded-For: 192.0.2.1, 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"forged as a proxy", "", lines("X-Forwarded-For: 192.0.2.1, 10.0.0.3, 203.0.113.9, 10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"forged line before", "", lines("X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"several lines", "", lines("X-Forwarded-For: 203.0.113.9, 10.0.0.3", "Accept: x", "X-Forwarded-For: 10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.3, 10.0.0.2"},
		{"proxies only", "", lines("X-Forwarded-For: 10.0.0.3,10.0.0.2"), "10.0.0.3", "10.0.0.3, 10.0.0.2"},
		{"port", "", lines("X-Forwarded-For: 203.0.113.9:4711"), "203.0.113.9", "203.0.113.9"},
		{"IPv6", "", lines("X-Forwarded-For: 2001:db8::9"), "2001:db8::9", "2001:db8::9"},
		{"IPv6 in brackets", "", lines("X-Forwarded-For: [2001:db8::9]"), "2001:db8::9", "2001:db8::9"},
		{"IPv6 with a port", "", lines("X-Forwarded-For: [2001:db8::9]:4711"), "2001:db8::9", "2001:db8::9"},
		{"IPv6 proxy", "2001:db8:ffff::1", lines("X-Forwarded-For: 2001:DB8:0::9, 2001:db8:ffff::2"), "2001:db8::9", "2001:db8::9, 2001:db8:ffff::2"},
		{"mapped", "::ffff:10.0.0.1", lines("X-Forwarded-For: ::ffff:203.0.113.9, ::ffff:10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"mapped range", "172.16.0.1", lines("X-Forwarded-For: 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"zone of the peer", "2001:db8:ffff::1%eth0", lines("X-Forwarded-For: 203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"zone in the list", "", lines("X-Forwarded-For: 203.0.113.9, fe80::1%eth0"), "10.0.0.1", ""},
		{"unknown", "", lines("X-Forwarded-For: 203.0.113.9, unknown"), "10.0.0.1", ""},
		{"unknown before a proxy", "", lines("X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.2"), "10.0.0.2", "10.0.0.2"},
		{"empty element", "", lines("X-Forwarded-For: 203.0.113.9,"), "10.0.0.1", ""},
		{"empty element between", "", lines("X-Forwarded-For: 203.0.113.9,, 10.0.0.2"), "10.0.0.2", "10.0.0.2"},
		{"empty line after", "", lines("X-Forwarded-For: 203.0.113.9", "X-Forwarded-For:"), "10.0.0.1", ""},
		{"name instead of an address", "", lines("X-Forwarded-For: localhost"), "10.0.0.1", ""},
		{"octal", "", lines("X-Forwarded-For: 0203.0.113.9"), "10.0.0.1", ""},
		{"number", "", lines("X-Forwarded-For: 3405803785"), "10.0.0.1", ""},
		{"range", "", lines("X-Forwarded-For: 203.0.113.0/24"), "10.0.0.1", ""},
		{"quoted", "", lines(`X-Forwarded-For: "203.0.113.9"`), "10.0.0.1", ""},
		{"quote before", "", lines(`X-Forwarded-For: ", 203.0.113.9`), "203.0.113.9", "203.0.113.9"},
		{"IPv4 in brackets", "", lines("X-Forwarded-For: [203.0.113.9]"), "10.0.0.1", ""},
		{"bad port", "", lines("X-Forwarded-For: 203.0.113.9:http"), "10.0.0.1", ""},

		{"Forwarded", "", lines("Forwarded: for=203.0.113.9;proto=https;by=10.0.0.1"), "203.0.113.9", "203.0.113.9"},
		{"Forwarded in capitals", "", lines("Forwarded: FOR=203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"Forwarded, IPv6 with a port", "", lines(`Forwarded: for="[2001:db8::1]:4711"`), "2001:db8::1", "2001:db8::1"},
		{"Forwarded, port", "", lines(`Forwarded: for="203.0.113.9:4711"`), "203.0.113.9", "203.0.113.9"},
		{"Forwarded, hidden port", "", lines(`Forwarded: for="203.0.113.9:_4711"`), "203.0.113.9", "203.0.113.9"},
		{"Forwarded, escapes", "", lines(`Forwarded: for="203\.0.113.9";host="a\"b,c;for=1"`), "203.0.113.9", "203.0.113.9"},
		{"Forwarded, blanks", "", lines("Forwarded: for=203.0.113.9 ; proto=http , for=10.0.0.2;"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"Forwarded, several lines", "", lines("Forwarded: for=192.0.2.1, for=203.0.113.9", "Forwarded: for=10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"Forwarded, unknown", "", lines("Forwarded: for=203.0.113.9, for=unknown"), "10.0.0.1", ""},
		{"Forwarded, obfuscated", "", lines("Forwarded: for=203.0.113.9, for=_gazonk, for=10.0.0.2"), "10.0.0.2", "10.0.0.2"},
		{"Forwarded, IPv6 without quotes", "", lines("Forwarded: for=[2001:db8::1]"), "10.0.0.1", ""},
		{"Forwarded, IPv6 without brackets", "", lines(`Forwarded: for="2001:db8::1"`), "10.0.0.1", ""},
		{"Forwarded, for twice", "", lines("Forwarded: for=203.0.113.9;for=192.0.2.1"), "10.0.0.1", ""},
		{"Forwarded, no pair", "", lines("Forwarded: 203.0.113.9"), "10.0.0.1", ""},
		{"Forwarded, blank in a pair", "", lines("Forwarded: for= 203.0.113.9"), "10.0.0.1", ""},
		{"Forwarded, bad neighbour", "", lines("Forwarded: for=203.0.113.9;proto=a b"), "10.0.0.1", ""},
		{"Forwarded, text after a quote", "", lines(`Forwarded: for="203.0.113.9"x`), "10.0.0.1", ""},
		{"Forwarded, no for by the nearest", "", lines("Forwarded: for=203.0.113.9, proto=https"), "10.0.0.1", ""},
		{"Forwarded, open quote before", "", lines(`Forwarded: for="192.0.2.1, for=203.0.113.9`), "203.0.113.9", "203.0.113.9"},
		{"Forwarded, open quote before a quote", "", lines(`Forwarded: for="192.0.2.1, for="[2001:db8::9]:1"`), "2001:db8::9", "2001:db8::9"},
		{"Forwarded, open quote and escape before", "", lines(`Forwarded: for="\, for="[2001:db8::9]"`), "2001:db8::9", "2001:db8::9"},
		{"Forwarded, open quote on a line before", "", lines(`Forwarded: for="`, "Forwarded: for=203.0.113.9"), "203.0.113.9", "203.0.113.9"},

		{"both agree", "", lines("X-Forwarded-For: 203.0.113.9, 10.0.0.2", "Forwarded: for=203.0.113.9, for=10.0.0.2"), "203.0.113.9", "203.0.113.9, 10.0.0.2"},
		{"both agree but for what nobody vouches for", "", lines("X-Forwarded-For: 192.0.2.1, 203.0.113.9", "Forwarded: for=192.0.2.2, for=203.0.113.9"), "203.0.113.9", "203.0.113.9"},
		{"they disagree", "", lines("X-Forwarded-For: 203.0.113.9", "Forwarded: for=192.0.2.1"), refused, ""},
		{"they disagree about a proxy", "", lines("X-Forwarded-For: 203.0.113.9, 10.0.0.2", "Forwarded: for=203.0.113.9"), refused, ""},
		{"one is unreadable", "", lines("X-Forwarded-For: 203.0.113.9", "Forwarded: for=x"), refused, ""},
		{"the other is unreadable", "", lines("X-Forwarded-For: x", "Forwarded: for=203.0.113.9"), refused, ""},
		{"one is about something else", "", lines("X-Forwarded-For: 203.0.113.9", "Forwarded: proto=https"), "203.0.113.9", "203.0.113.9"},
		{"one is empty", "", lines("X-Forwarded-For:", "Forwarded: for=203.0.113.9"), "203.0.113.9", "203.0.113.9"},
	} {
		peer := netip.MustParseAddr("10.0.0.1")
		if test.peer != "" {
			peer = netip.MustParseAddr(test.peer)
		}
		client, vouched, err := trusted.client(peer, test.header)
		got := client.String()
		if err != nil {
			got = refused
			if host.CodeOf(err) != host.CodeInvalid {
				t.Errorf("%s: %v is not the client's fault", test.name, err)
			}
		}
		if got != test.client || vouched != test.vouched {
			t.Errorf("%s: client %s, vouched for %q, want %s, %q", test.name, got, vouched, test.client, test.vouched)
		}
	}
}

// Without proxies nobody is believed, not even the machine itself.
func TestProxies_None(t *testing.T) {
	t.Parallel()
	for _, peer := range []string{"127.0.0.1", "::1", "10.0.0.1"} {
		addr := netip.MustParseAddr(peer)
		client, vouched, err := proxies(nil).client(addr, lines("X-Forwarded-For: 203.0.113.9", "Forwarded: for=192.0.2.1"))
		if client != addr || vouched != "" || err != nil {
			t.Errorf("%s: %s, %q, %v", peer, client, vouched, err)
		}
	}
	if client, _, err := ranges("0.0.0.0/0").client(netip.Addr{}, lines("X-Forwarded-For: 203.0.113.9")); client.IsValid() || err != nil {
		t.Errorf("a peer without an address: %s, %v", client, err)
	}
}

// FuzzForwarded lets a stranger send any headers through a proxy that adds the
// stranger's address, in one of the ways proxies do. However the headers look,
// the stranger is found to be itself, or the request is refused.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{
		"", "192.0.2.1", "10.0.0.2", "192.0.2.1, 10.0.0.2,", "unknown", `"`, `\`, `"\`, `\"`, `for="`, `for="\`, `for="a, for=10.0.0.2;x="`,
		`for=10.0.0.2`, `for="[2001:db8:ffff::2]:1";proto=https, for=_x`, ";;,;", `for=a;for=b`, `host="a\",b"`, "[", "[::1", "::1%a",
	} {
		for way := range byte(12) {
			f.Add(seed, seed, way)
		}
	}
	trusted := ranges("10.0.0.0/8", "2001:db8:ffff::/48")
	f.Fuzz(func(t *testing.T, forwardedFor, forwarded string, way byte) {
		stranger, node := netip.MustParseAddr("203.0.113.9"), `203.0.113.9`
		if way%2 == 1 {
			stranger, node = netip.MustParseAddr("2001:db8::9"), `"[2001:db8::9]:4711"`
		}
		header := map[string]string{"X-Forwarded-For": forwardedFor, "Forwarded": forwarded}
		added := map[string]string{"X-Forwarded-For": stranger.String(), "Forwarded": "for=" + node}
		way /= 2
		if way%3 == 0 {
			delete(added, "X-Forwarded-For")
		} else if way%3 == 1 {
			delete(added, "Forwarded")
		}
		var sent []host.Header
		for name, value := range header {
			switch add := added[name]; {
			case value == "" && add == "":
			case value == "" || add == "":
				sent = append(sent, host.Header{Name: name, Value: value + add})
			case way/3%2 == 0:
				sent = append(sent, host.Header{Name: name, Value: value + ", " + add})
			default:
				sent = append(sent, host.Header{Name: name, Value: value}, host.Header{Name: name, Value: add})
			}
		}
		client, vouched, err := trusted.client(netip.MustParseAddr("10.0.0.1"), sent)
		if err != nil {
			if len(added) == 2 || host.CodeOf(err) != host.CodeInvalid {
				t.Fatalf("%q: %v", sent, err)
			}
			return
		}
		if client != stranger || vouched != stranger.String() {
			t.Fatalf("%q: client %s, vouched for %q", sent, client, vouched)
		}
	})
}
