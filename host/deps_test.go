package host_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/posternhq/postern/"

// allowed is the package map: what each package may import of this module,
// beside host itself. A package that is not listed fails the test, so that the
// map cannot fall behind the house.
var allowed = map[string][]string{
	"host":                    {},
	"host/archive":            {},
	"host/config":             {},
	"host/seal":               {},
	"host/store":              {"migrations"},
	"host/auth":               {},
	"host/outbound":           {},
	"host/jwks":               {},
	"host/route":              {},
	"host/payload":            {"schemas"},
	"host/schema":             {},
	"host/transfer":           {},
	"host/instrument":         {},
	"host/engine":             {"host/instrument", "host/capability"},
	"host/capability":         {},
	"host/capability/object":  {"host/capability", "host/schema"},
	"host/capability/basic":   {"host/capability", "host/schema"},
	"host/capability/httpout": {"host/capability", "host/outbound"},
	"host/capability/jwt":     {"host/capability"},
	"host/capability/secret":  {"host/capability"},
	"host/limit":              {},
	"host/guesttest":          {},
	"host/gateway":            {"host/auth", "host/limit", "host/route", "host/payload", "host/schema", "host/engine", "host/capability", "host/capability/object"},
	"host/admin":              {"host/archive", "host/auth", "host/instrument", "host/schema", "host/transfer", "host/capability/object"},
	"host/admin/client":       {},
	"host/server":             {"host/gateway", "host/admin"},
	"host/cli":                {"*"},
	"host/cmd/postern":        {"host/cli"},
	"host/store/storetest":    {"host/store", "host/seal"},
	"host/tck":                {},
	"migrations":              {},
	"schemas":                 {},
}

// keepers names, for each library that must stay in its room, the packages
// that may import it.
var keepers = map[string][]string{
	"github.com/tetratelabs/wazero":         {"host/engine", "host/instrument"},
	"github.com/extism/go-sdk":              {"host/engine"},
	"github.com/gofiber/fiber":              {"host/server", "host/admin"},
	"github.com/valyala/fasthttp":           {"host/server", "host/admin"},
	"github.com/danielgtaylor/huma":         {"host/admin"},
	"github.com/jmoiron/sqlx":               {"host/store"},
	"github.com/lib/pq":                     {"host/store", "host/store/storetest"},
	"modernc.org/sqlite":                    {"host/store"},
	"github.com/pressly/goose":              {"host/store"},
	"github.com/spf13/cobra":                {"host/cli"},
	"github.com/santhosh-tekuri/jsonschema": {"host/schema"},
	"github.com/golang-jwt/jwt":             {"host/auth", "host/capability/jwt"},
	"code.dny.dev/ssrf":                     {"host/outbound"},
}

// TestImports holds every package against the map. Test files are free to
// import what they need.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, root := range []string{".", "../migrations", "../schemas"} {
		walk(t, root, func(dir, imported string) {
			seen[dir] = true
			checkImport(t, dir, imported)
		})
	}
	for dir := range allowed {
		if !seen[dir] {
			t.Errorf("the map lists %s, which does not exist", dir)
		}
	}
}

// walk calls visit for every import of every non-test file below root; dir is
// relative to the top of the repository.
func walk(t *testing.T, root string, visit func(dir, imported string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir := filepath.ToSlash(filepath.Clean(filepath.Join("host", filepath.Dir(path))))
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		visit(dir, "")
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			visit(dir, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImport(t *testing.T, dir, imported string) {
	t.Helper()
	may, listed := allowed[dir]
	if !listed {
		t.Errorf("%s is not in the package map", dir)
		return
	}
	if inner, ours := strings.CutPrefix(imported, module); ours && inner != "host" {
		if !slices.Contains(may, inner) && !slices.Contains(may, "*") {
			t.Errorf("%s must not import %s", dir, inner)
		}
	}
	for library, rooms := range keepers {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(rooms, dir) {
			t.Errorf("%s must not import %s", dir, imported)
		}
	}
	if dir == "host" && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
		t.Errorf("host must import the standard library only, not %s", imported)
	}
}
