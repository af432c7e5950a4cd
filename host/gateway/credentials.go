package gateway

import (
	"context"

	"github.com/posternhq/postern/host"
)

// CredentialStore is where the credentials in memory come from.
type CredentialStore interface {
	host.OrganizationStore
	host.KeyStore
	host.TokenStore
	host.SigningKeyStore
	host.IssuerStore
	host.KeyGroupStore
	host.MemberStore
}

// reloadCredentials loads all there are. Nothing is in force before all of it
// is read.
func (g *Gateway) reloadCredentials(ctx context.Context) error {
	organization, err := g.Store.Organization(ctx)
	if err != nil {
		return err
	}
	signing, err := g.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	tokens, err := collect(ctx, g.Store.EachToken)
	if err != nil {
		return err
	}
	issuers, err := collect(ctx, of("", g.Store.EachIssuer))
	if err != nil {
		return err
	}
	groups, err := collect(ctx, of("", g.Store.EachKeyGroup))
	if err != nil {
		return err
	}
	members, err := collect(ctx, g.Store.EachMember)
	if err != nil {
		return err
	}
	if err := g.Credentials.ReplaceKeys(func(put func(*host.Key)) error { return g.Store.EachKey(ctx, put) }); err != nil {
		return err
	}
	g.Credentials.SetOrganization(organization)
	g.Credentials.ReplaceMembers(members)
	g.Credentials.SetSigningKeys(signing)
	g.Credentials.ReplaceTokens(tokens)
	g.Credentials.ReplaceApps(issuers, groups)
	return nil
}

// applyCredentials puts a change of credentials into force.
func (g *Gateway) applyCredentials(ctx context.Context, change host.Change) error {
	switch change.Kind {
	case host.ChangedOrganization:
		return renew(func() (*host.Organization, error) { return g.Store.Organization(ctx) }, g.Credentials.SetOrganization, nil)
	case host.ChangedKey:
		return renew(func() (*host.Key, error) { return g.Store.Key(ctx, change.ID) }, g.Credentials.PutKey, func() { g.Credentials.DropKey(change.ID) })
	case host.ChangedToken:
		return renew(func() (*host.Token, error) { return g.Store.Token(ctx, change.ID) }, g.Credentials.PutToken, func() { g.Credentials.DropToken(change.ID) })
	case host.ChangedMember:
		return renew(func() (*host.Member, error) { return g.Store.Member(ctx, change.ID) }, g.Credentials.PutMember, func() { g.Credentials.DropMember(change.ID) })
	case host.ChangedSigningKeys:
		return renew(func() ([]*host.SigningKey, error) { return g.Store.SigningKeys(ctx) }, g.Credentials.SetSigningKeys, nil)
	case host.ChangedIssuers:
		return renew(func() ([]*host.Issuer, error) { return collect(ctx, of(change.ID, g.Store.EachIssuer)) },
			func(all []*host.Issuer) { g.Credentials.SetIssuers(change.ID, all) }, nil)
	case host.ChangedKeyGroups:
		return renew(func() ([]*host.KeyGroup, error) { return collect(ctx, of(change.ID, g.Store.EachKeyGroup)) },
			func(all []*host.KeyGroup) { g.Credentials.SetGroups(change.ID, all) }, nil)
	}
	return nil
}

// renew reads something and puts it into force; gone, if there is one, is for
// what is not there any more.
func renew[T any](read func() (T, error), put func(T), gone func()) error {
	value, err := read()
	if gone != nil && host.CodeOf(err) == host.CodeNotFound {
		gone()
		return nil
	}
	if err == nil {
		put(value)
	}
	return err
}

// collect lists what each goes through.
func collect[T any](ctx context.Context, each func(context.Context, func(*T)) error) ([]*T, error) {
	var all []*T
	err := each(ctx, func(one *T) { all = append(all, one) })
	return all, err
}

// of narrows a walk to one app, or to all for "".
func of[T any](appID string, each func(context.Context, string, func(*T)) error) func(context.Context, func(*T)) error {
	return func(ctx context.Context, fn func(*T)) error { return each(ctx, appID, fn) }
}
