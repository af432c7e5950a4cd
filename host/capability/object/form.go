package object

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// maxQueryBytes bounds the request of a query: its parts are bounded, too.
const maxQueryBytes = 256 << 10

// request are the members of an operation's request, parts of its JSON. A member
// that is null is not there.
type request map[string]json.RawMessage

// readRequest takes a request apart. Errors: CodeInvalid, also for a member that
// is not among the known. in is valid JSON.
func readRequest(in []byte, known ...string) (request, error) {
	r := make(request, len(known))
	var err error
	isObject := capability.Split(in, func(name string, value []byte) bool {
		switch {
		case !slices.Contains(known, name):
			err = host.Errorf(host.CodeInvalid, "%.100q is not a known member", name)
		case string(value) == "null":
			delete(r, name)
		default:
			r[name] = value
		}
		return err == nil // a long one may have many
	})
	if !isObject {
		return nil, errNoObject
	}
	return r, err
}

var errNoObject = host.Errorf(host.CodeInvalid, "a request must be a JSON object")

func (r request) has(name string) bool { return r[name] != nil }

// text is a member that must be there.
func (r request) text(name string) (string, error) {
	if !r.has(name) || r[name][0] != '"' {
		return "", host.Errorf(host.CodeInvalid, "%s must be a text", name)
	}
	return host.ReadJSON(r[name]).Text(), nil
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
	list, ok := capability.Elements(r["records"], MaxRecords+1)
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

// memberRoom is what the members of a record that the host keeps take in JSON.
const memberRoom = 192

func appendRecords(b []byte, records []*host.Record, fields []host.Path) []byte {
	room := 64
	for _, r := range records {
		room += memberRoom + len(r.Data)
	}
	b = append(slices.Grow(b, room), '[')
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.AppendJSON(b, fields)
	}
	return append(b, ']')
}
