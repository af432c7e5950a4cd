package jwt

import (
	"context"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Operations sign and verify tokens with secrets of the module's app.
var Operations = []capability.Operation{
	{Name: "jwt_sign", Group: host.CapabilityJWT, Run: capability.Typed(sign)},
	{Name: "jwt_verify", Group: host.CapabilityJWT, Run: capability.Typed(verify)},
}

type signed struct {
	Token string `json:"token"`
}

// sign answers a SignRequest with {"token":"…"}.
func sign(ctx context.Context, call *capability.Call, r *SignRequest) (signed, error) {
	token, err := Sign(ctx, call.Secret, *r, time.Now())
	return signed{token}, err
}

// verify answers a VerifyRequest with what was Verified.
func verify(ctx context.Context, call *capability.Call, r *VerifyRequest) (Verified, error) {
	return Verify(ctx, call.Secret, *r, time.Now())
}
