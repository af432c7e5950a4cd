package admin

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
)

// AccessBody is what a client may write of a credential's host.Access.
type AccessBody struct {
	Environment field[string]            `json:"environment,omitempty" nullable:"true" doc:"The one environment the credential opens"`
	AllowedIPs  field[[]string]          `json:"allowed_ips,omitempty" doc:"Addresses and CIDR ranges it may be used from; empty admits all"`
	Variables   field[map[string]string] `json:"variables,omitempty" doc:"What endpoints may require and modules see"`
	RateLimit   limitField               `json:"rate_limit,omitempty" doc:"How often the credential may call; null for no bound"`
}

// apply writes the fields that were sent to access.
func (b *AccessBody) apply(access *host.Access) error {
	b.Environment.toNullable(&access.Environment)
	b.RateLimit.to(&access.RateLimit)
	if err := b.AllowedIPs.to("allowed_ips", &access.AllowedIPs); err != nil {
		return err
	}
	return b.Variables.to("variables", &access.Variables)
}

// limitField is a field that holds a rate limit; null is none.
type limitField struct {
	set   bool
	value *host.RateLimit
}

// limitBody is the members of a rate limit.
type limitBody struct {
	Limit  field[int64]  `json:"limit"`
	Window field[string] `json:"window"`
	Burst  field[int64]  `json:"burst,omitempty"`
}

func (f *limitField) decode(name string, raw json.RawMessage) error {
	if f.set = true; string(raw) == "null" {
		return nil
	}
	object, err := decodeObject(raw)
	if err != nil {
		return host.Errorf(host.CodeInvalid, "%s must be an object such as {\"limit\":100,\"window\":\"minute\"}, or null", name)
	}
	var body limitBody
	if err := fill(object, reflect.ValueOf(&body).Elem(), name+".", false); err != nil {
		return err
	}
	f.value = &host.RateLimit{Limit: body.Limit.value, Window: body.Window.value, Burst: body.Burst.value}
	return nil
}

// to writes the limit if the field was sent.
func (f limitField) to(dst **host.RateLimit) {
	if f.set {
		*dst = f.value
	}
}

// Schema describes the limit for the OpenAPI document.
func (limitField) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[host.RateLimit](), true, "")
}

// expiry writes the expiry of a credential if it was sent; null is none.
func expiry(f field[string], dst *host.Time) error {
	if !f.set || f.null {
		if f.null {
			*dst = host.Time{}
		}
		return nil
	}
	at, err := host.ParseExpiry(f.value)
	if err == nil {
		*dst = at
	}
	return err
}
