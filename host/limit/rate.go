package limit

import (
	"net/netip"
	"time"

	"github.com/posternhq/postern/host"
)

// Kind is what a rate limit belongs to.
type Kind uint8

// The kinds of what a rate limit belongs to.
const (
	Credential Kind = iota
	Endpoint
	App
)

// String is the kind as it stands in a sentence.
func (k Kind) String() string { return [...]string{"credential", "endpoint", "app"}[k] }

// Rule is a rate limit that a request is under. Requests whose rules have the
// same kind and id share what there is.
type Rule struct {
	Kind  Kind
	ID    string
	Limit *host.RateLimit
}

// owner is the key of a rate limit.
type owner struct {
	kind Kind
	id   string
}

// Standing is how a request stands with the tightest of its limits.
type Standing struct {
	// Limit is how many requests there may be in a window, 0 if the request
	// is under no limit.
	Limit     int64
	Window    string // such as "minute"
	Capacity  int64  // requests that may come at once
	Remaining int64  // those that may follow at once
	// Reset is when all of the limit is there again, in Unix seconds.
	Reset int64
	// RetryAfter is after how many seconds a refused request would be
	// admitted; 0 if it was not refused.
	RetryAfter int64
}

// details is what the error of a refused request tells beside its text.
type details struct {
	Limit      int64  `json:"limit"`
	Window     string `json:"window"`
	RetryAfter int64  `json:"retry_after"`
}

// refuse makes the error of a refused request.
func (s Standing) refuse(format string, args ...any) error {
	err := host.Errorf(host.CodeRateLimited, format, args...)
	err.Details = details{s.Limit, "1 " + s.Window, s.RetryAfter}
	return err
}

// Take charges a request to all of at most three rules, or to none if one of
// them refuses. The standing is that of the rule with the fewest requests
// left, or of the one that refuses the longest. Errors: CodeRateLimited.
func (l *Limiter) Take(rules []Rule) (Standing, error) {
	if len(rules) == 0 {
		return Standing{}, nil
	}
	now := l.Now()
	inner := compile(rules)
	verdicts, admitted := l.rates.take(l.elapsed(now), inner[:len(rules)])
	tightest := 0
	for i := range rules {
		if verdicts[i].tighter(verdicts[tightest]) {
			tightest = i
		}
	}
	worst := rules[tightest]
	s := standing(now, worst.Limit, verdicts[tightest])
	if admitted {
		return s, nil
	}
	return s, s.refuse("Too many requests: the %s's limit of %d per %s is used up", worst.Kind, worst.Limit.Limit, worst.Limit.Window)
}

// GiveBack undoes a Take that admitted a request which was refused after all.
func (l *Limiter) GiveBack(rules []Rule) {
	inner := compile(rules)
	l.rates.giveBack(inner[:len(rules)])
}

// compile puts rules into the form of the table.
func compile(rules []Rule) (out [maxRules]rule[owner]) {
	for i, r := range rules {
		out[i] = rule[owner]{owner{r.Kind, r.ID}, int64(r.Limit.Interval()), r.Limit.Capacity()}
	}
	return out
}

// tighter orders verdicts: the longest wait, the fewest requests left, the
// longest time until all are back.
func (v verdict) tighter(w verdict) bool {
	switch {
	case v.wait != w.wait:
		return v.wait > w.wait
	case v.remaining != w.remaining:
		return v.remaining < w.remaining
	}
	return v.full > w.full
}

func standing(now time.Time, limit *host.RateLimit, v verdict) Standing {
	return Standing{
		Limit: limit.Limit, Window: limit.Window, Capacity: limit.Capacity(), Remaining: v.remaining,
		Reset: unixAfter(now.Add(time.Duration(v.full))), RetryAfter: seconds(v.wait),
	}
}

// seconds is a number of nanoseconds in seconds, rounded up.
func seconds(ns int64) int64 { return (ns + int64(time.Second) - 1) / int64(time.Second) }

// unixAfter is the first whole Unix second that is not before t.
func unixAfter(t time.Time) int64 {
	unix := t.Unix()
	if t.Nanosecond() > 0 {
		unix++
	}
	return unix
}

// attemptLimit is how many wrong credentials an address may try.
var attemptLimit = &host.RateLimit{Limit: 60, Window: "minute"}

// Failed counts a request that came with a credential which is not valid. The
// error, a CodeRateLimited, takes the place of the refusal when the address
// has failed too often. It never stands in the way of a valid credential. An
// IPv6 address counts as its network of 64 bits, because whoever has one has
// them all.
func (l *Limiter) Failed(client netip.Addr) (Standing, error) {
	now := l.Now()
	verdicts, admitted := l.attempts.take(l.elapsed(now), []rule[netip.Prefix]{{
		network(client), int64(attemptLimit.Interval()), attemptLimit.Capacity(),
	}})
	if admitted {
		return Standing{}, nil
	}
	s := standing(now, attemptLimit, verdicts[0])
	return s, s.refuse("Too many requests with credentials that are not valid")
}

// network is who an address belongs to.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	p, _ := addr.Prefix(min(64, addr.BitLen())) // fails for the zero Addr, which is one more
	return p
}
