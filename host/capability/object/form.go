package object

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/posternhq/postern/host"
)

// maxQueryBytes bounds the request of a query: its parts are bounded, too.
const maxQueryBytes = 256 << 10

// request are the members of an operation's request. A member that is null is
// not there.
type request map[string]json.RawMessage

// readRequest takes a request apart. Errors: CodeInvalid, also for a member that
// is not among the known.
func readRequest(in []byte, known ...string) (request, error) {
	if len(in) > maxQueryBytes {
		if err := checkMembers(in, known); err != nil {
			return nil, err
		}
	}
	var r request
	if err := json.Unmarshal(in, &r); err != nil || r == nil {
		return nil, host.Errorf(host.CodeInvalid, "a request must be a JSON object")
	}
	for name, value := range r {
		if !slices.Contains(known, name) {
			return nil, host.Errorf(host.CodeInvalid, "%.100q is not a known member", name)
		}
		if string(value) == "null" {
			delete(r, name)
		}
	}
	return r, nil
}

// checkMembers stops at the first member that is not known. Read as a whole, an
// object of nothing but short members takes many times its length in memory.
func checkMembers(in []byte, known []string) error {
	d := json.NewDecoder(bytes.NewReader(in))
	if _, err := d.Token(); err != nil {
		return nil // readRequest says what is wrong
	}
	for d.More() {
		name, err := d.Token()
		if text, ok := name.(string); err != nil || !ok {
			return nil
		} else if !slices.Contains(known, text) {
			return host.Errorf(host.CodeInvalid, "%.100q is not a known member", text)
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
	}
	return nil
}

// elements takes a list apart. If it has more than most elements, there is one
// more than that in the result. ok is false for any other value.
func elements(raw json.RawMessage, most int) (list []json.RawMessage, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil, false
	}
	for d.More() && len(list) <= most {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			return nil, false
		}
		list = append(list, element)
	}
	return list, true
}

func (r request) has(name string) bool { return r[name] != nil }

// text is a member that must be there.
func (r request) text(name string) (text string, err error) {
	if json.Unmarshal(r[name], &text) != nil {
		return "", host.Errorf(host.CodeInvalid, "%s must be a text", name)
	}
	return text, nil
}

// version is if_version, 0 for none.
func (r request) version() (version int64, err error) {
	if !r.has("if_version") {
		return 0, nil
	}
	if json.Unmarshal(r["if_version"], &version) != nil || version < 1 {
		return 0, host.Errorf(host.CodeInvalid, "if_version must be a whole number above 0")
	}
	return version, nil
}

// documents are record or records.
func (r request) documents() (list []json.RawMessage, err error) {
	switch {
	case r.has("record") == r.has("records"):
		return nil, host.Errorf(host.CodeInvalid, "either record or records must be there")
	case r.has("record"):
		return []json.RawMessage{r["record"]}, nil
	}
	list, ok := elements(r["records"], MaxRecords)
	if !ok {
		return nil, host.Errorf(host.CodeInvalid, "records must be a list of objects")
	}
	return list, nil
}

// appendRecord is the answer of a put.
func appendRecord(b []byte, r *host.Record, created bool) []byte {
	b = r.AppendJSON(append(b, `{"record":`...), nil)
	b = strconv.AppendBool(append(b, `,"created":`...), created)
	return append(b, '}')
}

// appendInserted is the answer of an insert.
func appendInserted(b []byte, inserted []*host.Record, existed int) []byte {
	b = appendRecords(append(b, `{"records":`...), inserted, nil)
	b = strconv.AppendInt(append(b, `,"existing":`...), int64(existed), 10)
	return append(b, '}')
}

// appendFound is the answer of a query.
func appendFound(b []byte, f *host.Found, fields []host.Path) []byte {
	b = appendRecords(append(b, `{"records":`...), f.Records, fields)
	if f.Cursor != "" {
		b = host.AppendText(append(b, `,"cursor":`...), f.Cursor)
	}
	if f.Count >= 0 {
		b = strconv.AppendInt(append(b, `,"count":`...), int64(f.Count), 10)
	}
	return append(b, '}')
}

func appendRecords(b []byte, records []*host.Record, fields []host.Path) []byte {
	b = append(b, '[')
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.AppendJSON(b, fields)
	}
	return append(b, ']')
}
