// Package secret lets modules read the secrets of their app.
//
// It owns the operation. It must not know how secrets are kept.
package secret

import (
	"context"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Operations read secrets.
var Operations = []capability.Operation{
	{Name: "secret_get", Group: host.CapabilitySecrets, Run: capability.Typed(get)},
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
