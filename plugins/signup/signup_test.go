//go:build !wasip1

package main

import (
	"encoding/json"
	"strings"
	"testing"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/operation"
)

// fake answers data operations, each by name, and keeps what was asked for. The
// tests share the stand-in for the host, so they are not parallel.
type fake struct {
	answers map[string]string
	asked   []string
}

func onHost(t *testing.T, answers map[string]string) *fake {
	t.Helper()
	f := &fake{answers: answers}
	operation.SetHost(func(name string, request []byte) []byte {
		f.asked = append(f.asked, name+" "+string(request))
		return []byte(f.answers[name])
	})
	t.Cleanup(func() { operation.SetHost(nil) })
	return f
}

// well is a host where everything goes well.
func well() map[string]string {
	return map[string]string{
		"schema_validate": `{"isValid":true,"errors":null}`,
		"http_fetch":      `{"status":200,"headers":{},"url":"","body":{"disposable":false},"bodyEncoding":"json"}`,
		"jwt_sign":        `{"token":"x.y.z"}`,
		"object_insert":   `{"records":[{"__id":"1"}],"existing":0}`,
		"jwt_verify":      `{"valid":true,"header":{},"payload":{"sub":"ada@example.com"}}`,
		"object_query":    `{"records":[{"__id":"1","email":"ada@example.com","confirmed":false}]}`,
		"object_patch":    `{"record":{"__id":"1","email":"ada@example.com","confirmed":true}}`,
	}
}

var posted = postern.NewRequest("POST", "/signup").WithJSON(map[string]string{"email": "Ada@Example.com", "name": "Ada"})

// TestSignUp: the service is asked before anything is written.
func TestSignUp(t *testing.T) {
	postern.SetConfig("REPUTATION_URL", "https://reputation.example")
	f := onHost(t, well())
	res, err := postern.Invoke(posted)
	if err != nil || res.Status() != 202 || string(res.Body()) != `{"confirm":"confirm?token=x.y.z"}` {
		t.Errorf("got %d %s, %v", res.Status(), res.Body(), err)
	}
	names := ""
	for _, asked := range f.asked {
		name, _, _ := strings.Cut(asked, " ")
		names += name + " "
	}
	if names != "schema_validate http_fetch jwt_sign object_insert " {
		t.Errorf("the operations are %s", names)
	}
	if !strings.Contains(f.asked[1], `"url":"https://reputation.example/check?email=ada%40example.com"`) ||
		!strings.Contains(f.asked[3], `{"email":"ada@example.com","name":"Ada","confirmed":false}`) {
		t.Errorf("the requests are %q", f.asked)
	}
}

func TestSignUp_Fails(t *testing.T) {
	failure := func(code string) string { return `{"error":{"code":"` + code + `","message":"m"}}` }
	for name, test := range map[string]struct {
		operation, answer string
		status            int
		body              string
	}{
		"mistakes":    {"schema_validate", `{"isValid":false,"errors":[{"keyword":"required"}]}`, 400, `"keyword":"required"`},
		"disposable":  {"http_fetch", `{"status":200,"headers":{},"url":"","body":{"disposable":true},"bodyEncoding":"json"}`, 422, "keep"},
		"down":        {"http_fetch", `{"status":500,"headers":{},"url":""}`, 503, "cannot be checked"},
		"not allowed": {"http_fetch", failure("permission_denied"), 503, "cannot be checked"},
		"no secret":   {"jwt_sign", failure("not_found"), 500, "not set up"},
		"twice":       {"object_insert", failure("conflict"), 409, "already"},
		"away":        {"object_insert", failure("unavailable"), 503, "later"},
	} {
		answers := well()
		answers[test.operation] = test.answer
		onHost(t, answers)
		res, err := postern.Invoke(posted)
		if err != nil || res.Status() != test.status || !strings.Contains(string(res.Body()), test.body) {
			t.Errorf("%s: got %d %s, %v", name, res.Status(), res.Body(), err)
		}
	}
	if res, err := postern.Invoke(postern.NewRequest("POST", "/signup").WithText("x")); err != nil || res.Status() != 400 {
		t.Errorf("a text: got %d, %v", res.Status(), err)
	}
}

func TestConfirm(t *testing.T) {
	request := postern.NewRequest("GET", "/confirm?token=x.y.z")
	for name, test := range map[string]struct {
		operation, answer string
		status, asked     int
	}{
		"a good link": {"", "", 200, 3},
		"again":       {"object_query", `{"records":[{"__id":"1","email":"ada@example.com","confirmed":true}]}`, 200, 2},
		"a bad link":  {"jwt_verify", `{"valid":false,"reason":"the token has expired"}`, 403, 1},
		"gone":        {"object_query", `{"records":[]}`, 404, 2},
	} {
		answers := well()
		answers[test.operation] = test.answer
		f := onHost(t, answers)
		res, err := postern.Invoke(request)
		var body struct{ Confirmed bool }
		_ = json.Unmarshal(res.Body(), &body) // false for an error
		if err != nil || res.Status() != test.status || body.Confirmed != (test.status == 200) || len(f.asked) != test.asked {
			t.Errorf("%s: got %d %s, %v after %q", name, res.Status(), res.Body(), err, f.asked)
		}
	}
}
