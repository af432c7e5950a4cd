package limit_test

import (
	"context"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/limit"
)

// realClock is the clock that servers have.
func realClock() *limit.Limiter {
	return limit.New(limit.Config{Store: newMemory(), Now: time.Now})
}

// BenchmarkTake is what a request pays under three limits, from all cores.
func BenchmarkTake(b *testing.B) {
	l := realClock()
	defer l.Close()
	fast := &host.RateLimit{Limit: host.MaxRate, Window: "second"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := 0
		ids := make([]string, 1000)
		for i := range ids {
			ids[i] = strconv.Itoa(i)
		}
		for pb.Next() {
			rules := [3]limit.Rule{
				{Kind: limit.Credential, ID: ids[i%1000], Limit: fast},
				{Kind: limit.Endpoint, ID: ids[i%10], Limit: fast},
				{Kind: limit.App, ID: "app", Limit: fast},
			}
			_, _ = l.Take(rules[:])
			i++
		}
	})
}

// BenchmarkTake_Refused is what a refused request pays.
func BenchmarkTake_Refused(b *testing.B) {
	l := realClock()
	defer l.Close()
	rules := []limit.Rule{{Kind: limit.Credential, ID: "a", Limit: &host.RateLimit{Limit: 1, Window: "day"}}}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = l.Take(rules)
		}
	})
}

// BenchmarkTakeQuota is what a request with a quota pays while its lease lasts,
// with one call of a store that costs nothing in a thousand.
func BenchmarkTakeQuota(b *testing.B) {
	l := realClock()
	defer l.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := l.TakeQuota(context.Background(), "key", host.MaxQuota); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkUsed is the counting of a use.
func BenchmarkUsed(b *testing.B) {
	l := realClock()
	defer l.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Used("key")
		}
	})
}

// BenchmarkFailed is the counting of a wrong credential.
func BenchmarkFailed(b *testing.B) {
	l := realClock()
	defer l.Close()
	addr := netip.MustParseAddr("203.0.113.9")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = l.Failed(addr)
		}
	})
}
