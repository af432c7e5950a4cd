package limit_test

import (
	"encoding/json"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/limit"
	"pgregory.net/rapid"
)

func rule(kind limit.Kind, id string, l host.RateLimit) limit.Rule {
	return limit.Rule{Kind: kind, ID: id, Limit: &l}
}

// gcra is the algorithm as textbooks have it: a theoretical arrival time for
// each rule.
type gcra struct {
	arrival map[limit.Kind]time.Time
}

// take is what the limiter should say. Of several rules it reports the one the
// limiter should report.
func (m *gcra) take(now time.Time, rules []limit.Rule) (best limit.Standing, admitted bool) {
	admitted = true
	for _, r := range rules {
		admitted = admitted && m.wait(now, r) <= 0
	}
	var worst time.Duration // that best waits
	var latest time.Time    // when best is full
	for i, r := range rules {
		wait := max(0, m.wait(now, r))
		if admitted {
			m.arrival[r.Kind] = later(m.arrival[r.Kind], now).Add(r.Limit.Interval())
		}
		back := later(m.arrival[r.Kind], now)
		s := limit.Standing{
			Limit: r.Limit.Limit, Window: r.Limit.Window, Capacity: r.Limit.Capacity(),
			Remaining:  int64((time.Duration(r.Limit.Capacity())*r.Limit.Interval() - back.Sub(now)) / r.Limit.Interval()),
			Reset:      back.Add(time.Second - 1).Unix(),
			RetryAfter: int64((wait + time.Second - 1) / time.Second),
		}
		if i == 0 || wait > worst || wait == worst && (s.Remaining < best.Remaining || s.Remaining == best.Remaining && back.After(latest)) {
			best, worst, latest = s, wait, back
		}
	}
	return best, admitted
}

// wait is how long a request would have to wait.
func (m *gcra) wait(now time.Time, r limit.Rule) time.Duration {
	full := later(m.arrival[r.Kind], now).Add(r.Limit.Interval())
	return full.Sub(now) - time.Duration(r.Limit.Capacity())*r.Limit.Interval()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestTake_Model sends requests at random times under random rules: every
// answer is that of the textbook's algorithm, and none of the rules ever admits
// more in any window than its burst and what came back since.
func TestTake_Model(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) host.RateLimit {
			return host.RateLimit{
				Limit:  rapid.Int64Range(1, 20).Draw(r, "limit"),
				Window: rapid.SampledFrom([]string{"second", "minute", "hour", "day"}).Draw(r, "window"),
				Burst:  rapid.Int64Range(0, 20).Draw(r, "burst"),
			}
		}), 3, 3).Draw(r, "rules")
		all := []limit.Rule{rule(limit.Credential, "a", rules[0]), rule(limit.Endpoint, "a", rules[1]), rule(limit.App, "a", rules[2])}
		c := newClock()
		l := limit.New(limit.Config{Store: newMemory(), Now: c.Now})
		defer l.Close()
		model := &gcra{arrival: map[limit.Kind]time.Time{}}
		admissions := map[limit.Kind][]time.Time{}
		for range rapid.IntRange(1, 100).Draw(r, "requests") {
			// Pauses that matter for some rule: some intervals, more or less.
			pause := rules[rapid.IntRange(0, 2).Draw(r, "of")].Interval() * time.Duration(rapid.IntRange(0, 3).Draw(r, "intervals")) / 2
			c.advance(max(0, pause+time.Duration(rapid.IntRange(-1, 1).Draw(r, "more"))))
			var under []limit.Rule
			for i, one := range all {
				if rapid.IntRange(0, 3).Draw(r, "under "+one.Kind.String()) > 0 || i == 0 {
					under = append(under, one)
				}
			}
			got, err := l.Take(under)
			want, admitted := model.take(c.Now(), under)
			if (err == nil) != admitted || host.CodeOf(err) != "" && host.CodeOf(err) != host.CodeRateLimited {
				r.Fatalf("error %v, want admitted %v", err, admitted)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				r.Fatalf("standing (- want, + got):\n%s", diff)
			}
			for _, one := range under {
				if admitted {
					admissions[one.Kind] = append(admissions[one.Kind], c.Now())
				}
			}
		}
		for _, one := range all {
			checkWindows(r, one.Limit, admissions[one.Kind])
		}
	})
}

// checkWindows looks at the time between any two admitted requests.
func checkWindows(r *rapid.T, l *host.RateLimit, admissions []time.Time) {
	for i := range admissions {
		for j := i; j < len(admissions); j++ {
			most := l.Capacity() + int64(admissions[j].Sub(admissions[i])/l.Interval())
			if n := int64(j - i + 1); n > most {
				r.Fatalf("%d requests were admitted within %s, %d are allowed", n, admissions[j].Sub(admissions[i]), most)
			}
		}
	}
}

// TestTake_Concurrent lets many take at once: exactly as many as there is
// capacity for are admitted, by each of the rules they are under.
func TestTake_Concurrent(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newMemory(), newClock())
	const callers, each = 8, 20_000
	var admitted [callers]atomic.Int64
	var all sync.WaitGroup
	for worker := range callers * 2 {
		caller := worker % callers
		all.Go(func() {
			rules := []limit.Rule{
				rule(limit.Credential, string(rune('a'+caller)), host.RateLimit{Limit: 35_000, Window: "day"}),
				rule(limit.Endpoint, "e", host.RateLimit{Limit: 1, Window: "day", Burst: 250_000}),
			}
			for range each {
				if _, err := l.Take(rules); err == nil {
					admitted[caller].Add(1)
				}
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for i := range admitted {
		n := admitted[i].Load()
		if sum += n; n > 35_000 {
			t.Errorf("caller %d was admitted %d times, the limit is 35000", i, n)
		}
	}
	// The callers' limits come to 280,000: the endpoint's decides.
	if sum != 250_000 {
		t.Errorf("%d requests were admitted, want 250000", sum)
	}
}

// TestTake_Changed changes a limit that is used up: it counts from then on.
func TestTake_Changed(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, newMemory(), c)
	take := func(r host.RateLimit) (limit.Standing, bool) {
		s, err := l.Take([]limit.Rule{rule(limit.Credential, "a", r)})
		return s, err == nil
	}
	slow := host.RateLimit{Limit: 10, Window: "day"}
	for range 10 {
		take(slow)
	}
	if s, ok := take(slow); ok || s.RetryAfter != 8640 {
		t.Fatalf("the slow limit is not used up: %+v", s)
	}
	if s, ok := take(host.RateLimit{Limit: 30, Window: "second"}); !ok || s.Remaining != 19 {
		t.Errorf("after raising it: %+v, admitted %v", s, ok)
	}
	c.advance(time.Hour)
	for range 30 {
		take(host.RateLimit{Limit: 30, Window: "second"})
	}
	lowered := host.RateLimit{Limit: 1, Window: "minute"}
	if s, ok := take(lowered); ok || s.RetryAfter != 60 {
		t.Errorf("after lowering it: %+v, admitted %v", s, ok)
	}
	c.advance(time.Minute)
	if s, ok := take(lowered); !ok {
		t.Errorf("a minute after lowering it: %+v", s)
	}
}

// TestTake_ClockBack sets the clock back: nothing comes back meanwhile, and
// nothing more is taken.
func TestTake_ClockBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, newMemory(), c)
	rules := []limit.Rule{rule(limit.App, "a", host.RateLimit{Limit: 3, Window: "minute"})}
	for i := range int64(3) {
		if s, err := l.Take(rules); err != nil || s.Remaining != 2-i {
			t.Fatalf("request %d: %+v, %v", i, s, err)
		}
		c.advance(-time.Hour)
	}
	if s, err := l.Take(rules); err == nil || s.Remaining != 0 {
		t.Errorf("after the limit is used up: %+v, %v", s, err)
	}
}

// TestTake_Extremes takes the largest numbers a limit may have.
func TestTake_Extremes(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, newMemory(), c)
	rules := []limit.Rule{rule(limit.App, "a", host.RateLimit{Limit: 1, Window: "day", Burst: host.MaxRate})}
	for i := range int64(host.MaxRate) {
		s, err := l.Take(rules)
		if err != nil || s.Remaining != host.MaxRate-1-i || s.Reset < c.Now().Unix() {
			t.Fatalf("request %d: %+v, %v", i, s, err)
		}
	}
	if s, err := l.Take(rules); err == nil || s.RetryAfter != 86400 {
		t.Errorf("after the burst: %+v, %v", s, err)
	}
}

// TestGiveBack undoes a charge.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newMemory(), newClock())
	rules := []limit.Rule{rule(limit.App, "a", host.RateLimit{Limit: 1, Window: "hour"})}
	for i := range 3 {
		if _, err := l.Take(rules); err != nil {
			t.Fatalf("take %d: %v", i, err)
		}
		if _, err := l.Take(rules); err == nil {
			t.Fatal("the limit holds nobody up")
		}
		l.GiveBack(rules)
	}
	l.GiveBack([]limit.Rule{rule(limit.App, "never seen", host.RateLimit{Limit: 1, Window: "hour"})})
}

// TestTake_Nothing is a request under no limit.
func TestTake_Nothing(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newMemory(), newClock())
	if s, err := l.Take(nil); err != nil || s != (limit.Standing{}) {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestTake_Details checks what a refused client is told.
func TestTake_Details(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newMemory(), newClock())
	rules := []limit.Rule{rule(limit.Endpoint, "a", host.RateLimit{Limit: 2, Window: "minute", Burst: 1})}
	if _, err := l.Take(rules); err != nil {
		t.Fatal(err)
	}
	_, err := l.Take(rules)
	got, _ := json.Marshal(host.AsError(err).Details)
	if want := `{"limit":2,"window":"1 minute","retry_after":30}`; string(got) != want {
		t.Errorf("details %s, want %s", got, want)
	}
	if want := "Too many requests: the endpoint's limit of 2 per minute is used up"; host.AsError(err).Message != want {
		t.Errorf("message %q", host.AsError(err).Message)
	}
}

// TestFailed throttles addresses that try wrong credentials, each for itself.
func TestFailed(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, newMemory(), c)
	failed := func(addr string) bool {
		_, err := l.Failed(netip.MustParseAddr(addr))
		return err != nil
	}
	for i := range 60 {
		if failed("203.0.113.9") || failed("2001:db8::1") {
			t.Fatalf("attempt %d is throttled", i+1)
		}
	}
	for addr, want := range map[string]bool{
		"203.0.113.9":            true,
		"::ffff:203.0.113.9":     true,
		"203.0.113.10":           false,
		"2001:db8::1":            true,
		"2001:db8::ffff:0:0:1%1": true,
		"2001:db8:0:1::1":        false,
	} {
		if failed(addr) != want {
			t.Errorf("%s: throttled %v", addr, !want)
		}
	}
	s, err := l.Failed(netip.MustParseAddr("203.0.113.9"))
	if host.CodeOf(err) != host.CodeRateLimited || s.Limit != 60 || s.RetryAfter != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
	c.advance(time.Second)
	if failed("203.0.113.9") || !failed("203.0.113.9") {
		t.Error("one attempt should come back each second")
	}
	if _, err := l.Failed(netip.Addr{}); err != nil {
		t.Errorf("a peer without an address: %v", err)
	}
}
