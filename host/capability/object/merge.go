package object

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// merge applies a JSON Merge Patch (RFC 7386) to a record's data. What the patch
// does not touch stays as it is, to the digits of numbers. Errors: CodeInvalid
// for a patch, or a result, that is no document.
func merge(data, patch json.RawMessage) (json.RawMessage, error) {
	patch, err := host.ParsePatch(patch)
	if err != nil {
		return nil, err
	}
	_, merged, err := host.ParseDocument(mergeValue(data, patch))
	return merged, err
}

// mergeValue is MergePatch of the RFC. Both values are valid JSON; target is nil
// for none. The depth is that of a document.
func mergeValue(target, patch json.RawMessage) json.RawMessage {
	changes, ok := members(patch)
	if !ok {
		return patch
	}
	all, _ := members(target)
	for name, change := range changes {
		if string(change) == "null" {
			delete(all, name)
			continue
		}
		all[name] = mergeValue(all[name], change)
	}
	return join(all)
}

// members takes an object apart; ok is false for any other value.
func members(value json.RawMessage) (list map[string]json.RawMessage, ok bool) {
	list = map[string]json.RawMessage{}
	ok = capability.Split(value, func(name string, value []byte) bool {
		list[name] = value
		return true
	})
	return list, ok
}

// join makes an object of members. encoding/json would write the values anew.
func join(list map[string]json.RawMessage) json.RawMessage {
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(list)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(host.AppendText(b, name), ':'), list[name]...)
	}
	return append(b, '}')
}
