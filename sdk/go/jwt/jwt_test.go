//go:build !wasip1

package jwt_test

import (
	"testing"
	"time"

	"github.com/posternhq/postern/sdk/go/jwt"
	"github.com/posternhq/postern/sdk/go/operation"
)

// The tests share the stand-in for the host, so they are not parallel.

func TestKey(t *testing.T) {
	asked, answer := "", ""
	operation.SetHost(func(name string, request []byte) []byte {
		asked = name + " " + string(request)
		return []byte(answer)
	})
	defer operation.SetHost(nil)
	key := jwt.Key{Algorithm: jwt.ES256, Secret: "S", Header: map[string]string{"kid": "1"}, Issuer: "i", Audience: "a", Leeway: time.Minute}

	answer = `{"token":"x.y.z"}`
	token, err := key.Sign(map[string]int{"n": 1})
	if want := `jwt_sign {"algorithm":"ES256","secret":"S","payload":{"n":1},"header":{"kid":"1"}}`; err != nil || token != "x.y.z" || asked != want {
		t.Errorf("got %s, %v of %s", token, err, asked)
	}

	var claims struct{ N int }
	answer = `{"valid":true,"payload":{"n":2}}`
	err = key.Verify("x.y.z", &claims)
	if want := `jwt_verify {"token":"x.y.z","algorithm":"ES256","secret":"S","issuer":"i","audience":"a","leeway_seconds":60}`; err != nil || claims.N != 2 || asked != want {
		t.Errorf("got %v, %v of %s", claims, err, asked)
	}
	if err := key.Verify("x", nil); err != nil {
		t.Error(err)
	}
	if err := key.Verify("x", &[]int{}); err == nil || jwt.IsInvalid(err) {
		t.Errorf("claims of another type: %v", err)
	}

	claims.N, answer = 0, `{"valid":false,"reason":"the token has expired"}`
	if err := key.Verify("x", &claims); !jwt.IsInvalid(err) || err.Error() != "jwt: the token has expired" || claims.N != 0 {
		t.Errorf("got %v", err)
	}
	answer = `{"error":{"code":"not_found","message":"Secret not found"}}`
	if err := key.Verify("x", &claims); jwt.IsInvalid(err) || !operation.Is(err, operation.NotFound) {
		t.Errorf("got %v", err)
	}
}
