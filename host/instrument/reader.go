package instrument

import "unicode/utf8"

// reader is a cursor over the bytes of a binary. The first fault sticks: after
// it every method returns zero values, so that decoders read straight on and
// check once. base is the position of b in the whole file, for messages.
type reader struct {
	b    []byte
	base int
	pos  int
	err  error
}

// fail records a fault at the current position.
func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = invalid("The module is malformed: %s at byte %d", what, r.base+r.pos)
	}
}

// refuse records that the binary uses something well-formed but not offered.
func (r *reader) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = invalid(format, args...)
	}
}

func (r *reader) left() int { return len(r.b) - r.pos }

func (r *reader) more() bool { return r.err == nil && r.pos < len(r.b) }

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.left() < 1 {
		r.fail("unexpected end")
		return 0
	}
	b := r.b[r.pos]
	r.pos++
	return b
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) u32() uint32 {
	var v uint32
	for i := range 5 {
		b := r.byte()
		if i == 4 && b > 0x0f {
			r.fail("number too large")
			return 0
		}
		v |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			break
		}
	}
	if r.err != nil {
		return 0
	}
	return v
}

// signed reads a signed LEB128 number of at most bits bits (32, 33 or 64).
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if r.err != nil {
			return 0
		}
		if left := bits - shift; left < 7 {
			// What does not fit must repeat the sign.
			if high := int8(b<<1) >> left; b >= 0x80 || high != 0 && high != -1 {
				r.fail("number too large")
				return 0
			}
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift < 57 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// take returns the next n bytes, without copying them.
func (r *reader) take(n uint32) []byte {
	if r.err != nil {
		return nil
	}
	if uint64(n) > uint64(r.left()) {
		r.fail("length past the end")
		return nil
	}
	b := r.b[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b
}

// sub is a reader of the next n bytes.
func (r *reader) sub(n uint32) *reader {
	base := r.base + r.pos
	return &reader{b: r.take(n), base: base, err: r.err}
}

// count reads the length of a vector whose items take at least size bytes
// each: a larger one cannot be true, and must not be allocated.
func (r *reader) count(size int) int {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(r.left()/size) {
		r.fail("vector longer than its section")
		return 0
	}
	return int(n)
}

// bounded is count for a list of which a module may have at most most.
func (r *reader) bounded(what string, most, size int) int {
	n := r.count(size)
	if n > most {
		r.refuse("The module has %d %s; the limit is %d", n, what, most)
		return 0
	}
	return n
}

// name reads a string, which must be UTF-8 and not absurdly long.
func (r *reader) name() string {
	b := r.take(r.u32())
	if len(b) > maxName {
		r.refuse("The module has a name of %d bytes; the limit is %d", len(b), maxName)
	}
	if r.err == nil && !utf8.Valid(b) {
		r.fail("name is not UTF-8")
		return ""
	}
	return string(b)
}

// end demands that everything was read.
func (r *reader) end() {
	if r.more() {
		r.fail("unexpected bytes")
	}
}
