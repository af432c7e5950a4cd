package capability

import (
	"encoding/json"

	"github.com/posternhq/postern/host"
)

// Split takes a JSON object apart without decoding its values, until fn says that
// it is enough. It reports whether it is an object. raw is valid JSON, and the
// values are parts of it.
func Split(raw []byte, fn func(name string, value []byte) bool) bool {
	r := host.ReadJSON(raw)
	if r.Kind() != '{' {
		return false
	}
	for r.More() && fn(r.Name(), r.Value()) {
	}
	return true
}

// Elements takes a JSON list apart as Split does an object, until it has so many
// elements.
func Elements(raw []byte, most int) (list []json.RawMessage, ok bool) {
	r := host.ReadJSON(raw)
	if r.Kind() != '[' {
		return nil, false
	}
	for len(list) < most && r.More() {
		list = append(list, r.Value())
	}
	return list, true
}
