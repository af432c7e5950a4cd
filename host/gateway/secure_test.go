package gateway_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/posternhq/postern/host"
)

// secured reports which of the values that were put are there, in the order in
// which they were.
func (o *outside) secured() (found []bool) {
	o.t.Helper()
	for _, id := range o.records.secured {
		_, err := o.db.ReadRecords(o.app.ID).SecureValue(context.Background(), id)
		if err != nil && host.CodeOf(err) != host.CodeNotFound {
			o.t.Fatal(err)
		}
		found = append(found, err == nil)
	}
	o.records.secured = nil
	return found
}

// TestSecure_Status: what is put in a transaction goes the way that the answer
// decides about; what is put before stays.
func TestSecure_Status(t *testing.T) {
	t.Parallel()
	onBothOutside(t, func(t *testing.T, o *outside) {
		o.serve(unchanged)
		const put = `p{"value":"4242"}`
		for _, tt := range []struct {
			name  string
			lines []string
			want  []bool
		}{
			{"committed", []string{insert("a"), put, "s201"}, []bool{true}},
			{"rolled back", []string{insert("b"), put, "s409"}, []bool{false}},
			{"a trap", []string{insert("c"), put, "!"}, []bool{false}},
			{"no response", []string{insert("d"), put, `r{"status":99}`}, []bool{false}},
			{"before", []string{put, insert("e"), put, "s500"}, []bool{true, false}},
			{"alone", []string{put, "s500"}, []bool{true}},
			{"in a call", []string{insert("f"), calls("guest", "a", put, "s200"), "s400"}, []bool{false}},
			{"in a call that fails", []string{insert("g"), calls("guest", "a", put, "!"), "s200"}, []bool{true}},
		} {
			_, _ = o.run(tt.lines...)
			if got := o.secured(); !slices.Equal(got, tt.want) {
				t.Errorf("%s: what was put is there: %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}

// TestSecure_Repeat: of a module that runs again, only what its last run put is
// there, by the key that it answers.
func TestSecure_Repeat(t *testing.T) {
	t.Parallel()
	onBothOutside(t, func(t *testing.T, o *outside) {
		o.serve(unchanged)
		conflicting(o.databundle, 2, true)
		response, record, err := o.trace(insert("a"), `p{"value":"4242"}`, "s201")
		if err != nil || ran(record) != 3 {
			t.Fatalf("got %v after %d runs", err, ran(record))
		}
		if got := o.secured(); !slices.Equal(got, []bool{false, false, true}) {
			t.Errorf("what was put is there: %v", got)
		}
		var answers []struct{ Key string }
		check(t, json.Unmarshal(response.Body, &answers))
		got, err := o.run(`o{"key":"` + answers[1].Key + `"}`)
		if err != nil || got != `[{"value":"4242"}]` {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
