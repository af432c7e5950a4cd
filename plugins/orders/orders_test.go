package main

import (
	"encoding/json"
	"strings"
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

// What the host does with these requests, host/cli/orders_test.go tests on a
// server; here is what the plug-in decides by itself.

func TestParseQuery(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/orders": `{"Filter":{"AND":[]},"Sort":null,"Fields":null,"Limit":20,"Offset":0,"Cursor":"","Count":false}`,
		"/orders?status=open&status=paid&customer=Ada&min_total=500&sort=-total&limit=3&cursor=c": `{"Filter":{"AND":[` +
			`{"status":{"in":["open","paid"]}},{"customer":{"insensitiveAnyOf":["Ada"]}},{"total":{"gte":500}}]},` +
			`"Sort":["-total"],"Fields":null,"Limit":3,"Offset":0,"Cursor":"c","Count":false}`,
	} {
		q, err := parseQuery(postern.NewRequest("GET", target))
		got, _ := json.Marshal(q)
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", target, err, got, want)
		}
	}
	for _, target := range []string{"/orders?min_total=much", "/orders?sort=lines", "/orders?limit=0", "/orders?limit=101"} {
		if _, err := parseQuery(postern.NewRequest("GET", target)); err == nil {
			t.Errorf("%s is no query", target)
		}
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	stock := []Product{{SKU: "pen", Price: 150, Stock: 3}, {SKU: "ink", Price: 900, Stock: 1}}
	wanted := quantities([]Line{{"pen", 1}, {"ink", 1}, {"pen", 2}})
	writes, total, err := take(stock, wanted)
	if err != nil || len(writes) != 2 || total != 3*150+900 {
		t.Errorf("got %v, %d, %v", writes, total, err)
	}
	for _, line := range []Line{{"pen", 4}, {"paper", 1}} {
		if _, _, err := take(stock, quantities([]Line{line})); err == nil {
			t.Errorf("there is enough of %v", line)
		}
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]int64{`"3"`: 3, "*": 0, "": 0} {
		if got, err := ifMatch(postern.NewRequest("GET", "/").WithHeader("if-match", tag)); err != nil || got != want {
			t.Errorf("%s: got %d, %v", tag, got, err)
		}
	}
	for _, tag := range []string{`"x"`, `"0"`, `W/"3"`} {
		if _, err := ifMatch(postern.NewRequest("GET", "/").WithHeader("if-match", tag)); err == nil {
			t.Errorf("%s is no version", tag)
		}
	}
}

// TestFailure: each way in which the host refuses has its status.
func TestFailure(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		object.NotFound: 404, object.Stale: 412, object.Conflict: 409, object.InvalidRequest: 400, object.Unavailable: 503, object.QuotaExceeded: 503,
	} {
		if got := failure(&object.Error{Code: code}).Status(); got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
	if got := failure(object.ErrNoHost).Status(); got != 500 {
		t.Errorf("no host: got %d", got)
	}
}

func TestServe_NoHost(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{
		"GET /products": 500, "GET /orders": 500, "GET /orders?limit=x": 400, "POST /nowhere": 404,
	} {
		method, path, _ := strings.Cut(target, " ")
		res, err := postern.Invoke(postern.NewRequest(method, path))
		if err != nil || res.Status() != want {
			t.Errorf("%s: got %d, %v, want %d", target, res.Status(), err, want)
		}
	}
}
