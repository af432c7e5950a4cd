// Package secret lets modules read the secrets of their app, and put texts aside
// for a while.
//
// It owns the operations. It must not know how anything is kept.
package secret

import (
	"context"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Operations read secrets, and put secure values and get them back.
var Operations = []capability.Operation{
	{Name: "secret_get", Group: host.CapabilitySecrets, Run: capability.Typed(get)},
	{Name: "secure_put", Group: host.CapabilitySecrets, Run: capability.Typed(put)},
	{Name: "secure_get", Group: host.CapabilitySecrets, Run: capability.Typed(fetch)},
}

type request struct {
	Name string `json:"name"`
}

type answer struct {
	Value string `json:"value"`
}

// get answers {"name":"SMTP_PASSWORD"} with {"value":"…"}.
func get(ctx context.Context, call *capability.Call, r *request) (answer, error) {
	value, err := call.Secret(ctx, r.Name)
	return answer{value}, err
}
