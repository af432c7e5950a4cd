package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

// Defaults of Config.
const (
	DefaultAppRecords     = 1_000_000
	DefaultAppRecordBytes = 1 << 30
)

// growth is how many records and bytes of documents came or went.
type growth struct{ records, bytes int64 }

// quota knows how much each app keeps. Counting takes a look at every record,
// so it is done in the background, now and then; in between, what this process
// writes is added. What is written while a count runs may escape it, and several
// hosts see one another's writes with the next one.
type quota struct {
	most  growth
	count func(ctx context.Context, appID string) (growth, error)
	ctx   context.Context // ends with the database
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu   sync.Mutex
	apps map[string]*usage
}

// usage is what an app keeps.
type usage struct {
	growth
	known    bool
	counting bool
	counts   int           // that were made
	first    chan struct{} // closed after the first count
	patience time.Time     // until when writes wait for it
	next     time.Time     // when to count again
}

// Counting again takes its turn after a while, and so long after that it takes
// a hundredth of the time at most.
const (
	countEvery = time.Minute
	countShare = 100
)

func newQuota(most growth, count func(ctx context.Context, appID string) (growth, error)) *quota {
	q := &quota{most: most, count: count, apps: map[string]*usage{}}
	q.ctx, q.end = context.WithCancel(context.Background())
	return q
}

// close waits for the counts that run.
func (q *quota) close() {
	q.end()
	q.tasks.Wait()
}

// firstPatience is how long writes wait for the first count of an app, all of
// them together: most apps are counted by then, and no commit overlaps the count.
const firstPatience = 500 * time.Millisecond

// of is what an app keeps, as far as it is known. It starts a count if it is
// time for one.
func (q *quota) of(appID string) (u growth, known bool) {
	q.mu.Lock()
	app := q.apps[appID]
	if app == nil {
		app = &usage{first: make(chan struct{}), patience: time.Now().Add(firstPatience)}
		q.apps[appID] = app
	}
	if !app.counting && q.ctx.Err() == nil && !time.Now().Before(app.next) {
		app.counting = true
		q.tasks.Go(func() { q.recount(appID, app) })
	}
	u, known = app.growth, app.known
	q.mu.Unlock()
	if known {
		return u, true
	}
	select {
	case <-app.first:
	case <-time.After(time.Until(app.patience)):
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return app.growth, app.known
}

func (q *quota) recount(appID string, app *usage) {
	begin := time.Now()
	counted, err := q.count(q.ctx, appID)
	took := time.Since(begin)
	q.mu.Lock()
	defer q.mu.Unlock()
	if app.next.IsZero() {
		close(app.first)
	}
	app.counting, app.next = false, time.Now().Add(max(countEvery, countShare*took))
	if err != nil {
		return // what was known stays
	}
	// What was committed meanwhile may be missing: the next count has it.
	app.growth, app.known = counted, true
	app.counts++
}

// forget takes up that an app keeps much less now, or nothing any more: how much
// is to be counted.
func (q *quota) forget(appID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.apps, appID)
}

// moment is one between two counts of an app.
type moment struct {
	app    *usage
	counts int
}

// now is the moment before a commit.
func (q *quota) now(appID string) moment {
	q.mu.Lock()
	defer q.mu.Unlock()
	app := q.apps[appID]
	if app == nil {
		return moment{}
	}
	return moment{app, app.counts}
}

// add tells what a transaction has committed since a moment. If the app was
// counted meanwhile, nobody knows whether that is in the count: then it makes
// room, but takes none, so that nothing is refused for being counted twice.
func (q *quota) add(appID string, g growth, since moment) {
	q.mu.Lock()
	defer q.mu.Unlock()
	app := q.apps[appID]
	if app == nil {
		return
	}
	if since != (moment{app, app.counts}) {
		g = growth{min(g.records, 0), min(g.bytes, 0)}
	}
	app.growth = growth{app.records + g.records, app.bytes + g.bytes}
}

// admit refuses what would be too much.
func (t *recordTransaction) admit(records, bytes int64) error {
	q := t.db.quota
	used, known := q.of(t.appID)
	if !known {
		return nil
	}
	if records > 0 && used.records+t.growth.records+records > q.most.records {
		return host.Errorf(host.CodeQuota, "The app has %d records, as many as it may have", used.records+t.growth.records)
	}
	if bytes > 0 && used.bytes+t.growth.bytes+bytes > q.most.bytes {
		return host.Errorf(host.CodeQuota, "The records of the app have %d bytes; at most %d are allowed", used.bytes+t.growth.bytes, q.most.bytes)
	}
	return nil
}

// sized is how long the record with the key was before it was written.
type sized struct {
	key  recordKey
	size int64
}

// grow notes what was written, and how long the record with the key is now.
func (t *recordTransaction) grow(key recordKey, records, bytes, size int64) {
	t.growth = growth{t.growth.records + records, t.growth.bytes + bytes}
	t.wrote = append(t.wrote, sized{key, t.sizes[key]})
	t.sizes[key] = size
}

// shrink undoes what was noted since the growth was as given, when so many
// writes were noted.
func (t *recordTransaction) shrink(to growth, wrote int) {
	t.growth = to
	for _, w := range slices.Backward(t.wrote[wrote:]) {
		t.sizes[w.key] = w.size
	}
	t.wrote = t.wrote[:wrote]
}

// countRecords counts what an app keeps.
func (db *DB) countRecords(ctx context.Context, appID string) (total growth, err error) {
	var tables []string
	if err := db.EachObject(ctx, appID, func(o *host.Object) { tables = append(tables, tableName(o.ID)) }); err != nil {
		return growth{}, err
	}
	for _, table := range tables {
		if total, err = db.addCount(ctx, total, table); err != nil {
			return growth{}, err
		}
	}
	return db.addCount(ctx, total, "secure_value WHERE app_id = $1", appID)
}

// addCount adds the rows of a FROM, and what they have in the column bytes.
func (db *DB) addCount(ctx context.Context, to growth, from string, args ...any) (growth, error) {
	type row struct {
		Records int64 `db:"records"`
		Bytes   int64 `db:"bytes"`
	}
	counted, err := read(ctx, db.main, func(s *session) (row, error) {
		return one[row](s, "", "SELECT COUNT(*) AS records, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM "+from, args...)
	})
	return growth{to.records + counted.Records, to.bytes + counted.Bytes}, err
}
