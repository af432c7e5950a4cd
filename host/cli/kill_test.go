//go:build unix

package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host/store/storetest"
)

const killWriters = 4

// killRounds is how often a server is killed: more for `make scale`, less under
// the race detector.
func killRounds() int {
	switch {
	case os.Getenv("POSTERN_SCALE") != "":
		return 300
	case underRace:
		return 3
	}
	return 15
}

// TestKill kills a server with SIGKILL while clients write through an atomic
// endpoint, again and again. Whatever was acknowledged must be there after the
// next start, and whatever was not must be whole or absent.
func TestKill(t *testing.T) {
	t.Parallel()
	const masterKey = "POSTERN_MASTER_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		b := newBook(t)
		b.rounds(killRounds(), b.killHost)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		b := newBook(t, "POSTERN_DATABASE_URL="+storetest.Postgres(t), masterKey)
		b.rounds(killRounds(), b.killHost)
	})
	t.Run("ItsDatabase", func(t *testing.T) {
		t.Parallel()
		database := storetest.StartDurable(t)
		b := newBook(t, "POSTERN_DATABASE_URL="+database.URL(), masterKey)
		b.rounds(max(killRounds()/5, 1), func() {
			must(t, database.Kill())
			<-b.gone
			must(t, database.Restart())
		})
	})
}

// entry is what one request writes: three parts, and one more that is counted.
type entry struct{ Writer, Number int }

// outcome is what a client knows about an entry.
type outcome int

const (
	unknown outcome = iota // no answer, or one that leaves it open
	stored
	refused
)

// book is a server and what its clients know.
type book struct {
	t      *testing.T
	dir    string
	env    []string
	server *running

	mu     sync.Mutex
	next   [killWriters]int
	sent   map[entry]outcome
	counts map[int]entry // of the answers
	enough chan struct{} // closed after left more answers
	gone   chan struct{} // closed when no client writes any more
	left   int
}

// newBook starts a server with the endpoint of testdata/ledger.
func newBook(t *testing.T, env ...string) *book {
	t.Helper()
	b := &book{t: t, dir: t.TempDir(), env: env, sent: map[entry]outcome{}, counts: map[int]entry{}}
	b.start()
	deployCopy(t, "testdata/ledger", b.dir, b.server.address)
	return b
}

func (b *book) start() {
	b.t.Helper()
	b.server = startServerWith(b.t, b.dir, b.env)
}

// killHost kills the server and starts it again.
func (b *book) killHost() {
	b.t.Helper()
	must(b.t, b.server.Process.Kill())
	_ = b.server.Wait() // reports the signal
	<-b.gone
	b.start()
}

// rounds lets clients write, kills something at a moment that nobody foresees,
// and looks at what is left. kill returns when all is up again.
func (b *book) rounds(n int, kill func()) {
	b.t.Helper()
	for range n {
		b.write(1 + rand.IntN(30))
		select {
		case <-b.enough:
		case <-b.gone:
		}
		time.Sleep(rand.N(3 * time.Millisecond)) // anywhere within a request
		kill()
		b.check()
	}
	tally := map[outcome]int{}
	for _, o := range b.sent {
		tally[o]++
	}
	b.t.Logf("%d rounds: %d entries acknowledged, %d refused, %d left open", n, tally[stored], tally[refused], tally[unknown])
	if tally[stored] < n {
		b.t.Errorf("no more than %d entries were acknowledged in %d rounds", tally[stored], n)
	}
}

// write starts clients that write until they get no answer any more. enough is
// closed after so many answers.
func (b *book) write(answers int) {
	b.enough, b.gone, b.left = make(chan struct{}), make(chan struct{}), answers
	var writers sync.WaitGroup
	for writer := range killWriters {
		writers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for b.add(client, writer) {
			}
		})
	}
	gone := b.gone
	go func() {
		writers.Wait()
		close(gone)
	}()
}

// add writes one entry and reports whether the server is there.
func (b *book) add(client *http.Client, writer int) bool {
	b.mu.Lock()
	e := entry{writer, b.next[writer]}
	b.next[writer]++
	b.sent[e] = unknown
	b.mu.Unlock()
	body, _ := json.Marshal(e)
	response, err := client.Post("http://"+b.server.address+"/run/ledger/entries", "application/json", bytes.NewReader(body))
	if err != nil {
		return false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return false
	}
	return b.note(e, response.StatusCode, text)
}

// note takes an answer down.
func (b *book) note(e entry, status int, text []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch status {
	case http.StatusCreated:
		var answer struct{ Count int }
		if err := json.Unmarshal(text, &answer); err != nil {
			b.t.Errorf("%s: %v", text, err)
		}
		if other, twice := b.counts[answer.Count]; twice {
			b.t.Errorf("%v and %v were both counted as number %d", e, other, answer.Count)
		}
		b.sent[e], b.counts[answer.Count] = stored, e
	case http.StatusConflict, http.StatusGatewayTimeout: // a transaction may last a second, on a busy machine too
		b.sent[e] = refused
	case http.StatusServiceUnavailable:
		return false // the database is away
	default:
		b.t.Errorf("%v is answered %d %s", e, status, text)
		return false
	}
	if b.left--; b.left == 0 {
		close(b.enough)
	}
	return true
}

// check holds what is stored against what the clients know.
func (b *book) check() {
	b.t.Helper()
	count, found := b.read()
	for e, parts := range found {
		if slices.Sort(parts); !slices.Equal(parts, []int{0, 1, 2}) {
			b.t.Errorf("of %v there are the parts %v", e, parts)
		}
		if o, known := b.sent[e]; !known || o == refused {
			b.t.Errorf("%v is there, though it was refused or never sent", e)
		}
	}
	for e, o := range b.sent {
		if found[e] == nil && o == stored {
			b.t.Errorf("%v was acknowledged and is gone", e)
		}
	}
	if count != len(found) {
		b.t.Errorf("%d entries are counted, and %d are there", count, len(found))
	}
	if b.t.Failed() {
		b.t.FailNow()
	}
}

// read asks for all entries until the server has its database again.
func (b *book) read() (count int, found map[entry][]int) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		response, err := http.Get("http://" + b.server.address + "/run/ledger/entries")
		must(b.t, err)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		must(b.t, err)
		if response.StatusCode == http.StatusServiceUnavailable && time.Now().Before(deadline) {
			continue
		}
		var answer struct {
			Count   int
			Entries []struct{ Writer, Number, Part int }
		}
		if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != http.StatusOK {
			b.t.Fatalf("the entries are answered %d %.500s, %v", response.StatusCode, text, err)
		}
		found = map[entry][]int{}
		for _, e := range answer.Entries {
			found[entry{e.Writer, e.Number}] = append(found[entry{e.Writer, e.Number}], e.Part)
		}
		return answer.Count, found
	}
}
