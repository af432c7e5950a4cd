package host

import (
	"encoding/json"
	"time"
)

// TimeLayout is RFC 3339 in UTC with milliseconds, the only form of an instant
// that Postern writes.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Time is an instant in UTC with the precision that is stored and shown: a
// millisecond. The zero Time means "none" and is null in JSON.
type Time struct{ ms int64 }

// Now is the current instant.
func Now() Time { return Time{time.Now().UnixMilli()} }

// At converts a time.Time, cutting it to milliseconds.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UnixMilli()}
}

// FromMillis converts milliseconds since 1970, as the store keeps them.
func FromMillis(ms int64) Time { return Time{ms} }

// Millis is the instant in milliseconds since 1970; 0 means "none".
func (t Time) Millis() int64 { return t.ms }

// IsZero reports whether there is no instant.
func (t Time) IsZero() bool { return t.ms == 0 }

// Std converts to a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(t.ms).UTC() }

// String is the instant in TimeLayout, or "" for none.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return string(t.Append(nil))
}

// Append appends the instant in TimeLayout, or nothing for none.
func (t Time) Append(b []byte) []byte {
	if t.IsZero() {
		return b
	}
	std := t.Std()
	// The layout of whole seconds is the one that package time writes fastest.
	b = std.AppendFormat(b, time.RFC3339)
	ms := std.Nanosecond() / 1e6
	return append(b[:len(b)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// MarshalJSON writes TimeLayout, or null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return append(t.Append([]byte{'"'}), '"'), nil
}

// UnmarshalJSON reads any RFC 3339 instant, or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = Time{}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	std, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return err
	}
	*t = At(std)
	return nil
}
