package host

import (
	"crypto/rand"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// lastTick is the tick of the newest id: milliseconds since 1970, times 4096,
// and the fraction of the millisecond.
var lastTick atomic.Int64

// tick returns the time in ticks, later than any before.
func tick() int64 {
	now := time.Now()
	t := now.UnixMilli()<<12 + int64(now.Nanosecond()%1e6)<<12/1e6
	for {
		last := lastTick.Load()
		t = max(t, last+1)
		if lastTick.CompareAndSwap(last, t) {
			return t
		}
	}
}

// NewID returns a UUID of version 7 (RFC 9562, method 3): ids made here sort by
// when they were made, so that newest-first lists need no second column.
func NewID() string {
	var b [16]byte
	rand.Read(b[8:])
	t := tick()
	for i := range 6 {
		b[i] = byte(t >> (52 - 8*i))
	}
	b[6], b[7] = byte(t>>8)&0x0f|0x70, byte(t)
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// IsID reports whether s has the shape of a UUID in lower-case hexadecimal.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
				return false
			}
		}
	}
	return true
}
