package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// invocation is a record that went well.
func invocation(appID, requestID string) host.Invocation {
	return host.Invocation{
		RequestID: requestID, AppID: appID, EndpointID: "e1", Endpoint: "Get it", Release: 3, Method: "GET", Path: "/it", Status: 200,
		CallerKind: "key", CallerID: "k1", StartedAt: host.Now(), DurationUS: 1234,
		Stages: []host.Stage{{Name: "engine", DurationUS: 1000}}, Logs: []host.LogLine{{At: host.Now(), Level: host.LogInfo, Text: "hi"}},
	}
}

// listInvocations returns the request ids that a filter selects.
func listInvocations(t *testing.T, b bundle, appID string, filter host.InvocationFilter) []string {
	t.Helper()
	ids := []string{}
	for _, r := range pages(t, 3, func(p host.Page) ([]*host.Invocation, int, error) {
		return b.Invocations(t.Context(), appID, filter, p)
	}) {
		ids = append(ids, r.RequestID)
	}
	return ids
}

var invocationTests = []test{
	{"Add", func(t *testing.T, b bundle) {
		want := invocation("a", "r1")
		bare := host.Invocation{AppID: "a", RequestID: "r2"}
		if err := b.AddInvocations(t.Context(), []host.Invocation{want, bare}); err != nil {
			t.Fatal(err)
		}
		bare.Stages, bare.Logs = []host.Stage{}, []host.LogLine{}
		for _, want := range []host.Invocation{want, bare} {
			got, err := b.Invocation(t.Context(), "a", want.RequestID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got, equalTimes); diff != "" {
				t.Error(diff)
			}
		}
		if err := b.AddInvocations(t.Context(), nil); err != nil {
			t.Error("no records:", err)
		}
	}},
	{"ErrNotFound", func(t *testing.T, b bundle) {
		if err := b.AddInvocations(t.Context(), []host.Invocation{invocation("a", "r1")}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ app, id string }{{"a", "r2"}, {"b", "r1"}, {"", ""}, {"\x00", "\xff"}} {
			_, err := b.Invocation(t.Context(), c.app, c.id)
			wantError(t, err, host.CodeNotFound, "Invocation not found")
		}
		if none, total, err := b.Invocations(t.Context(), "b", host.InvocationFilter{}, host.Page{}); err != nil || total != 0 || none == nil || len(none) != 0 {
			t.Errorf("of another app: %v, %d, %v", none, total, err)
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		var batch []host.Invocation
		for i := range 8 {
			r := invocation("a", fmt.Sprint("r", i))
			switch i {
			case 1:
				r.Status = 503
			case 3:
				r.Status, r.Code = 401, host.CodeUnauthorized
			case 4:
				r.Status = 404 // the module's own answer
			case 5:
				r.EndpointID = "e2"
			case 6:
				r.EndpointID, r.Status = "e2", 500
			}
			batch = append(batch, r, invocation("b", fmt.Sprint("other", i)))
		}
		if err := b.AddInvocations(t.Context(), batch[:6]); err != nil {
			t.Fatal(err)
		}
		if err := b.AddInvocations(t.Context(), batch[6:]); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			filter host.InvocationFilter
			want   []string
		}{
			{host.InvocationFilter{}, []string{"r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"}},
			{host.InvocationFilter{Failed: true}, []string{"r6", "r3", "r1"}},
			{host.InvocationFilter{EndpointID: "e2"}, []string{"r6", "r5"}},
			{host.InvocationFilter{EndpointID: "e2", Failed: true}, []string{"r6"}},
			{host.InvocationFilter{EndpointID: "none"}, []string{}},
			{host.InvocationFilter{After: "r5"}, []string{"r7", "r6"}},
			{host.InvocationFilter{After: "r7"}, []string{}},
			{host.InvocationFilter{After: "r1", Failed: true}, []string{"r6", "r3"}},
			{host.InvocationFilter{After: "r1", Failed: true, EndpointID: "e1"}, []string{"r3"}},
			{host.InvocationFilter{After: "pruned", Failed: true}, []string{"r6", "r3", "r1"}},
			{host.InvocationFilter{EndpointID: "\x00\xff"}, []string{}},
		} {
			if got := listInvocations(t, b, "a", c.filter); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %q, want %q", c.filter, got, c.want)
			}
		}
	}},
	{"LargeBatch", func(t *testing.T, b bundle) {
		var batch []host.Invocation
		for i := range 1234 {
			batch = append(batch, invocation("a", fmt.Sprint(i)))
		}
		if err := b.AddInvocations(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		newest, total, err := b.Invocations(t.Context(), "a", host.InvocationFilter{}, host.Page{Limit: 1})
		if err != nil || total != len(batch) || newest[0].RequestID != "1233" {
			t.Errorf("newest %v of %d, %v", newest, total, err)
		}
	}},
	{"RepeatedRequestID", func(t *testing.T, b bundle) {
		first, second := invocation("a", "same"), invocation("a", "same")
		second.Status = 201
		if err := b.AddInvocations(t.Context(), []host.Invocation{first, second}); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Invocation(t.Context(), "a", "same"); err != nil || got.Status != 201 {
			t.Errorf("%+v, %v, want the newest", got, err)
		}
	}},
	{"AddConcurrently", func(t *testing.T, b bundle) {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				for j := range 5 {
					batch := []host.Invocation{invocation("a", fmt.Sprint(i, "-", j)), invocation("a", fmt.Sprint(i, "+", j))}
					if err := b.AddInvocations(t.Context(), batch); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := listInvocations(t, b, "a", host.InvocationFilter{}); len(got) != 60 {
			t.Errorf("%d records, want 60", len(got))
		}
	}},
}
