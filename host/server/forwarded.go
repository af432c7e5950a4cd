package server

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// proxies are the peers whose word about the client's address is taken.
type proxies []netip.Prefix

func (p proxies) trust(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(r netip.Prefix) bool { return r.Contains(addr) })
}

// client finds out where a request of a peer comes from. Each proxy adds the
// address it was called from to the end of X-Forwarded-For or Forwarded, so
// the lists are read from there: as long as the one who wrote an address is
// trusted, it is believed, and the first that is no trusted proxy's is the
// client. An address that cannot be read ends the list. vouched is what was
// believed, the client first; "" if the client came directly. The error is a
// CodeInvalid if the two headers tell different stories: only one can be the
// proxies' own, the other is whatever the client sent.
func (p proxies) client(peer netip.Addr, header []host.Header) (client netip.Addr, vouched string, err error) {
	if !p.trust(peer) {
		return peer, "", nil
	}
	list, has := p.believe(header, "X-Forwarded-For", parseForwardedFor)
	other, hasOther := p.believe(header, "Forwarded", parseForwarded)
	if has && hasOther && !slices.Equal(list, other) {
		return netip.Addr{}, "", malformed("X-Forwarded-For and Forwarded name different addresses")
	}
	if !has {
		list = other
	}
	if len(list) == 0 {
		return peer, "", nil
	}
	texts := make([]string, len(list))
	for i, addr := range list {
		texts[i] = addr.String()
	}
	return list[0], strings.Join(texts, ", "), nil
}

// element reads an element of a list. named tells that it is about the
// address, ok that the address can be read.
type element func(text string) (addr netip.Addr, named, ok bool)

// believe returns the addresses of a header that are believed, the client
// first. present tells whether the header says anything about addresses.
func (p proxies) believe(header []host.Header, name string, parse element) (list []netip.Addr, present bool) {
	ended := false
	for _, line := range slices.Backward(header) {
		if !strings.EqualFold(line.Name, name) {
			continue
		}
		for rest, more := line.Value, true; more; {
			var text string
			rest, text, more = cutLast(rest, ',')
			addr, named, ok := parse(strings.Trim(text, " \t"))
			present = present || named
			if ended {
				continue
			}
			if ok {
				list = append(list, addr)
			}
			ended = !ok || !p.trust(addr)
		}
	}
	slices.Reverse(list)
	return list, present
}

// cutLast splits s around its last separator that is not inside a quoted
// string. It reads from the right: what a proxy has added is well-formed, and
// a stranger in front of it cannot open a quote that swallows it.
func cutLast(s string, separator byte) (before, last string, found bool) {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '"' && !escaped(s[:i]):
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

// escaped reports whether what follows s is escaped by a backslash at its end.
func escaped(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// parseForwardedFor reads an element of X-Forwarded-For: an address, perhaps
// with a port, where IPv6 needs brackets.
func parseForwardedFor(text string) (addr netip.Addr, named, ok bool) {
	named = text != ""
	if addr, ok := parseAddr(text); ok {
		return addr, named, true
	}
	addr, ok = parseNode(text)
	return addr, named, ok
}

// parseForwarded reads an element of Forwarded (RFC 7239, section 4).
func parseForwarded(text string) (addr netip.Addr, named, ok bool) {
	valid, node := true, ""
	for rest, more := text, true; more; {
		var pair string
		rest, pair, more = cutLast(rest, ';')
		pair = strings.Trim(pair, " \t")
		if pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		value, isValue := parseValue(value)
		valid = valid && found && isToken(name) && isValue
		if strings.EqualFold(name, "for") {
			valid = valid && !named // it must not be said twice
			node, named = value, true
		}
	}
	addr, ok = parseNode(node)
	return addr, named, ok && valid
}

// parseValue reads a token or a quoted string.
func parseValue(s string) (value string, ok bool) {
	inner, opened := strings.CutPrefix(s, `"`)
	if !opened {
		return s, isToken(s)
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; c {
		case '"':
			return b.String(), i == len(inner)-1
		case '\\':
			if i++; i < len(inner) {
				b.WriteByte(inner[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// parseNode reads an address with a port or without, IPv6 in brackets. Names
// that hide an address, such as "unknown" and "_hidden", are none.
func parseNode(s string) (netip.Addr, bool) {
	name, port := s, "0"
	if colon := strings.LastIndexByte(s, ':'); colon > strings.LastIndexByte(s, ']') {
		name, port = s[:colon], s[colon+1:]
	}
	if !isPort(port) {
		return netip.Addr{}, false
	}
	inner, opened := strings.CutPrefix(name, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if opened != closed || opened != strings.Contains(inner, ":") {
		return netip.Addr{}, false
	}
	return parseAddr(inner)
}

// isPort accepts a number or a name that hides it.
func isPort(s string) bool {
	if hidden, ok := strings.CutPrefix(s, "_"); ok {
		return isToken(hidden)
	}
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

// parseAddr reads an address. One with a zone means something on the machine
// that wrote it only.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}
