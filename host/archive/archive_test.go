package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/archive"
)

var limits = archive.Limits{ModuleBytes: 1000, TotalBytes: 5000}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// manifest is one that is in order for an archive with the given modules.
func manifest(contents ...string) *archive.Manifest {
	m := &archive.Manifest{
		Format: archive.Format, App: archive.App{Name: "Orders", Environment: "production", AuthorizedDomains: []string{}},
		Release: 7, Endpoints: []json.RawMessage{}, KeyGroups: []string{"staff"},
	}
	for i, content := range contents {
		m.Modules = append(m.Modules, archive.Module{Name: fmt.Sprintf("m%d", i), Version: i + 1, Digest: digestOf(content)})
	}
	return m
}

func write(t testing.TB, m *archive.Manifest, contents ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	err := archive.Write(&out, m, func(digest string) ([]byte, error) {
		for _, content := range contents {
			if digestOf(content) == digest {
				return []byte(content), nil
			}
		}
		return nil, fmt.Errorf("no content for %s", digest)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(raw []byte) (*archive.Archive, error) {
	return archive.Open(bytes.NewReader(raw), int64(len(raw)), limits)
}

func TestArchive_RoundTrip(t *testing.T) {
	t.Parallel()
	want := manifest("one", "two")
	want.Modules = append(want.Modules, archive.Module{Name: "again", Version: 1, Digest: digestOf("one")})
	a, err := open(write(t, want, "one", "two"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &a.Manifest); diff != "" {
		t.Error(diff)
	}
	for _, content := range []string{"one", "two"} {
		if got, err := a.Module(digestOf(content)); string(got) != content || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := a.Module(digestOf("three")); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("a module that is not there: %v", err)
	}
}

// TestDescribe shows that nothing secret and nothing of the place goes along.
func TestDescribe(t *testing.T) {
	t.Parallel()
	app := host.NewApp("organization")
	app.Name, app.Domains, app.EngagementCredentials = "Orders", []string{"orders.example.com"}, json.RawMessage(`{"token":"s3cret"}`)
	hook := "https://hooks.example.com/s3cret"
	app.WebhookURL = &hook
	e := host.NewEndpoint()
	e.Method, e.Path, e.KeyGroups, e.Revision = "GET", "/", []string{"staff"}, 4
	e.Module = host.PinnedModule{Name: "m", Version: 3, Digest: digestOf("one")}
	o := host.NewObject(app.ID)
	o.Name, o.Schema = "orders", json.RawMessage(`{"type":"object"}`)
	m, err := archive.Describe(app, &host.Release{Number: 4, Endpoints: []host.Endpoint{*e, *e}}, []*host.Object{o}, []*host.Variable{host.NewVariable(app.ID, "REGION", "eu")})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{app.ID, o.ID, app.APIKey, app.APISecret, "s3cret", "orders.example.com", e.ID, "revision", "created_at", "organization"} {
		if strings.Contains(string(text), private) {
			t.Errorf("%s is in %s", private, text)
		}
	}
	if len(m.Modules) != 1 || len(m.KeyGroups) != 1 || len(m.Objects) != 1 || m.Objects[0].Name != "orders" || !strings.Contains(string(m.Endpoints[0]), `"module":"`+e.Module.Digest+`"`) {
		t.Errorf("described as %s", text)
	}
}

// entry of a zip file that no writer of ours makes.
type entry struct {
	name, content string
	size          uint64 // as the entry claims; 0 for that of content
}

func zipped(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		size := uint64(len(e.content))
		if e.size > 0 {
			size = e.size
		}
		raw, err := w.CreateRaw(&zip.FileHeader{Name: e.name, CompressedSize64: uint64(len(e.content)), UncompressedSize64: size, CRC32: crc32.ChecksumIEEE([]byte(e.content))})
		if err == nil {
			_, err = raw.Write([]byte(e.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func text(t testing.TB, m *archive.Manifest) string {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestOpen_Refused(t *testing.T) {
	t.Parallel()
	good := entry{name: "manifest.json", content: text(t, manifest("one"))}
	one := entry{name: "modules/" + digestOf("one"), content: "one"}
	with := func(change func(*archive.Manifest)) entry {
		m := manifest("one")
		change(m)
		return entry{name: "manifest.json", content: text(t, m)}
	}
	many := []entry{good}
	for i := range host.MaxEndpoints + 1 {
		many = append(many, entry{name: "modules/" + digestOf(fmt.Sprint(i)), content: "x"})
	}
	heavy := []entry{good}
	for i := range 5 {
		heavy = append(heavy, entry{name: "modules/" + digestOf(fmt.Sprint(i)), content: strings.Repeat("x", 999)})
	}
	whole := zipped(t, good, one)
	for name, tt := range map[string]struct {
		raw  []byte
		want string
	}{
		"empty":           {nil, "no zip file"},
		"text":            {[]byte(strings.Repeat("text ", 100)), "no zip file"},
		"cut off":         {whole[:len(whole)-1], "cut off"},
		"with a tail":     {append(bytes.Clone(whole), "tail"...), "behind its end"},
		"with a head":     {append([]byte("head"), whole...), "list of entries"},
		"no manifest":     {zipped(t, one), "no manifest.json"},
		"traversal":       {zipped(t, good, one, entry{name: "../../etc/passwd", content: "x"}), "has no place"},
		"absolute":        {zipped(t, good, one, entry{name: "/modules/" + digestOf("one"), content: "one"}), "has no place"},
		"folder":          {zipped(t, good, one, entry{name: "modules/"}), "has no place"},
		"not a digest":    {zipped(t, good, one, entry{name: "modules/one", content: "one"}), "has no place"},
		"prefixed digest": {zipped(t, good, entry{name: "modules/sha256:" + digestOf("one"), content: "one"}), "has no place"},
		"two manifests":   {zipped(t, good, one, good), "two entries"},
		"two modules":     {zipped(t, good, one, one), "two entries"},
		"unlisted":        {zipped(t, good, one, entry{name: "modules/" + digestOf("two"), content: "two"}), "does not list"},
		"missing":         {zipped(t, good), "but has no modules/"},
		"many":            {zipped(t, many...), "too many entries"},
		"large":           {zipped(t, good, entry{name: one.name, content: strings.Repeat("x", 1001)}), "at most 1000"},
		"large claim":     {zipped(t, good, entry{name: one.name, content: "one", size: 1 << 62}), "at most 1000"},
		"large in all":    {zipped(t, heavy...), "more than 5000"},
		"no JSON":         {zipped(t, entry{name: "manifest.json", content: "{"}), "not the JSON"},
		"newer":           {zipped(t, with(func(m *archive.Manifest) { m.Format = 2 }), one), "format 2"},
		"unknown field":   {zipped(t, entry{name: "manifest.json", content: `{"format":1,"secrets":[]}`}), `unknown field "secrets"`},
		"bad module name": {zipped(t, with(func(m *archive.Manifest) { m.Modules[0].Name = "a/b" }), one), `called "a/b"`},
		"listed twice": {zipped(t, with(func(m *archive.Manifest) {
			m.Modules = append(m.Modules, m.Modules[0])
			m.Modules[1].Version = 9
		}), one), "twice"},
		"key groups": {zipped(t, with(func(m *archive.Manifest) { m.KeyGroups = make([]string, 1001) }), one), "key groups"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(tt.raw)
			if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestOpen_Aliases shows that one module is not taken under any number of names.
func TestOpen_Aliases(t *testing.T) {
	t.Parallel()
	m := manifest("one")
	for i := range host.MaxEndpoints {
		m.Modules = append(m.Modules, archive.Module{Name: fmt.Sprintf("alias%d", i), Version: 1, Digest: digestOf("one")})
	}
	raw := write(t, m, "one")
	_, err := archive.Open(bytes.NewReader(raw), int64(len(raw)), archive.Limits{ModuleBytes: 1000, TotalBytes: 1 << 20})
	if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, "501 modules") {
		t.Errorf("%v", err)
	}
}

// TestOpen_Variables shows that no more are taken than an app may have.
func TestOpen_Variables(t *testing.T) {
	t.Parallel()
	m := manifest()
	m.Variables = make([]archive.Variable, host.MaxSettings+1)
	raw := write(t, m)
	_, err := archive.Open(bytes.NewReader(raw), int64(len(raw)), archive.Limits{TotalBytes: 1 << 20})
	if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, "201 variables") {
		t.Errorf("%v", err)
	}
}

// TestOpen_HiddenEntries shows that a list longer than the end record admits is
// found out: readers go by the list.
func TestOpen_HiddenEntries(t *testing.T) {
	t.Parallel()
	raw := zipped(t, entry{name: "manifest.json", content: text(t, manifest())}, entry{name: "evil", content: "x"})
	end := raw[len(raw)-22:]
	binary.LittleEndian.PutUint16(end[8:], 1)
	binary.LittleEndian.PutUint16(end[10:], 1)
	if _, err := open(raw); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("opened, error %v", err)
	}
}

func TestModule_Lies(t *testing.T) {
	t.Parallel()
	good := entry{name: "manifest.json", content: text(t, manifest("one"))}
	for name, e := range map[string]entry{
		"another digest": {name: "modules/" + digestOf("one"), content: "two"},
		"is damaged":     {name: "modules/" + digestOf("one"), content: "one", size: 2},
	} {
		a, err := open(zipped(t, good, e))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Module(digestOf("one")); host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpen reads hostile archives: nothing panics, every fault is the
// archive's, and what a module's bytes are is what their digest says.
func FuzzOpen(f *testing.F) {
	f.Add(write(f, manifest("one", "two"), "one", "two"))
	f.Add(zipped(f, entry{name: "manifest.json", content: text(f, manifest("one"))}, entry{name: "modules/" + digestOf("one"), content: "two", size: 2}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := open(raw)
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid {
				t.Errorf("%v", err)
			}
			return
		}
		for _, m := range a.Manifest.Modules {
			content, err := a.Module(m.Digest)
			if err == nil && digestOf(string(content)) != m.Digest || err != nil && host.CodeOf(err) != host.CodeInvalid {
				t.Errorf("module %s: %d bytes, %v", m.Digest, len(content), err)
			}
			if int64(len(content)) > limits.ModuleBytes {
				t.Errorf("%d bytes", len(content))
			}
		}
	})
}
