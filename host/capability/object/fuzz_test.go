package object_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// FuzzOperations: whatever a module asks for, it gets one JSON object, in which
// no fault of ours is admitted, and a batch leaves what it reports.
func FuzzOperations(f *testing.F) {
	g := newGuest(f, store.Config{Dir: f.TempDir()})
	id := g.stored("things", `{"name":"a","n":1}`)
	names := []string{"query", "insert", "put", "patch", "delete", "batch"}
	for _, seed := range []string{
		`query {"object":"things","filter":{"name":{"like":"a"},"OR":[{"n":{">":0}},{"NOT":{"x":null}}]},"sort":["-n"],"fields":["a.b","__version"],"limit":3,"count":true}`,
		`query {"object":"things","cursor":"AAAA"}`,
		`insert {"object":"things","records":[{"name":"a"},{"name":"b","deep":[[[{"x":null}]]]}],"on_conflict":"existing"}`,
		`insert {"object":"notes","record":{"__id":"` + host.NewID() + `","":1,"\u0000":"\ud800","n":-1e400}}`,
		`put {"object":"things","record":{"__id":"` + id + `","n":1.10},"if_version":1}`,
		`patch {"object":"things","id":"` + id + `","patch":{"n":null,"__x":1}}`,
		`delete {"object":"things","id":"` + id + `","if_version":1}`,
		`batch {"operations":[{"insert":{"object":"notes","record":{}}},{"delete":{"object":"things","id":"` + id + `"}},{"put":{"object":"notes","record":[]}}]}`,
		`batch ` + strings.Repeat("[", 100),
		"query \xff\x00",
	} {
		name, request, _ := strings.Cut(seed, " ")
		f.Add(uint8(slices.Index(names, name)), []byte(request))
	}
	before := g.holds("things") + g.holds("notes")
	f.Fuzz(func(t *testing.T, op uint8, request []byte) {
		g.t = t
		session := g.begin(true)
		answer := g.raw(names[int(op)%len(names)] + " " + string(request))
		var told struct{ Error *struct{ Code host.Code } }
		if err := json.Unmarshal([]byte(answer), &told); err != nil || answer[0] != '{' {
			t.Fatalf("the answer is %q: %v", answer, err)
		}
		if told.Error != nil {
			if slices.Contains([]host.Code{host.CodeInternal, host.CodeUnavailable, host.CodePermission, ""}, told.Error.Code) {
				t.Errorf("answered %s", answer)
			}
			if after := g.holds("things") + g.holds("notes"); after != before {
				t.Errorf("what failed left %s", after)
			}
		}
		session.Finish(false)
		if err := session.Over(); err != nil {
			t.Errorf("the transaction broke: %v", err)
		}
	})
}
