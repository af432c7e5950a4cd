package admin

import (
	"context"
	"time"

	"github.com/posternhq/postern/host"
)

// keyBody is what a client may write of a key.
type keyBody struct {
	Name      field[string] `json:"name,omitempty" doc:"What it is called, 1-100 characters"`
	Enabled   field[bool]   `json:"enabled,omitempty" doc:"A key that is not enabled is refused"`
	ExpiresAt field[string] `json:"expires_at,omitempty" nullable:"true" doc:"A date, which the key works through, or an RFC 3339 instant"`
	Quota     field[int64]  `json:"quota,omitempty" nullable:"true" doc:"Requests per calendar month (UTC); null for no bound"`
	AccessBody
}

// apply writes the fields that were sent to key and validates it.
func (b *keyBody) apply(key *host.Key) error {
	b.Quota.toNullable(&key.Quota)
	for _, err := range []error{
		b.Name.to("name", &key.Name),
		b.Enabled.to("enabled", &key.Enabled),
		expiry(b.ExpiresAt, &key.ExpiresAt),
		b.AccessBody.apply(&key.Access),
	} {
		if err != nil {
			return err
		}
	}
	return key.Validate()
}

// shownKey is a key as answers show it. Secret is there only once, in the
// answer to its creation or rotation.
type shownKey struct {
	*host.Key
	Status string `json:"status" doc:"active, disabled or expired"`
	Secret string `json:"key,omitempty" doc:"The key itself, shown once"`
}

func show(key *host.Key) shownKey {
	return shownKey{Key: key, Status: key.Status(host.Now())}
}

type keyOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success bool     `json:"success"`
		Key     shownKey `json:"key"`
	}
}

func newKeyOutput(key *host.Key, secret string) *keyOutput {
	out := &keyOutput{ETag: etag(key.Revision)}
	out.Body.Success, out.Body.Key = true, show(key)
	out.Body.Key.Secret = secret
	return out
}

type keysOutput struct {
	Body struct {
		Success    bool       `json:"success"`
		Keys       []shownKey `json:"keys"`
		Pagination pagination `json:"pagination"`
	}
}

// KeyPath is part of the routes of one key.
type KeyPath struct {
	Key string `path:"key" doc:"Id of the key"`
}

func (a *API) keyRoutes() {
	register(a, operation{id: "create-key", method: post, path: "/v1/keys", summary: "Create a key; its secret is shown once", tag: "keys", status: 201}, a.createKey)
	register(a, operation{id: "list-keys", method: get, path: "/v1/keys", summary: "List keys", tag: "keys"}, a.listKeys)
	register(a, operation{id: "get-key", method: get, path: "/v1/keys/{key}", summary: "Show a key", tag: "keys"}, a.getKey)
	register(a, operation{id: "update-key", method: patch, path: "/v1/keys/{key}", summary: "Change a key", tag: "keys"}, a.updateKey)
	register(a, operation{id: "rotate-key", method: post, path: "/v1/keys/{key}/rotate", summary: "Give a key a new secret, shown once; the old one works for a grace period", tag: "keys"}, a.rotateKey)
	register(a, operation{id: "delete-key", method: remove, path: "/v1/keys/{key}", summary: "Delete a key at once", tag: "keys"}, a.deleteKey)
}

func (a *API) createKey(ctx context.Context, in *struct{ Body keyBody }) (*keyOutput, error) {
	key, secret := host.NewKey("")
	if err := in.Body.apply(key); err != nil {
		return nil, err
	}
	if err := a.Store.CreateKey(ctx, key); err != nil {
		return nil, err
	}
	a.soon(ctx)
	return newKeyOutput(key, secret), nil
}

func (a *API) listKeys(ctx context.Context, in *PageQuery) (*keysOutput, error) {
	keys, total, err := a.Store.Keys(ctx, in.page())
	if err != nil {
		return nil, err
	}
	out := &keysOutput{}
	out.Body.Success, out.Body.Keys = true, []shownKey{}
	for _, key := range keys {
		out.Body.Keys = append(out.Body.Keys, show(key))
	}
	out.Body.Pagination = paginate(in.page(), len(keys), total)
	return out, nil
}

func (a *API) getKey(ctx context.Context, in *KeyPath) (*keyOutput, error) {
	key, err := a.Store.Key(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	return newKeyOutput(key, ""), nil
}

func (a *API) updateKey(ctx context.Context, in *struct {
	KeyPath
	IfMatch string `header:"If-Match"`
	Body    keyBody
}) (*keyOutput, error) {
	key, err := a.Store.UpdateKey(ctx, in.Key, func(key *host.Key) error {
		if err := matchRevision(in.IfMatch, key.Revision); err != nil {
			return err
		}
		return in.Body.apply(key)
	})
	if err != nil {
		return nil, err
	}
	return newKeyOutput(key, ""), a.live(ctx)
}

func (a *API) deleteKey(ctx context.Context, in *struct {
	KeyPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	err := a.Store.DeleteKey(ctx, in.Key, func(key *host.Key) error { return matchRevision(in.IfMatch, key.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Key deleted successfully"), a.live(ctx)
}

// rotateBody says how long the old secret goes on to work.
type rotateBody struct {
	GraceSeconds field[int64] `json:"grace_seconds,omitempty" nullable:"true" doc:"How long the old secret works, at most 30 days; 0 ends it at once, 24 hours unless given"`
}

func (b *rotateBody) grace() (time.Duration, error) {
	if b == nil || !b.GraceSeconds.set || b.GraceSeconds.null {
		return host.DefaultGrace, nil
	}
	seconds, most := b.GraceSeconds.value, int64(host.MaxGrace/time.Second)
	if seconds < 0 || seconds > most {
		return 0, host.Errorf(host.CodeInvalid, "grace_seconds must be between 0 and %d", most)
	}
	return time.Duration(seconds) * time.Second, nil
}

func (a *API) rotateKey(ctx context.Context, in *struct {
	KeyPath
	IfMatch string `header:"If-Match"`
	Body    *rotateBody
}) (*keyOutput, error) {
	grace, err := in.Body.grace()
	if err != nil {
		return nil, err
	}
	var secret string
	key, err := a.Store.UpdateKey(ctx, in.Key, func(key *host.Key) error {
		if err := matchRevision(in.IfMatch, key.Revision); err != nil {
			return err
		}
		secret = key.Rotate(grace)
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.soon(ctx)
	return newKeyOutput(key, secret), nil
}
