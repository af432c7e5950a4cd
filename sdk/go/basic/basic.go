// Package basic has the small operations that need no permission.
package basic

import (
	"encoding/json"
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
)

// UUID returns a new UUID of version 7: those drawn later are greater.
func UUID() (string, error) {
	a, err := operation.Carry[struct {
		UUID string `json:"uuid"`
	}](operation.UUID, struct{}{})
	return a.UUID, err
}

// Wait returns when the time is over. It must come before the first write of an
// atomic invocation, else the error has the code [operation.TransactionOpen]: a
// transaction holds up others. The deadline of the endpoint ends it.
func Wait(d time.Duration) error {
	_, err := operation.Carry[struct{}](operation.Wait, struct {
		MS int64 `json:"ms"`
	}{d.Milliseconds()})
	return err
}

// XMLToJSON makes JSON of an XML document: an object with one member, the root
// element. See sdk/abi.md for attributes, text and lists.
func XMLToJSON(document string) (json.RawMessage, error) {
	a, err := operation.Carry[struct {
		JSON json.RawMessage `json:"json"`
	}](operation.XMLToJSON, struct {
		XML string `json:"xml"`
	}{document})
	return a.JSON, err
}
