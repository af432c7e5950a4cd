package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host/store/storetest"
)

// deployCopy deploys a copy of a project from a server's directory: several
// tests may build it at once. Its files are read here, so that a change of them
// runs the tests again.
func deployCopy(t *testing.T, from, dir, address string) {
	t.Helper()
	project := filepath.Join(dir, filepath.Base(from))
	copyProject(t, from, project)
	write(t, filepath.Join(project, "go.mod"), "module copy\n\ngo 1.24\n")
	env, err := goEnv()
	must(t, err)
	deploy := postern(t, dir, "deploy", project, "--server", "http://"+address)
	deploy.Env = append(deploy.Env, env...)
	if out, err := deploy.CombinedOutput(); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
}

// copyProject copies what a deploy needs, but for go.mod.
func copyProject(t *testing.T, from, to string) {
	t.Helper()
	must(t, os.MkdirAll(to, 0o755))
	files, err := filepath.Glob(filepath.Join(from, "*.*"))
	must(t, err)
	for _, file := range files {
		if name := filepath.Base(file); name != "go.mod" && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, ".") {
			write(t, filepath.Join(to, name), read(t, file))
		}
	}
}

// TestOrders has many buyers want the same few pens at once, and then cancels
// what they got: stock and orders agree at all times.
func TestOrders(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		sellOut(t)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		sellOut(t, "POSTERN_DATABASE_URL="+storetest.Postgres(t),
			"POSTERN_MASTER_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
	})
}

const (
	pens   = 10
	buyers = 30
)

func sellOut(t *testing.T, env ...string) {
	t.Helper()
	dir := t.TempDir()
	server := startServerWith(t, dir, env)
	deployCopy(t, "../../plugins/orders", dir, server.address)
	key, err := postern(t, dir, "keys", "create", "buyer", "--server", "http://"+server.address).Output()
	must(t, err)
	s := &shop{t: t, url: "http://" + server.address + "/run/orders/", key: strings.TrimSpace(string(key))}
	if status, body := s.call("POST", "products", `{"sku":"pen","name":"Pen","price":100,"stock":10}`); status != 201 {
		t.Fatalf("the pens are answered %d %s", status, body)
	}
	var ids sync.Map
	s.atOnce(buyers, func(i int) {
		status, body := s.call("POST", "orders", fmt.Sprintf(`{"customer":"%d","lines":[{"sku":"pen","quantity":%d}]}`, i, 1+i%2))
		var order struct {
			ID string `json:"__id"`
		}
		switch _ = json.Unmarshal(body, &order); status {
		case 201:
			ids.Store(order.ID, true)
		case 409, 504: // sold out, or out of time: a transaction may last a second, on a busy machine too
		default:
			t.Errorf("order %d is answered %d %s", i, status, body)
		}
	})
	left, sold := s.count()
	if placed := length(&ids); placed != sold.orders || placed == 0 || left < 0 || left+sold.pens != pens {
		t.Errorf("%d orders were placed; there are %d of %d pens, and %d pens are left of %d", placed, sold.orders, sold.pens, left, pens)
	}
	s.atOnce(buyers, func(i int) {
		ids.Range(func(id, _ any) bool {
			if status, body := s.call("DELETE", "orders/"+id.(string), ""); !slices.Contains([]int{204, 404, 409, 412, 504}, status) {
				t.Errorf("cancelling is answered %d %s", status, body)
			}
			return i == 0 // the others try the first only
		})
	})
	if left, sold := s.count(); left+sold.pens != pens || sold.orders >= length(&ids) {
		t.Errorf("after cancelling there are %d orders of %d pens, and %d pens are left of %d", sold.orders, sold.pens, left, pens)
	}
}

// shop is the plug-in on a server.
type shop struct {
	t        *testing.T
	url, key string
}

func (s *shop) call(method, path, body string) (status int, answer []byte) {
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0, nil
	}
	request.Header.Set("X-API-Key", s.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Error(err)
		return 0, nil
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		s.t.Error(err)
	}
	return response.StatusCode, answer
}

// atOnce runs n of something side by side.
func (s *shop) atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// sold are orders and what they are of.
type sold struct{ orders, pens int }

// count is how many pens are left and how many are sold.
func (s *shop) count() (left int, out sold) {
	s.t.Helper()
	var answer struct {
		Products []struct{ Stock int }
		Orders   []struct{ Lines []struct{ Quantity int } }
	}
	for _, path := range []string{"products", "orders?limit=100"} {
		_, body := s.call("GET", path, "")
		must(s.t, json.Unmarshal(body, &answer))
	}
	for _, order := range answer.Orders {
		out.orders++
		out.pens += order.Lines[0].Quantity
	}
	return answer.Products[0].Stock, out
}

func length(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}
