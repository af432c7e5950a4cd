package httpout

import (
	"context"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// MaxRequests is how many requests one invocation may make, redirects not
// counted.
const MaxRequests = 50

// Operations are those that make requests with the client.
func Operations(client *Client) []capability.Operation {
	return []capability.Operation{
		{Name: "http_fetch", Group: host.CapabilityHTTP, Run: capability.Typed(client.fetch)},
	}
}

// fetch answers a Request with an Answer.
func (c *Client) fetch(ctx context.Context, call *capability.Call, r *Request) (*Answer, error) {
	if err := Admit(call); err != nil {
		return nil, err
	}
	return c.Fetch(ctx, Scope{AppID: call.AppID, Hosts: call.Hosts, Reach: call.Reach}, r)
}

// Admit counts a request of an invocation and prepares for its effect. Errors:
// CodeTooMany; the one of capability.Call.Outside.
func Admit(call *capability.Call) error {
	if call.Requests++; call.Requests > MaxRequests {
		return host.Errorf(host.CodeTooMany, "An invocation may make at most %d requests", MaxRequests)
	}
	return call.Outside()
}
