package object_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/store"
)

// step is an operation and the answer it must have.
type step struct{ line, want string }

// walk carries out steps. In a request $ stands for id.
func (g *guest) walk(id string, steps []step) {
	g.t.Helper()
	for _, s := range steps {
		line := strings.ReplaceAll(s.line, "$", id)
		if got := g.do(line); got != s.want {
			g.t.Errorf("%s\n got %s\nwant %s", s.line, got, s.want)
		}
	}
}

func TestInsert(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		own := host.NewID()
		g.walk(own, []step{
			{`insert {"object":"things","record":{"name":"a","n":1.50,"__version":9,"__created_at":"never"}}`,
				`{"records":[{"__id":"ID","__version":1,"n":1.50,"name":"a"}],"existing":0}`},
			{`insert {"object":"things","record":{"name":"b","__id":"$"}}`, `{"records":[{"__id":"ID","__version":1,"name":"b"}],"existing":0}`},
			{`insert {"object":"things","record":{"name":"c","__id":"$"}}`, `{"error":{"code":"conflict","message":"__id is already taken by another record","details":{"field":"__id","id":"ID"}}}`},
			{`insert {"object":"things","record":{"name":"b"}}`, `{"error":{"code":"conflict","message":"name is already taken by another record","details":{"field":"name","id":"ID"}}}`},
			{`insert {"object":"things","record":{"name":"b"},"on_conflict":"existing"}`, `{"records":[],"existing":1}`},
			{`insert {"object":"things","records":[{"name":"c"},{"name":"b"}]}`, `{"error":{"code":"conflict","message":"records[1]: name is already taken by another record","details":{"field":"name","id":"ID"}}}`},
			{`insert {"object":"things","records":[{"name":"c"},{"name":"b"},{"name":"c"},{"name":"d"}],"on_conflict":"existing"}`,
				`{"records":[{"__id":"ID","__version":1,"name":"c"},{"__id":"ID","__version":1,"name":"d"}],"existing":2}`},
			{`insert {"object":"things","records":[{"name":"e"},{"n":"text"}]}`,
				`{"error":{"code":"invalid_request","message":"records[1]: The record does not meet the schema of the object things","details":[{"path":"/n","message":"got string, want number"}]}}`},
			{`insert {"object":"things","records":[]}`, `{"records":[],"existing":0}`},
			{`query {"object":"things","sort":["name"],"fields":["name"]}`,
				`{"records":[{"__id":"ID","name":"a"},{"__id":"ID","name":"b"},{"__id":"ID","name":"c"},{"__id":"ID","name":"d"}]}`},
		})
	})
}

func TestPut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		id := g.stored("things", `{"name":"a","n":1}`)
		g.stored("things", `{"name":"taken"}`)
		g.walk(id, []step{
			{`put {"object":"things","record":{"__id":"$","name":"b"}}`, `{"record":{"__id":"ID","__version":2,"name":"b"},"created":false}`},
			{`put {"object":"things","record":{"__id":"$","name":"b","n":2},"if_version":2}`, `{"record":{"__id":"ID","__version":3,"n":2,"name":"b"},"created":false}`},
			{`put {"object":"things","record":{"__id":"$","name":"c"},"if_version":2}`, `{"error":{"code":"stale","message":"The record does not have the version 2 any more"}}`},
			{`put {"object":"things","record":{"__id":"$","name":"taken"}}`, `{"error":{"code":"conflict","message":"name is already taken by another record","details":{"field":"name","id":"ID"}}}`},
			{`put {"object":"things","record":{"__id":"$","n":"text"}}`, `{"error":{"code":"invalid_request","message":"The record does not meet the schema of the object things","details":[{"path":"/n","message":"got string, want number"}]}}`},
			{`put {"object":"things","record":{"name":"new"}}`, `{"record":{"__id":"ID","__version":1,"name":"new"},"created":true}`},
			{`put {"object":"things","record":{"name":"newer"},"if_version":1}`, `{"error":{"code":"invalid_request","message":"if_version needs the __id of a record"}}`},
			{`query {"object":"things","sort":["name"]}`, `{"records":[{"__id":"ID","__version":3,"n":2,"name":"b"},{"__id":"ID","__version":1,"name":"new"},{"__id":"ID","__version":1,"name":"taken"}]}`},
		})
		g.walk(host.NewID(), []step{
			{`put {"object":"things","record":{"__id":"$","name":"x"},"if_version":1}`, `{"error":{"code":"stale","message":"The record does not have the version 1 any more"}}`},
			{`put {"object":"things","record":{"__id":"$","name":"x"}}`, `{"record":{"__id":"ID","__version":1,"name":"x"},"created":true}`},
		})
	})
}

func TestPatch(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		id := g.stored("things", `{"name":"a","n":1.10,"at":{"x":1,"y":[1,{"z":null}]},"long":12345678901234567890.123456789}`)
		g.walk(id, []step{
			{`patch {"object":"things","id":"$","patch":{"n":2.0,"at":{"x":null,"v":"<&>"},"__version":7,"__id":"$"}}`,
				`{"record":{"__id":"ID","__version":2,"at":{"v":"<&>","y":[1,{"z":null}]},"long":12345678901234567890.123456789,"n":2.0,"name":"a"}}`},
			{`patch {"object":"things","id":"$","patch":{"long":null,"at":3},"if_version":2}`, `{"record":{"__id":"ID","__version":3,"at":3,"n":2.0,"name":"a"}}`},
			{`patch {"object":"things","id":"$","patch":{},"if_version":2}`, `{"error":{"code":"stale","message":"The record does not have the version 2 any more"}}`},
			{`patch {"object":"things","id":"$","patch":{"n":"text"}}`, `{"error":{"code":"invalid_request","message":"The record does not meet the schema of the object things","details":[{"path":"/n","message":"got string, want number"}]}}`},
			{`patch {"object":"things","id":"$","patch":{"__mine":1}}`, `{"error":{"code":"invalid_request","message":"__mine: names that begin with __ are reserved"}}`},
			{`patch {"object":"things","id":"$","patch":[]}`, `{"error":{"code":"invalid_request","message":"the patch must be a JSON object"}}`},
			{`patch {"object":"notes","id":"$","patch":{}}`, `{"error":{"code":"not_found","message":"Record not found"}}`},
			{`query {"object":"things"}`, `{"records":[{"__id":"ID","__version":3,"at":3,"n":2.0,"name":"a"}]}`},
		})
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		g.walk(g.stored("things", `{"name":"a"}`), []step{
			{`delete {"object":"notes","id":"$"}`, `{"error":{"code":"not_found","message":"Record not found"}}`},
			{`delete {"object":"things","id":"$","if_version":2}`, `{"error":{"code":"stale","message":"The record does not have the version 2 any more"}}`},
			{`delete {"object":"things","id":"$","if_version":1}`, `{"deleted":true}`},
			{`delete {"object":"things","id":"$"}`, `{"error":{"code":"not_found","message":"Record not found"}}`},
			{`delete {"object":"things","id":"$","if_version":1}`, `{"error":{"code":"not_found","message":"Record not found"}}`},
			{`delete {"object":"things","id":"no id"}`, `{"error":{"code":"not_found","message":"Record not found"}}`},
			{`query {"object":"things"}`, `{"records":[]}`},
		})
	})
}

// TestBatch: all or nothing, in atomic invocations too, which go on afterwards.
func TestBatch(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		for _, atomic := range []bool{false, true} {
			session := g.begin(atomic)
			id := g.stored("things", `{"name":"a"}`)
			g.walk(id, []step{
				{`batch {"operations":[{"insert":{"object":"notes","record":{}}},{"patch":{"object":"things","id":"$","patch":{"n":1}}},{"put":{"object":"things","record":{"name":"b"}}},{"delete":{"object":"things","id":"$","if_version":2}}]}`,
					`{"results":[{"records":[{"__id":"ID","__version":1}],"existing":0},{"record":{"__id":"ID","__version":2,"n":1,"name":"a"}},{"record":{"__id":"ID","__version":1,"name":"b"},"created":true},{"deleted":true}]}`},
				{`batch {"operations":[{"insert":{"object":"things","record":{"name":"c"}}},{"insert":{"object":"things","records":[{"name":"d"},{"name":"b"}]}}]}`,
					`{"error":{"code":"conflict","message":"records[1]: name is already taken by another record","details":{"operation":1,"field":"name","id":"ID"}}}`},
				{`batch {"operations":[{"insert":{"object":"things","record":{"name":"c"}}},{"insert":{"object":"things","record":{"n":"text"}}}]}`,
					`{"error":{"code":"invalid_request","message":"The record does not meet the schema of the object things","details":{"operation":1,"violations":[{"path":"/n","message":"got string, want number"}]}}}`},
				{`batch {"operations":[{"insert":{"object":"things","record":{"name":"c"}}},{"delete":{"object":"things","id":"$"}}]}`,
					`{"error":{"code":"not_found","message":"Record not found","details":{"operation":1}}}`},
				{`batch {"operations":[{"insert":{"object":"things","record":{"name":"c"}}},{"query":{"object":"things"}}]}`,
					`{"error":{"code":"invalid_request","message":"\"query\" is not a known member","details":{"operation":1}}}`},
				{`batch {"operations":[]}`, `{"results":[]}`},
				{`query {"object":"things"}`, `{"records":[{"__id":"ID","__version":1,"name":"b"}]}`},
				{`batch {"operations":[{"put":{"object":"things","record":{"name":"c"}}}]}`, `{"results":[{"record":{"__id":"ID","__version":1,"name":"c"},"created":true}]}`},
			})
			session.Finish(false)
			if rolled := g.begin(false).Over() == nil && strings.Count(g.holds("things"), "name") == 0; rolled != atomic {
				t.Errorf("atomic %v: %s", atomic, g.holds("things"))
			}
			for _, name := range []string{"b", "c"} { // for the second round
				if found := ids.FindString(g.raw(`query {"object":"things","filter":{"name":"` + name + `"}}`)); found != "" {
					g.do(`delete {"object":"things","id":"` + found + `"}`)
				}
			}
		}
	})
}

// TestQuery covers what becomes of a query's answer; what records match is
// tested where they are stored.
func TestQuery(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, g *guest) {
		for _, name := range []string{"a", "b", "c"} {
			g.stored("things", `{"name":"`+name+`","deep":{"`+name+`":1}}`)
		}
		answer := g.raw(`query {"object":"things","sort":["-name"],"limit":2,"count":true,"fields":["deep.b","deep.c"]}`)
		var found struct {
			Records []json.RawMessage
			Cursor  string
			Count   int
		}
		check(t, json.Unmarshal([]byte(answer), &found))
		if len(found.Records) != 2 || found.Count != 3 || found.Cursor == "" || !strings.Contains(answer, `"deep":{"c":1}},{`) {
			t.Errorf("got %s", answer)
		}
		g.walk(found.Cursor, []step{
			{`query {"object":"things","sort":["-name"],"limit":2,"fields":["deep.b","deep.c"],"cursor":"$"}`, `{"records":[{"__id":"ID"}]}`},
			{`query {"object":"others"}`, `{"error":{"code":"not_found","message":"Object not found"}}`},
			{`query {"object":"things","filter":{"name":{"oops":1}}}`, `{"error":{"code":"invalid_request","message":"filter: name: there is no operator \"oops\""}}`},
		})
	})
}

// TestRequests covers requests that are none.
func TestRequests(t *testing.T) {
	t.Parallel()
	g := newGuest(t, store.Config{Dir: t.TempDir()})
	const notObject = `{"error":{"code":"invalid_request","message":"a request must be a JSON object"}}`
	for _, name := range []string{"query", "insert", "put", "patch", "delete", "batch"} {
		for _, request := range []string{"", "null", "[]", `"x"`, "{", `{"object":"things"`, "{} {}", "\xff", strings.Repeat("[", 1<<17), strings.Repeat(`{"a":`, 1<<15)} {
			if got := g.do(name + " " + request); got != notObject {
				t.Errorf("%s %.20q: got %s", name, request, got)
			}
		}
		if got := g.do(name + ` {"object":"things","nonsense":1}`); !strings.Contains(got, `is not a known member`) {
			t.Errorf("%s: got %s", name, got)
		}
		g.begin(false)
	}
	g.walk("", []step{
		{`insert {"object":1,"record":{}}`, `{"error":{"code":"invalid_request","message":"object must be a text"}}`},
		{`insert {"record":{}}`, `{"error":{"code":"invalid_request","message":"object must be a text"}}`},
		{`insert {"OBJECT":"things","record":{}}`, `{"error":{"code":"invalid_request","message":"\"OBJECT\" is not a known member"}}`},
		{`insert {"object":"others","record":{}}`, `{"error":{"code":"not_found","message":"Object not found"}}`},
		{`insert {"object":"things"}`, `{"error":{"code":"invalid_request","message":"either record or records must be there"}}`},
		{`insert {"object":"things","record":{},"records":[]}`, `{"error":{"code":"invalid_request","message":"either record or records must be there"}}`},
		{`insert {"object":"things","records":{}}`, `{"error":{"code":"invalid_request","message":"records must be a list of objects"}}`},
		{`insert {"object":"things","records":[1]}`, `{"error":{"code":"invalid_request","message":"the record must be a JSON object"}}`},
		{`insert {"object":"things","record":{},"on_conflict":"replace"}`, `{"error":{"code":"invalid_request","message":"on_conflict must be \"error\" or \"existing\""}}`},
		{`insert {"object":"things","record":{"__id":"x"}}`, `{"error":{"code":"invalid_request","message":"__id must be a UUID in lower case"}}`},
		{`put {"object":"things"}`, `{"error":{"code":"invalid_request","message":"record is missing"}}`},
		{`put {"object":"things","record":{},"if_version":0}`, `{"error":{"code":"invalid_request","message":"if_version must be a whole number above 0"}}`},
		{`put {"object":"things","record":{},"if_version":1.5}`, `{"error":{"code":"invalid_request","message":"if_version must be a whole number above 0"}}`},
		{`patch {"object":"things","id":"x"}`, `{"error":{"code":"invalid_request","message":"patch is missing"}}`},
		{`patch {"object":"things","id":7,"patch":{}}`, `{"error":{"code":"invalid_request","message":"id must be a text"}}`},
		{`delete {"object":"things"}`, `{"error":{"code":"invalid_request","message":"id must be a text"}}`},
		{`batch {}`, `{"error":{"code":"invalid_request","message":"operations must be a list of objects"}}`},
		{`batch {"operations":[{}]}`, `{"error":{"code":"invalid_request","message":"an operation must have one member: insert, put, patch or delete","details":{"operation":0}}}`},
		{`batch {"operations":[{"put":{},"delete":{}}]}`, `{"error":{"code":"invalid_request","message":"an operation must have one member: insert, put, patch or delete","details":{"operation":0}}}`},
		{`batch {"operations":[` + strings.Repeat("1,", object.MaxBatch) + `1]}`, `{"error":{"code":"invalid_request","message":"operations must be at most 1000"}}`},
		{`insert {"object":"things","records":[` + strings.Repeat("1,", object.MaxRecords) + `1]}`, `{"error":{"code":"invalid_request","message":"records must be at most 1000"}}`},
		{`insert {"object":"things","record":{"a":"` + strings.Repeat("x", 10<<20) + `"}}`, `{"error":{"code":"invalid_request","message":"a request may have at most 8388608 bytes"}}`},
		{`query {"object":"things","cursor":"` + strings.Repeat("x", 300_000) + `"}`, `{"error":{"code":"invalid_request","message":"a query may have at most 262144 bytes"}}`},
		{`query {"object":"things"}`, `{"records":[]}`},
	})
}
