package httpout

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Allowed reports whether a list of hosts admits a URL. An entry is a name, or
// "*." and a name for those below it, or "*" for all; a name without a port
// stands for the ports 80 and 443.
func Allowed(hosts []string, u *url.URL) bool {
	name, port := nameOf(u), u.Port()
	standard := port == "" || port == "80" || port == "443"
	for _, entry := range hosts {
		pattern, given, hasPort := cutPort(strings.ToLower(entry))
		if hasPort && given != port || !hasPort && !standard {
			continue
		}
		below, isBelow := strings.CutPrefix(pattern, "*.")
		if pattern == "*" || pattern == name || isBelow && strings.HasSuffix(name, "."+below) {
			return true
		}
	}
	return false
}

// nameOf is the name of a URL's host as names are compared: the one that will be
// looked up, "" for none that can be.
func nameOf(u *url.URL) string {
	name := u.Hostname()
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(name) // as net/http does
		if err != nil {
			return ""
		}
		name = ascii
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// cutPort splits "name:port"; an IPv6 address stands in brackets.
func cutPort(entry string) (name, port string, found bool) {
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && !strings.HasSuffix(entry, "]") {
		return strings.Trim(entry[:i], "[]"), entry[i+1:], true
	}
	return strings.Trim(entry, "[]"), "", false
}
