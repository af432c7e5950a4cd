// Package tck is the conformance kit of data operations: cases that every guest
// on every host must pass, whatever language the guest comes from and whatever
// database the host has.
//
// A guest passes operations through. The body of its request is lines, each
// ended by a line feed, of which the first byte says what to do with the rest:
//
//	0 to 5   the request of object_query, object_insert, object_put,
//	         object_patch, object_delete, object_batch: carry it out and add
//	         the answer and a line feed to the text that is answered
//	a to k   likewise http_fetch, jwt_sign, jwt_verify, secret_get, secure_put,
//	         secure_get, uuid, wait, xml_to_json, schema_validate, call
//	=        answer without a body and with the rest as the status, and end
//	~        sleep for 1.2 s
//	!        trap
//
// For the operation call it has further functions, in the module "guest": a, b,
// c, d and e do the same with their input, which is the lines alone; echo gives
// its input back, fail fails.
//
// The cases are JSON: see Case. The package owns their form, what a match is, and
// the service that requests go to. It must not know how a host is built: that is
// the test's, which passes a Host.
package tck

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

//go:embed cases/*.json
var files embed.FS

// Operations are the data operations in the order of their Digits.
var Operations = []string{
	"object_query", "object_insert", "object_put", "object_patch", "object_delete", "object_batch",
	"http_fetch", "jwt_sign", "jwt_verify", "secret_get", "secure_put", "secure_get",
	"uuid", "wait", "xml_to_json", "schema_validate", "call",
}

// Digits are the first bytes of lines that carry out Operations.
const Digits = "012345abcdefghijk"

// Host is where cases run: a server with a guest, whose requests may reach
// 127.0.0.1.
type Host interface {
	// App makes an app and returns a function that calls the guest there.
	App(t testing.TB, s Setup) Invoke
}

// Setup is what an app of a case has.
type Setup struct {
	Objects []*host.Object
	Granted []string // capabilities
	Hosts   []string // that requests may go to
	Secrets map[string]string
}

// Invoke calls the guest with a request's body. code is that of the error that
// the client gets instead of an answer, "" for none.
type Invoke func(input []byte) (status int, body []byte, code host.Code)

// Case is one scenario, in an app of its own.
type Case struct {
	Name string `json:"name"`
	// Each runs the case once for every value, in place of ${each}.
	Each []string `json:"each"`
	// Objects are definitions; without a schema every record is admitted.
	Objects []*host.Object `json:"objects"`
	// Granted are the capabilities; absent for all.
	Granted *[]string         `json:"granted"`
	Secrets map[string]string `json:"secrets"`
	// Hosts may be reached beside the service, whose URL is ${service}.
	Hosts []string `json:"hosts"`
	// Slow cases write megabytes: a host that is slowed down for a test may not
	// be able to within the second that a transaction lasts.
	Slow  bool   `json:"slow"`
	Steps []Step `json:"steps"`
}

// Step is one invocation of the guest.
type Step struct {
	App        string      `json:"app"` // another app with the same objects, by a name of the case's own; "" for the first
	Operations []Operation `json:"operations"`
	// End is a last line in the guest's language.
	End string `json:"end"`
	// Code is that of the error that the client gets; absent for none, and then
	// the status is 200 or that of End.
	Code host.Code `json:"code"`

	Operation // in place of Operations: the only one
}

// Operation is one data operation and its answer.
type Operation struct {
	Name    string          `json:"operation"`
	Request json.RawMessage `json:"request"`
	Raw     *string         `json:"raw"` // in place of Request: not JSON
	// Answer is the part of the answer that counts: see match. Absent for an
	// answer that is no failure.
	Answer json.RawMessage `json:"answer"`
	Repeat int             `json:"repeat"` // how often it is carried out; 0 for once
	// Capture names parts of the answer, as "records.0.__id", for ${name} in
	// whatever follows.
	Capture map[string]string `json:"capture"`
}

// Load reads the cases. No cases are an error: they would all pass.
func Load() ([]Case, error) { return load(files) }

func load(from fs.FS) ([]Case, error) {
	names, err := fs.Glob(from, "cases/*.json")
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, name := range names {
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		var cases []Case
		d := json.NewDecoder(bytes.NewReader(content))
		d.DisallowUnknownFields()
		if err := d.Decode(&cases); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(cases) == 0 {
			return nil, fmt.Errorf("%s has no cases", name)
		}
		for i := range cases {
			cases[i].Name = strings.TrimSuffix(path.Base(name), ".json") + "/" + cases[i].Name
			if len(cases[i].Steps) == 0 {
				return nil, fmt.Errorf("%s has no steps", cases[i].Name)
			}
		}
		all = append(all, cases...)
	}
	if len(all) == 0 {
		return nil, errors.New("there are no cases")
	}
	return all, nil
}

// Run runs every case against the host, the slow ones only if they are asked for.
func Run(t *testing.T, h Host, slow bool) {
	t.Helper()
	cases, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	service := Service(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if c.Slow && !slow {
				t.Skip("slow")
			}
			for _, each := range append(c.Each[:len(c.Each):len(c.Each)], "")[:max(1, len(c.Each))] {
				r := &run{t: t, host: h, c: &c, apps: map[string]Invoke{}, captured: map[string]string{"each": each, "service": service}}
				for i := range c.Steps {
					r.step(i, &c.Steps[i])
				}
			}
		})
	}
}
