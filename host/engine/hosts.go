package engine

import (
	"regexp"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// maxHostPatterns and maxHostPattern bound a manifest's allowed_hosts.
const (
	maxHostPatterns = 200
	maxHostPattern  = 253 // bytes, as long as a host's name may be
)

// checkHosts sees whether a manifest's allowed_hosts can be understood. Errors:
// CodeInvalid.
func checkHosts(patterns []string) error {
	if len(patterns) > maxHostPatterns {
		return host.Errorf(host.CodeInvalid, "allowed_hosts must be at most %d", maxHostPatterns)
	}
	for _, pattern := range patterns {
		if _, err := hostPattern(pattern); err != nil || len(pattern) > maxHostPattern {
			return host.Caused(host.CodeInvalid, err, "allowed_hosts must hold names of hosts and patterns such as *.example.com, not %.100q", pattern)
		}
	}
	return nil
}

// admits makes a function of a manifest's allowed_hosts that tells whether they
// name a host, with any port. It is nil if the manifest says nothing: null.
func admits(patterns []string) func(name string) bool {
	if patterns == nil {
		return nil
	}
	var all []*regexp.Regexp
	for _, pattern := range patterns {
		if compiled, err := hostPattern(pattern); err == nil {
			all = append(all, compiled)
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(all, func(one *regexp.Regexp) bool { return one.MatchString(name) })
	}
}

// globs is what the signs of a pattern are as a regular expression. A star
// stands for dots, too, as in the Extism SDKs.
var globs = map[byte]string{'*': `.*`, '?': `.`, '{': `(?:`, '}': `)`}

// hostPattern compiles a pattern of the kind that the Extism SDKs take: *, ?,
// [a-z], [!a-z], {a,b} and \ before a sign that stands for itself. A regular
// expression takes no longer the more stars there are.
func hostPattern(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`^(?i:`)
	depth, class := 0, false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		sign, isSign := globs[c]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case class && c != ']':
			b.WriteString(strings.NewReplacer(`[`, `\[`, `^`, `\^`).Replace(pattern[i : i+1]))
		case class:
			class = false
			b.WriteByte(c)
		case c == '[':
			class = true
			b.WriteByte(c)
			if strings.HasPrefix(pattern[i+1:], "!") {
				i++
				b.WriteByte('^')
			}
		case c == ',' && depth > 0:
			b.WriteByte('|')
		case isSign:
			depth += strings.Count(sign, "(") - strings.Count(sign, ")")
			b.WriteString(sign)
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	b.WriteString(`)$`)
	return regexp.Compile(b.String())
}
