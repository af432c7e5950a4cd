package object

import (
	"encoding/json"
	"strings"

	"github.com/posternhq/postern/host"
)

// parseDocument takes a document apart into its id and the rest.
func parseDocument(raw json.RawMessage) (id string, doc json.RawMessage, err error) {
	all, ok := members(raw)
	if !ok {
		return "", nil, host.Errorf(host.CodeInvalid, "A record must be a JSON object")
	}
	_ = json.Unmarshal(all["__id"], &id)
	for name := range all {
		if strings.HasPrefix(name, "__") {
			delete(all, name)
		}
	}
	return id, join(all), nil
}
