package tck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// run is one run of a case.
type run struct {
	t        *testing.T
	host     Host
	c        *Case
	apps     map[string]Invoke
	captured map[string]string
}

// app returns the app of a step, made when it is needed first.
func (r *run) app(name string) Invoke {
	r.t.Helper()
	if r.apps[name] == nil {
		granted := host.Capabilities
		if r.c.Granted != nil {
			granted = *r.c.Granted
		}
		objects := []*host.Object{}
		for _, o := range r.c.Objects {
			own := host.NewObject("")
			own.Name, own.Schema = o.Name, o.Schema
			own.UniqueFields, own.IndexedFields = append(own.UniqueFields, o.UniqueFields...), append(own.IndexedFields, o.IndexedFields...)
			objects = append(objects, own)
		}
		r.apps[name] = r.host.App(r.t, Setup{objects, granted, append([]string{HostOf(r.captured["service"])}, r.c.Hosts...), r.c.Secrets})
	}
	return r.apps[name]
}

// step calls the guest and holds what comes against the step.
func (r *run) step(number int, s *Step) {
	r.t.Helper()
	operations := s.Operations
	if s.Name != "" {
		operations = []Operation{s.Operation}
	}
	operations = r.unfold(operations)
	input := r.input(operations)
	end := strings.ReplaceAll(s.End, "${each}", r.captured["each"])
	if end != "" {
		input += end + "\n"
	}
	status, body, code := r.app(s.App)([]byte(input))
	// A busy machine may take longer than a transaction may. What was rolled
	// back can be done again.
	for attempt := 0; code == host.CodeModuleTimeout && s.Code != code && attempt < 5; attempt++ {
		status, body, code = r.app(s.App)([]byte(input))
	}
	want := http.StatusOK
	asked, answersStatus := strings.CutPrefix(end, "=")
	if answersStatus {
		want, _ = strconv.Atoi(asked)
	}
	if code != s.Code || s.Code == "" && status != want {
		r.t.Fatalf("step %d %q: got %d %q %.2000s, want %d %q", number, r.captured["each"], status, code, body, want, s.Code)
	}
	if answersStatus || s.Code != "" {
		return
	}
	answers, err := split(body)
	if err != nil || len(answers) != len(operations) {
		r.t.Fatalf("step %d: %d answers to %d operations: %.2000s", number, len(answers), len(operations), body)
	}
	for i, o := range operations {
		if err := r.check(o, answers[i]); err != nil {
			r.t.Fatalf("step %d, operation %d %q: %s %.2000s\nanswers %.2000s\n%v", number, i, r.captured["each"], o.Name, o.Request, answers[i], err)
		}
	}
}

// split takes the answers apart. They may have line feeds within: those of JSON
// that a service sent, or another module.
func split(body []byte) (answers []json.RawMessage, err error) {
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		var one json.RawMessage
		switch err := d.Decode(&one); {
		case errors.Is(err, io.EOF):
			return answers, nil
		case err != nil:
			return nil, err
		}
		answers = append(answers, one)
	}
}

// input is the operations in the guest's language. Captures of one invocation
// cannot be used in it, for its input is written before.
func (r *run) input(operations []Operation) string {
	r.t.Helper()
	var input strings.Builder
	for _, o := range operations {
		digit := slices.Index(Operations, o.Name)
		if digit < 0 {
			r.t.Fatalf("there is no operation %q", o.Name)
		}
		request := ""
		if o.Raw != nil {
			request = strings.ReplaceAll(*o.Raw, "${each}", r.captured["each"])
		} else {
			request = r.text(o.Request)
		}
		fmt.Fprintf(&input, "%c%s\n", Digits[digit], request)
	}
	return input.String()
}

// check holds an answer against an operation and takes what it captures.
func (r *run) check(o Operation, answer []byte) error {
	want := `{"error":"<absent>"}`
	if o.Answer != nil {
		want = r.text(o.Answer)
	}
	if err := Match(answer, []byte(want)); err != nil {
		return err
	}
	got, err := parse(answer)
	if err != nil {
		return err
	}
	for name, where := range o.Capture {
		value := follow(got, strings.Split(where, "."))
		text, ok := value.(string)
		if n, isNumber := value.(json.Number); isNumber {
			text, ok = n.String(), true
		}
		if !ok {
			return fmt.Errorf("%s is %v, which cannot be captured", where, value)
		}
		r.captured[name] = text
	}
	return nil
}

// unfold writes repeated operations out.
func (r *run) unfold(operations []Operation) []Operation {
	var all []Operation
	for _, o := range operations {
		for range max(1, o.Repeat) {
			all = append(all, o)
		}
	}
	return all
}

// text is JSON on one line with what was captured in its place, and everything
// large spelt out.
func (r *run) text(raw json.RawMessage) string {
	r.t.Helper()
	text := string(raw)
	for name, value := range r.captured {
		quoted, _ := json.Marshal(value)
		text = strings.ReplaceAll(text, "${"+name+"}", string(quoted[1:len(quoted)-1]))
		text = strings.ReplaceAll(text, `"#{`+name+`}"`, value)
	}
	if strings.Contains(text, `"$`) {
		value, err := parse([]byte(text))
		if err != nil {
			r.t.Fatal(err)
		}
		expanded, err := json.Marshal(expand(value))
		if err != nil {
			r.t.Fatal(err)
		}
		return string(expanded)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(text)); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	return line.String()
}
