package secret

import (
	"context"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

type putRequest struct {
	Value      *string `json:"value"`
	TTLSeconds *int64  `json:"ttl_seconds"`
}

// secured validates a request and makes a value of it.
func (r *putRequest) secured() (key string, v *host.SecureValue, err error) {
	if r.Value == nil || len(*r.Value) > host.MaxSecureBytes {
		return "", nil, host.Errorf(host.CodeInvalid, "value must be a text of at most %d bytes", host.MaxSecureBytes)
	}
	ttl := host.DefaultSecureTTL
	if s := r.TTLSeconds; s != nil {
		least, most := int64(host.MinSecureTTL/time.Second), int64(host.MaxSecureTTL/time.Second)
		if *s < least || *s > most {
			return "", nil, host.Errorf(host.CodeInvalid, "ttl_seconds must be %d-%d", least, most)
		}
		ttl = time.Duration(*s) * time.Second
	}
	key, v = host.NewSecureValue(*r.Value, ttl)
	return key, v, nil
}

type putAnswer struct {
	Key       string    `json:"key"`
	ExpiresAt host.Time `json:"expires_at"`
}

// put answers {"value":"…","ttl_seconds":600} with {"key":"sv_…","expires_at":"…"}.
// In a transaction the value is part of it; else it is kept at once.
func put(ctx context.Context, call *capability.Call, r *putRequest) (putAnswer, error) {
	key, v, err := r.secured()
	if err != nil {
		return putAnswer{}, err
	}
	if call.Data == nil {
		return putAnswer{}, errNoData
	}
	err = call.Data.Join(ctx, func(ctx context.Context, tx host.RecordTransaction) error { return tx.PutSecureValue(ctx, v) })
	return putAnswer{key, v.ExpiresAt}, err
}

type keyRequest struct {
	Key string `json:"key"`
}

// fetch answers {"key":"sv_…"} with {"value":"…"}.
func fetch(ctx context.Context, call *capability.Call, r *keyRequest) (answer, error) {
	if call.Data == nil {
		return answer{}, errNoData
	}
	var found *host.SecureValue
	err := call.Data.Read(ctx, func(ctx context.Context, records host.RecordReader) (err error) {
		found, err = records.SecureValue(ctx, host.SecureID(r.Key))
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{found.Value}, nil
}

var errNoData = host.Errorf(host.CodeUnavailable, "Nothing can be kept here")
