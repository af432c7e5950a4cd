package limit

import "math"

// bucket is the state of one rule: GCRA, with its theoretical arrival time
// taken apart into a count and an instant. That way the limit may change
// between two requests, and their product cannot overflow.
type bucket struct {
	used  int64 // requests whose capacity has not come back
	since int64 // when that of the next began to come back, in nanoseconds
	full  int64 // when that of all will be back
}

// rule is the limit of one bucket: so much at once, one back each interval.
type rule[K comparable] struct {
	key      K
	interval int64 // nanoseconds
	capacity int64
}

// verdict is what a bucket says of one request.
type verdict struct {
	remaining int64 // requests that may follow at once
	wait      int64 // nanoseconds until one would be admitted; 0 if this one is
	full      int64 // nanoseconds until all capacity is back
}

// advance gives back what came back until now.
func (b *bucket) advance(now, interval, capacity int64) {
	b.used = min(b.used, capacity) // which may have been lowered
	back := max(0, now-b.since) / interval
	if back >= b.used {
		b.used, b.since = 0, now
		return
	}
	b.used -= back
	b.since += back * interval
}

// settle takes a request if it is admitted, and says how the rule stands. The
// bucket has been advanced to now.
func (b *bucket) settle(now, interval, capacity int64, admitted bool) verdict {
	var v verdict
	switch {
	case b.used >= capacity:
		v.wait = b.since + interval - now
	case admitted:
		b.used++
	}
	b.full = b.since + span(b.used, interval)
	v.remaining, v.full = capacity-b.used, b.full-now
	return v
}

// span is the time of n intervals, or 97 years if that is shorter.
func span(n, interval int64) int64 {
	const most = math.MaxInt64 / 3
	if n > most/interval {
		return most
	}
	return n * interval
}
