package host

import (
	"encoding/binary"
	"unicode/utf8"
)

// maxNesting is how deep JSON may be nested, as encoding/json has it.
const maxNesting = 10_000

// ValidJSON reports whether data is UTF-8 and one JSON value, as json.Valid does
// for the rest. It takes a fraction of the time: most of a document is texts,
// which it goes through eight bytes at a time.
func ValidJSON(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	c := checker{data: data}
	return c.value() && c.next() == 0 && c.at == len(data)
}

// checker goes through JSON. at is the next byte.
type checker struct {
	data []byte
	at   int
	open []byte // the brackets that are open, as they will be closed
}

// next skips blanks and returns the byte after them, 0 at the end.
func (c *checker) next() byte {
	for ; c.at < len(c.data); c.at++ {
		switch b := c.data[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// value goes through a value with all that is in it.
func (c *checker) value() bool {
	for {
		opened, ok := c.begin()
		if !ok {
			return false
		}
		if opened {
			continue
		}
		if more, ok := c.end(); !ok || !more {
			return ok
		}
	}
}

// begin goes through a value without others in it, or into one.
func (c *checker) begin() (opened, ok bool) {
	switch b := c.next(); b {
	case '{', '[':
		if len(c.open) == maxNesting {
			return false, false
		}
		c.at++
		closing := b + 2
		if c.next() == closing {
			c.at++
			return false, true
		}
		c.open = append(c.open, closing)
		return true, b == '[' || c.name()
	case '"':
		return false, c.text()
	case 't':
		return false, c.word("true")
	case 'f':
		return false, c.word("false")
	case 'n':
		return false, c.word("null")
	default:
		return false, c.number()
	}
}

// end goes past what follows a value, to the next one if there are more.
func (c *checker) end() (more, ok bool) {
	for len(c.open) > 0 {
		closing := c.open[len(c.open)-1]
		switch c.next() {
		case ',':
			c.at++
			return true, closing == ']' || c.name()
		case closing:
			c.at++
			c.open = c.open[:len(c.open)-1]
		default:
			return false, false
		}
	}
	return false, true
}

// name goes through the name of a member and its colon.
func (c *checker) name() bool {
	if c.next() != '"' || !c.text() || c.next() != ':' {
		return false
	}
	c.at++
	return true
}

func (c *checker) word(word string) bool {
	if len(c.data)-c.at < len(word) || string(c.data[c.at:c.at+len(word)]) != word {
		return false
	}
	c.at += len(word)
	return true
}

// What is added to, or held against, eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special tells whether one of eight bytes is a quote, a backslash or a control
// character.
func special(x uint64) bool {
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((quote-ones)&^quote|(slash-ones)&^slash|(x-ones*' ')&^x)&highs != 0
}

// text goes through a text from its opening quote on.
func (c *checker) text() bool {
	i := c.at + 1
	for {
		for len(c.data)-i >= 8 && !special(binary.LittleEndian.Uint64(c.data[i:])) {
			i += 8
		}
		if i >= len(c.data) {
			return false
		}
		switch b := c.data[i]; {
		case b == '"':
			c.at = i + 1
			return true
		case b == '\\':
			n := escape(c.data[i:])
			if n == 0 {
				return false
			}
			i += n
		case b < ' ':
			return false
		default:
			i++
		}
	}
}

// escape is the length of the escape that data begins with, 0 for none.
func escape(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(data) < 6 {
			return 0
		}
		for _, b := range data[2:6] {
			if b|0x20 < 'a' && (b < '0' || b > '9') || b|0x20 > 'f' {
				return 0
			}
		}
		return 6
	}
	return 0
}

// number goes through a number.
func (c *checker) number() bool {
	if c.at < len(c.data) && c.data[c.at] == '-' {
		c.at++
	}
	first := c.at
	if n := c.digits(); n == 0 || n > 1 && c.data[first] == '0' {
		return false
	}
	if c.at < len(c.data) && c.data[c.at] == '.' {
		if c.at++; c.digits() == 0 {
			return false
		}
	}
	if c.at < len(c.data) && c.data[c.at]|0x20 == 'e' {
		c.at++
		if c.at < len(c.data) && (c.data[c.at] == '+' || c.data[c.at] == '-') {
			c.at++
		}
		return c.digits() > 0
	}
	return true
}

// digits goes through digits and counts them.
func (c *checker) digits() int {
	from := c.at
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		c.at++
	}
	return c.at - from
}
