package jwks

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// Bounds of a set.
const (
	MaxBytes = 256 << 10
	maxKeys  = 100
)

// ring is the keys of a set that are good for signatures. It is immutable.
type ring struct {
	byID map[string]*member
	only *member // if there is but one, with an id or without
}

// member is a key of a set.
type member struct {
	id         string
	key        crypto.PublicKey
	algorithms []string
}

// find looks up a key, nil if it is not for the algorithm. Whether it is known
// tells that asking the issuer again would not help.
func (r *ring) find(kid, alg string) (key crypto.PublicKey, known bool) {
	if r == nil {
		return nil, false
	}
	m := r.byID[kid]
	if kid == "" {
		m = r.only
	}
	if m == nil {
		return nil, false
	}
	if !slices.Contains(m.algorithms, alg) {
		return nil, true
	}
	return m.key, true
}

// download fetches and reads a set.
func (s *Sets) download(ctx context.Context, url string) (*ring, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBytes {
		return nil, fmt.Errorf("the set is larger than %d bytes", MaxBytes)
	}
	return parse(body)
}

// parse reads a set. Keys that are not for signatures, or of a kind that is
// not accepted, are left out; so are those that share an id, because none of
// them can be told by it.
func parse(body []byte) (*ring, error) {
	// Maps, because a struct's fields would match names in any case.
	var set map[string]json.RawMessage
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("the set is no JSON object")
	}
	var keys []map[string]json.RawMessage
	if err := json.Unmarshal(set["keys"], &keys); err != nil || keys == nil {
		return nil, errors.New("the set has no list of keys")
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("the set has more than %d keys", maxKeys)
	}
	var usable []*member
	for _, raw := range keys {
		if m := parseKey(raw); m != nil {
			usable = append(usable, m)
		}
	}
	return newRing(usable), nil
}

func newRing(usable []*member) *ring {
	r := &ring{byID: map[string]*member{}}
	if len(usable) == 1 {
		r.only = usable[0]
	}
	times := map[string]int{}
	for _, m := range usable {
		times[m.id]++
	}
	for _, m := range usable {
		if m.id != "" && times[m.id] == 1 {
			r.byID[m.id] = m
		}
	}
	return r
}
