package httpout

import (
	"bytes"
	"cmp"
	"context"
	"sync"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// MaxRequests is how many requests one invocation may make unless its Call says
// otherwise, redirects not counted.
const MaxRequests = 50

// Operations are those that make requests with the client.
func Operations(client *Client) []capability.Operation {
	return []capability.Operation{
		{Name: "http_fetch", Group: host.CapabilityHTTP, Run: capability.Typed(client.operate)},
	}
}

// operate answers a Request with an Answer.
func (c *Client) operate(ctx context.Context, call *capability.Call, r *Request) (lent, error) {
	if err := Admit(call); err != nil {
		return lent{}, err
	}
	body := bodies.Get().(*bytes.Buffer)
	body.Reset()
	answer, err := c.fetch(ctx, Scope{AppID: call.AppID, Hosts: call.Hosts, Reach: call.Reach}, r, body)
	return lent{answer, body}, err
}

// bodies are room for the bodies of answers until these are written.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is how much room is kept.
const maxKept = 1 << 20

// lent is an answer with the room that its body has.
type lent struct {
	*Answer
	body *bytes.Buffer
}

// AppendJSON writes the answer and gives the room back: it is written once.
func (l lent) AppendJSON(to []byte) []byte {
	to = l.Answer.AppendJSON(to)
	if l.body.Cap() <= maxKept {
		bodies.Put(l.body)
	}
	return to
}

// Admit counts a request of an invocation and prepares for its effect. Errors:
// CodeTooMany; the one of capability.Call.Outside.
func Admit(call *capability.Call) error {
	most := cmp.Or(call.MaxRequests, MaxRequests)
	if call.Requests++; call.Requests > most {
		return host.Errorf(host.CodeTooMany, "An invocation may make at most %d requests", most)
	}
	return call.Outside()
}
