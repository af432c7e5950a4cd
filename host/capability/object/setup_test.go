package object_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, g *guest)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, newGuest(t, store.Config{Dir: t.TempDir()}))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newGuest(t, store.Config{Dir: t.TempDir(), URL: storetest.Postgres(t)}))
	})
}

// guest does what a module could, in invocations that are not atomic unless they
// are begun.
type guest struct {
	t    testing.TB
	db   *store.DB
	app  *host.App
	call *capability.Call
}

// newGuest is that of an app with the objects things, with a unique name and a
// schema, and notes, which may be anything.
func newGuest(t testing.TB, c store.Config) *guest {
	t.Helper()
	ctx := context.Background()
	sealer, err := seal.New(make([]byte, 32))
	check(t, err)
	c.Sealer = sealer
	db, err := store.Open(ctx, c)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	org := &host.Organization{ID: host.NewID(), Name: "Test", CreatedAt: host.Now(), UpdatedAt: host.Now()}
	_, err = db.CreateOrganization(ctx, org)
	check(t, err)
	app := host.NewApp(org.ID)
	app.Name = "Demo"
	check(t, db.CreateApp(ctx, app))
	g := &guest{t: t, db: db, app: app}
	g.call = &capability.Call{Granted: func(string) bool { return true }, Objects: map[string]*object.Definition{}}
	things := host.NewObject(app.ID)
	things.Name, things.UniqueFields, things.IndexedFields = "things", []string{"name"}, []string{"n"}
	things.Schema = json.RawMessage(`{"properties":{"n":{"type":"number"}},"additionalProperties":true,"not":{"required":["__id"]}}`)
	notes := host.NewObject(app.ID)
	notes.Name = "notes"
	for _, o := range []*host.Object{things, notes} {
		check(t, db.CreateObject(ctx, o))
		d, err := object.Compile(o)
		check(t, err)
		g.call.Objects[o.Name] = d
	}
	g.begin(false)
	return g
}

// begin begins an invocation.
func (g *guest) begin(atomic bool) *capability.Session {
	*g.call = capability.Call{Granted: g.call.Granted, Objects: g.call.Objects}
	g.call.Data = capability.NewSession(context.Background(), g.db, g.app.ID, atomic)
	return g.call.Data
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// operations are those that guests may import, by the name's second half.
var operations = func() map[string]*capability.Operation {
	all := map[string]*capability.Operation{}
	for i := range object.Operations {
		op := &object.Operations[i]
		all[strings.TrimPrefix(op.Name, "object_")] = op
	}
	return all
}()

// raw carries an operation out: its name, a space and the request.
func (g *guest) raw(line string) string {
	g.t.Helper()
	name, request, _ := strings.Cut(line, " ")
	op := operations[name]
	if op == nil {
		g.t.Fatalf("there is no operation %q", name)
	}
	return string(op.Do(context.Background(), g.call, []byte(request)))
}

var (
	stamps = regexp.MustCompile(`,"__(created|updated)_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
	ids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// do is raw without what differs from run to run: times are left out, and ids
// are ID.
func (g *guest) do(line string) string {
	g.t.Helper()
	return ids.ReplaceAllString(stamps.ReplaceAllString(g.raw(line), ""), "ID")
}

// stored inserts a record and returns its id.
func (g *guest) stored(name, doc string) string {
	g.t.Helper()
	answer := g.raw(`insert {"object":"` + name + `","record":` + doc + `}`)
	id := ids.FindString(answer)
	if id == "" || strings.Contains(answer, `"error"`) {
		g.t.Fatal(answer)
	}
	return id
}

// holds is what an object has, in the order of its ids.
func (g *guest) holds(name string) string {
	g.t.Helper()
	return strings.TrimPrefix(g.do(`query {"object":"`+name+`"}`), `{"records":`)
}
