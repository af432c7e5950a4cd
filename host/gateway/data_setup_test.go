package gateway_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, b *databundle)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, setupData(t, store.Config{Dir: t.TempDir()}, object.Operations))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, setupData(t, store.Config{URL: storetest.Postgres(t)}, object.Operations))
	})
}

// databundle is a bundle whose endpoint carries out scripts of data operations
// (see operations.wat) on the object things.
type databundle struct {
	*bundle
	records *records
}

func setupData(t testing.TB, c store.Config, operations []capability.Operation) *databundle {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	db := openStore(t, c)
	seen := &records{Store: db, hooks: hooks{}}
	b := &databundle{records: seen, bundle: &bundle{
		Gateway: setupWith(t, db, seen, operations), t: t, db: db,
		app: createApp(t, db, host.Production, func(a *host.App) { a.Capabilities = []string{host.CapabilityObjects} }),
	}}
	things := host.NewObject(b.app.ID)
	things.Name, things.UniqueFields = "things", []string{"name"}
	things.Schema = json.RawMessage(`{"properties":{"n":{"type":"number"}}}`)
	check(t, db.CreateObject(context.Background(), things))
	b.refresh()
	return b
}

// serve makes the endpoint, as change alters it.
func (b *databundle) serve(change func(*host.Endpoint)) {
	b.t.Helper()
	b.serveGuest("ok/operations", func(e *host.Endpoint) {
		e.Input = host.InputBody
		change(e)
	})
}

// run has the endpoint carry out a script, and returns its answer.
func (b *databundle) run(lines ...string) (string, error) {
	response, _, err := b.trace(lines...)
	return string(response.Body), err
}

// trace is run with all there is to know of the request.
func (b *databundle) trace(lines ...string) (host.Response, *host.Invocation, error) {
	b.t.Helper()
	r := request(strings.Join(lines, "\n"))
	response, err := b.Serve(context.Background(), r)
	record, recordErr := b.recorder().Invocation(context.Background(), b.app.ID, r.ID)
	check(b.t, recordErr)
	return response, record, err
}

// names lists what is committed.
func (b *databundle) names() string {
	b.t.Helper()
	o, err := b.db.Object(context.Background(), b.app.ID, "things")
	check(b.t, err)
	q, err := host.ParseQuery(json.RawMessage(`{"sort":["name"]}`))
	check(b.t, err)
	found, err := b.db.ReadRecords(b.app.ID).QueryRecords(context.Background(), o, q)
	check(b.t, err)
	names := []string{}
	for _, r := range found.Records {
		var data struct{ Name string }
		check(b.t, json.Unmarshal(r.Data, &data))
		names = append(names, data.Name)
	}
	return strings.Join(names, " ")
}

// insert is the line of a script that inserts a thing.
func insert(name string) string { return `i{"object":"things","record":{"name":"` + name + `","n":1}}` }

// listed is the line that queries the names of things, and names its answer.
const listed = `q{"object":"things","sort":["name"],"fields":["name"]}`

// records is a store whose transactions tests can get in the way of.
type records struct {
	gateway.Store
	hooks
	secured []string // the ids of the secure values that were put in transactions
}

// hooks are called before what they are named after; an error is its result.
type hooks struct {
	begin, commit func() error
	update        func(context.Context) error
}

func (r *records) BeginRecords(ctx context.Context, appID string) (host.RecordTransaction, error) {
	if r.begin != nil {
		if err := r.begin(); err != nil {
			return nil, err
		}
	}
	tx, err := r.Store.BeginRecords(ctx, appID)
	return &transaction{tx, r}, err
}

type transaction struct {
	host.RecordTransaction
	records *records
}

func (tx *transaction) UpdateRecord(ctx context.Context, o *host.Object, r *host.Record) error {
	if tx.records.update != nil {
		if err := tx.records.update(ctx); err != nil {
			return err
		}
	}
	return tx.RecordTransaction.UpdateRecord(ctx, o, r)
}

func (tx *transaction) PutSecureValue(ctx context.Context, v *host.SecureValue) error {
	tx.records.secured = append(tx.records.secured, v.ID)
	return tx.RecordTransaction.PutSecureValue(ctx, v)
}

func (tx *transaction) Commit() error {
	if tx.records.commit != nil {
		if err := tx.records.commit(); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.RecordTransaction.Commit()
}
