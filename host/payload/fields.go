package payload

import (
	"strings"

	"github.com/posternhq/postern/host"
)

// fields are names with values in the order they were sent: of a query, a
// form, a header. What an envelope has of a name that repeats differs.
type fields struct {
	list []field
	// index finds names in long lists, where a search of the list for
	// each new one would let a client buy quadratic work.
	index map[string]int
	// separator joins the values of a name that repeats; "" keeps the last.
	separator func(name string) string
}

type field struct {
	name string
	last string
	all  []string // every value, if there are several
}

// indexFrom is the length from which an index is faster than a search.
const indexFrom = 16

func (f *fields) find(name string) int {
	if f.index != nil {
		if i, ok := f.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range f.list {
		if f.list[i].name == name {
			return i
		}
	}
	return -1
}

// add appends a value. The name is made valid UTF-8 first: two names that
// differ only in bad bytes would otherwise be one name twice in the envelope.
func (f *fields) add(name, value string) {
	name = validUTF8(name)
	if i := f.find(name); i >= 0 {
		known := &f.list[i]
		if known.all == nil {
			known.all = []string{known.last}
		}
		known.all = append(known.all, value)
		known.last = value
		return
	}
	if f.index != nil {
		f.index[name] = len(f.list)
	}
	f.list = append(f.list, field{name: name, last: value})
	if f.index == nil && len(f.list) == indexFrom {
		f.index = make(map[string]int, 2*indexFrom)
		for i := range f.list {
			f.index[f.list[i].name] = i
		}
	}
}

// has reports whether there is a field of that name.
func (f *fields) has(name string) bool { return f.find(name) >= 0 }

// append adds the fields as an object of strings.
func (f *fields) append(b []byte) []byte {
	b = append(b, '{')
	for i := range f.list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.list[i].name), ':')
		b = appendString(b, f.value(&f.list[i]))
	}
	return append(b, '}')
}

func (f *fields) value(one *field) string {
	if one.all == nil || f.separator == nil {
		return one.last
	}
	return strings.Join(one.all, f.separator(one.name))
}

// appendRepeated adds, after key, an object of lists with the names that
// repeat, and nothing at all if none does.
func (f *fields) appendRepeated(b []byte, key string) []byte {
	open := false
	for i := range f.list {
		if f.list[i].all == nil {
			continue
		}
		if open {
			b = append(b, ',')
		} else {
			b = append(append(b, key...), '{')
			open = true
		}
		b = append(appendString(b, f.list[i].name), ':')
		b = appendList(b, f.list[i].all)
	}
	if open {
		b = append(b, '}')
	}
	return b
}

// headerFields collects the header under lower-case names, but for what is
// said about the way the request came: see vouched.
func headerFields(r *host.Request) fields {
	f := fields{list: make([]field, 0, len(r.Header)), separator: func(name string) string {
		if name == "cookie" {
			return "; "
		}
		return ", "
	}}
	for _, h := range r.Header {
		if name := lowerName(h.Name); !isHearsay(name, r) {
			f.add(name, h.Value)
		}
	}
	if r.ForwardedFor != "" {
		f.add(forwardedFor, r.ForwardedFor)
	}
	return f
}

// usual are the headers of most requests as clients spell them, with their
// names in lower case, which need not be made for each request.
var usual = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{
		"Host", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Connection", "Content-Type", "Content-Length",
		"Cookie", "Authorization", "Origin", "Referer", "Cache-Control", "Pragma", "If-None-Match", "Upgrade-Insecure-Requests",
		"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Priority", "Via", "X-Forwarded-Proto", "X-Real-IP",
	} {
		names[name] = strings.ToLower(name)
	}
	return names
}()

func lowerName(name string) string {
	if lower, ok := usual[name]; ok {
		return lower
	}
	return strings.ToLower(name)
}

// validUTF8 returns s with U+FFFD in place of each byte that is not UTF-8.
func validUTF8(s string) string {
	for _, c := range s {
		if c == 0xFFFD {
			return string([]rune(s))
		}
	}
	return s
}
