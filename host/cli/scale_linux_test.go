package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
)

// What `make scale` measures. Nothing is asserted about time or memory, only
// that the host answers.
const (
	scaleApps      = 1000
	scaleEndpoints = 10 // of each app
	scaleGo        = 50 // of the modules are Go's: 3 MB, the others a few hundred bytes
	scaleStarts    = 5  // of which the median counts
)

// estate is the data directory of a host with many apps.
type estate struct {
	dir    string
	org    string
	hello  []byte // plugins/hello
	digest string // its
}

// TestScale measures hosts with one Go module, with twenty, and with a
// thousand modules and ten thousand endpoints.
func TestScale(t *testing.T) {
	if os.Getenv("POSTERN_SCALE") == "" {
		t.Skip("set POSTERN_SCALE=1, or run make scale")
	}
	e := newEstate(t)
	e.measureStarts(t, "1 Go module")
	e.fill(t, 1, 20, 20)
	e.measureStarts(t, "20 Go modules")
	e.fill(t, 20, scaleApps, scaleGo)
	e.measureLarge(t, "compiling the small modules")
	e.measureLarge(t, "warm disk")
}

// newEstate has a server make a data directory and deploys plugins/hello.
func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{dir: t.TempDir()}
	env, err := goEnv()
	must(t, err)
	r := startServer(t, e.dir)
	source, err := filepath.Abs("../../plugins/hello")
	must(t, err)
	deploy := postern(t, e.dir, "deploy", source, "--server", "http://"+r.address)
	deploy.Env = append(deploy.Env, env...)
	if out, err := deploy.CombinedOutput(); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	e.stop(t, r)
	e.open(t, func(ctx context.Context, db *store.DB) {
		app, err := db.App(ctx, "hello")
		must(t, err)
		release, err := db.Release(ctx, app.ID, 0)
		must(t, err)
		e.org, e.digest = app.OrganizationID, release.Endpoints[0].Module.Digest
		e.hello, err = db.ModuleContent(ctx, e.digest)
		must(t, err)
	})
	return e
}

// open opens the store, of which no host makes use meanwhile.
func (e *estate) open(t *testing.T, use func(context.Context, *store.DB)) {
	t.Helper()
	data := filepath.Join(e.dir, "data")
	key, err := seal.LoadOrCreate(filepath.Join(data, "master.key"))
	must(t, err)
	sealer, err := seal.New(key)
	must(t, err)
	db, err := store.Open(t.Context(), store.Config{Dir: data, Sealer: sealer})
	must(t, err)
	use(t.Context(), db)
	must(t, db.Close())
}

// fill adds the apps from one number to another, of which those below inGo are
// served by Go modules. The machine code of all Go modules is the same, so
// that it is copied and not compiled.
func (e *estate) fill(t *testing.T, from, to, inGo int) {
	t.Helper()
	tiny, err := os.ReadFile("../engine/testdata/ok/hello.wasm")
	must(t, err)
	e.open(t, func(ctx context.Context, db *store.DB) {
		for i := from; i < to; i++ {
			content, function := tiny, "handle"
			if i < inGo {
				content = e.hello
			}
			// A custom section makes it another module.
			content = append(bytes.Clone(content), 0, 6, 1, 'n', byte(i), byte(i>>8), 0, 0)
			sum := sha256.Sum256(content)
			digest := hex.EncodeToString(sum[:])
			if i < inGo {
				e.copyCode(t, digest)
			}
			e.addApp(t, ctx, db, i, content, &host.Module{
				ID: host.NewID(), Name: "m", Digest: digest, Size: int64(len(content)),
				Exports: []host.Export{{Name: function, Kind: host.FuncKind, Callable: true}},
			}, function)
		}
	})
}

func (e *estate) addApp(t *testing.T, ctx context.Context, db *store.DB, i int, content []byte, m *host.Module, function string) {
	t.Helper()
	app := host.NewApp(e.org)
	app.Name = fmt.Sprintf("App %d", i)
	must(t, db.CreateApp(ctx, app))
	m.AppID = app.ID
	_, err := db.AddModule(ctx, m, content)
	must(t, err)
	_, err = db.MakeRelease(ctx, app.ID, func(d *host.Draft) error {
		for n := range scaleEndpoints {
			ep := host.NewEndpoint()
			ep.Name, ep.Method, ep.Path, ep.Function = fmt.Sprintf("Endpoint %d", n), "GET", fmt.Sprintf("/e%d/{name}", n), function
			ep.RequiresAuthentication = false
			ep.Module = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
			d.Endpoints = append(d.Endpoints, *ep)
		}
		return nil
	})
	must(t, err)
}

// copyCode gives a digest the compiled code of plugins/hello.
func (e *estate) copyCode(t *testing.T, digest string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(e.dir, "data", "cache", e.digest+"-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the cache holds %v (%v)", found, err)
	}
	to := strings.Replace(found[0], e.digest, digest, 1)
	must(t, os.CopyFS(to, os.DirFS(found[0])))
}

// measureStarts starts a host again and again and asks the moment it listens.
func (e *estate) measureStarts(t *testing.T, what string) {
	var whole, first []time.Duration
	for range scaleStarts {
		began := time.Now()
		r := startServer(t, e.dir)
		listening := time.Now()
		get(t, r, "/run/hello/hello/Ada")
		whole, first = append(whole, time.Since(began)), append(first, time.Since(listening))
		e.stop(t, r)
	}
	t.Logf("%s: first answer %s after the start of the process; the request itself took %s", what, round(median(whole)), round(median(first)))
}

// measureLarge measures a host with a thousand apps.
func (e *estate) measureLarge(t *testing.T, what string) {
	began := time.Now()
	r := startServer(t, e.dir)
	defer e.stop(t, r)
	took := func(step string, do func()) {
		began := time.Now()
		do()
		t.Logf("%s: %s %s", what, step, round(time.Since(began)))
	}
	get(t, r, "/readyz")
	t.Logf("%s: ready %s after the start of the process; resident %d MiB", what, round(time.Since(began)), resident(t, r)>>20)
	cpu := rest(t, r)
	t.Logf("%s: prepared %s after the start, with %s of CPU; resident %d MiB", what, round(time.Since(began)), round(cpu), resident(t, r)>>20)
	took("first request of plugins/hello", func() { get(t, r, "/run/hello/hello/Ada") })
	took("first request of a small module", func() { get(t, r, "/run/app-999/e0/Ada") })
	took("first request of another Go module", func() { get(t, r, "/run/app-49/e0/Ada") })
	took("the same again", func() { get(t, r, "/run/app-49/e0/Ada") })
	took("a new key", func() { e.post(t, r, "/v1/keys", `{"name":"`+what+`"}`) })
	took("a new release of one app", func() {
		e.post(t, r, "/v1/apps/app-500/endpoints", fmt.Sprintf(`{"name":"New %s","method":"POST","path":"/new-%d","module":"m","function":"handle"}`, what, len(what)))
	})
	for i := range scaleApps {
		if i > 0 && (i < scaleGo || i%5 == 0) {
			get(t, r, fmt.Sprintf("/run/app-%d/e1/Ada", i))
		}
	}
	t.Logf("%s: resident after requests to every Go module and 190 others %d MiB", what, resident(t, r)>>20)
}

// get expects an answer to a request.
func get(t *testing.T, r *running, path string) {
	t.Helper()
	answer, err := http.Get("http://" + r.address + path)
	must(t, err)
	expect(t, answer, path, 200)
}

// post expects that something is created.
func (e *estate) post(t *testing.T, r *running, path, body string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(e.dir, "data", "admin.key"))
	must(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.address+path, strings.NewReader(body))
	must(t, err)
	request.Header.Set("X-API-Key", strings.TrimSpace(string(key)))
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	expect(t, answer, path, 201)
}

func expect(t *testing.T, answer *http.Response, path string, status int) {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || answer.StatusCode != status {
		t.Fatalf("%s: %s %s (%v)", path, answer.Status, body, err)
	}
}

// stop stops a server in order, so that it notes what was called.
func (e *estate) stop(t *testing.T, r *running) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	must(t, r.Process.Signal(syscall.SIGTERM))
	for r.log.Scan() {
	}
	must(t, r.Wait())
}

// rest waits until the server has nothing to do and returns the processor time
// that it has used.
func rest(t *testing.T, r *running) time.Duration {
	t.Helper()
	for last, since := time.Duration(-1), time.Now(); ; time.Sleep(20 * time.Millisecond) {
		used := processorTime(t, r)
		if used != last {
			last, since = used, time.Now()
		}
		if time.Since(since) > 500*time.Millisecond {
			return used
		}
	}
}

func processorTime(t *testing.T, r *running) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.Process.Pid))
	must(t, err)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	must(t, err)
	system, err := strconv.Atoi(fields[12])
	must(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

func resident(t *testing.T, r *running) int {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.Process.Pid))
	must(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	must(t, err)
	return pages * os.Getpagesize()
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
