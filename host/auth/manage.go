package auth

import (
	"crypto/subtle"

	"github.com/posternhq/postern/host"
)

// PutMember adds a member or replaces the one with its id.
func (t *Table) PutMember(m *host.Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropMember(m.ID)
	t.members[m.Hash] = m
}

// DropMember removes the member with the id, if there is one.
func (t *Table) DropMember(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropMember(id)
}

// dropMember needs the write lock. Members are few, so that it looks at all.
func (t *Table) dropMember(id string) {
	for hash, m := range t.members {
		if m.ID == id {
			delete(t.members, hash)
		}
	}
}

// ReplaceMembers makes members the only ones there are.
func (t *Table) ReplaceMembers(members []*host.Member) {
	byHash := make(map[host.Hash]*host.Member, len(members))
	for _, m := range members {
		byHash[m.Hash] = m
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.members = byHash
}

// Manage admits a management call by the X-API-Key header, which holds the
// organization API key, or by the bearer token of a member in the
// Authorization header; the first decides if it is there. Errors:
// CodeUnauthorized for what is missing, unknown, replaced or disabled,
// CodeForbidden while the organization key is suspended.
func (t *Table) Manage(apiKey, authorization string) (*host.Actor, error) {
	token := bearer(authorization)
	if apiKey == "" && token != "" {
		return t.byMember(token)
	}
	return t.byOrganization(apiKey)
}

func (t *Table) byOrganization(secret string) (*host.Actor, error) {
	hash := host.HashSecret(secret)
	t.mu.RLock()
	defer t.mu.RUnlock()
	known := t.organization.ID != "" && subtle.ConstantTimeCompare(hash[:], t.organization.KeyHash[:]) == 1
	if !known {
		return nil, host.Errorf(host.CodeUnauthorized, "Invalid or revoked API key")
	}
	if !t.organization.APIKeyEnabled {
		return nil, host.Errorf(host.CodeForbidden, "The organization API key is suspended")
	}
	return &host.Actor{Kind: host.ActorOrganization, ID: t.organization.ID, Name: t.organization.Name, Role: host.Sysadmin}, nil
}

func (t *Table) byMember(token string) (*host.Actor, error) {
	hash := host.HashSecret(token)
	t.mu.RLock()
	defer t.mu.RUnlock()
	m := t.members[hash]
	if m == nil || !m.Enabled {
		return nil, host.Errorf(host.CodeUnauthorized, "Invalid or revoked member token")
	}
	return &host.Actor{Kind: host.ActorMember, ID: m.ID, Name: m.Name, Role: m.Role, Environments: m.Environments}, nil
}
