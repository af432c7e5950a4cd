package admin

import (
	"context"
	"net/url"

	"github.com/posternhq/postern/host"
)

// issuerBody is what a client may write of an issuer.
type issuerBody struct {
	Name           field[string]            `json:"name,omitempty" doc:"What it is called, 1-100 characters"`
	Issuer         field[string]            `json:"issuer,omitempty" doc:"The claim iss of its tokens, matched exactly; unique in the app"`
	Audience       field[[]string]          `json:"audience,omitempty" nullable:"true" doc:"The claim aud must name one of these; empty does not look at it"`
	Algorithms     field[[]string]          `json:"algorithms,omitempty" nullable:"true" doc:"Signature algorithms that are accepted; those of the key unless given, RS256 with jwks_url"`
	PublicKey      field[string]            `json:"public_key,omitempty" nullable:"true" doc:"PEM of a public key; this or jwks_url"`
	JWKSURL        field[string]            `json:"jwks_url,omitempty" nullable:"true" doc:"Where the issuer publishes its keys"`
	RequiredClaims field[host.Claims]       `json:"required_claims,omitempty" nullable:"true" doc:"Values that claims must have or, where a claim is a list, hold"`
	ClaimVariables field[map[string]string] `json:"claim_variables,omitempty" nullable:"true" doc:"From the name of a claim to that of the caller's variable that takes its value"`
	RateLimit      limitField               `json:"rate_limit,omitempty" doc:"How often one subject of the issuer may call; null for no bound"`
	Enabled        field[bool]              `json:"enabled,omitempty" nullable:"true" doc:"Whether its JWTs are accepted; true unless given"`
}

// apply writes the fields that were sent to issuer and validates it. A null
// gives a field that has a default its default back.
func (b *issuerBody) apply(issuer *host.Issuer) error {
	fresh := host.NewIssuer(issuer.AppID)
	reset(b.Audience, &issuer.Audience, fresh.Audience)
	reset(b.Algorithms, &issuer.Algorithms, fresh.Algorithms)
	reset(b.RequiredClaims, &issuer.RequiredClaims, fresh.RequiredClaims)
	reset(b.ClaimVariables, &issuer.ClaimVariables, fresh.ClaimVariables)
	reset(b.Enabled, &issuer.Enabled, fresh.Enabled)
	b.PublicKey.toNullable(&issuer.PublicKey)
	b.JWKSURL.toNullable(&issuer.JWKSURL)
	b.RateLimit.to(&issuer.RateLimit)
	for _, err := range []error{
		b.Name.to("name", &issuer.Name),
		b.Issuer.to("issuer", &issuer.Issuer),
	} {
		if err != nil {
			return err
		}
	}
	return issuer.Validate()
}

// checkSource refuses keys that anybody on the way could replace: those of an
// URL without TLS, unless the host may call the private network, where
// certificates are rare.
func (a *API) checkSource(b *issuerBody) error {
	if u, err := url.Parse(b.JWKSURL.or("")); err == nil && u.Scheme == "http" && !a.OutboundPrivate {
		return host.Errorf(host.CodeInvalid, "jwks_url must start with https://; a host that runs with --outbound-private takes http:// too")
	}
	return nil
}

type issuerOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success bool         `json:"success"`
		Issuer  *host.Issuer `json:"issuer"`
	}
}

func newIssuerOutput(issuer *host.Issuer) *issuerOutput {
	out := &issuerOutput{ETag: etag(issuer.Revision)}
	out.Body.Success, out.Body.Issuer = true, issuer
	return out
}

type issuersOutput struct {
	Body struct {
		Success    bool           `json:"success"`
		Issuers    []*host.Issuer `json:"issuers"`
		Pagination pagination     `json:"pagination"`
	}
}

// IssuerPath is part of the routes of one issuer.
type IssuerPath struct {
	AppPath
	Issuer string `path:"issuer" doc:"Id of the issuer"`
}

func (a *API) issuerRoutes() {
	register(a, operation{id: "create-issuer", method: post, path: "/v1/apps/{app}/issuers", summary: "Accept the JWTs of an issuer", tag: "issuers", status: 201}, a.createIssuer)
	register(a, operation{id: "list-issuers", method: get, path: "/v1/apps/{app}/issuers", summary: "List issuers", tag: "issuers"}, a.listIssuers)
	register(a, operation{id: "get-issuer", method: get, path: "/v1/apps/{app}/issuers/{issuer}", summary: "Show an issuer", tag: "issuers"}, a.getIssuer)
	register(a, operation{id: "update-issuer", method: patch, path: "/v1/apps/{app}/issuers/{issuer}", summary: "Change an issuer", tag: "issuers"}, a.updateIssuer)
	register(a, operation{id: "delete-issuer", method: remove, path: "/v1/apps/{app}/issuers/{issuer}", summary: "Refuse the JWTs of an issuer at once", tag: "issuers"}, a.deleteIssuer)
}

func (a *API) createIssuer(ctx context.Context, in *struct {
	AppPath
	Body issuerBody
}) (*issuerOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	issuer := host.NewIssuer(app.ID)
	if err := in.Body.apply(issuer); err != nil {
		return nil, err
	}
	if err := a.checkSource(&in.Body); err != nil {
		return nil, err
	}
	if err := a.Store.CreateIssuer(ctx, issuer); err != nil {
		return nil, err
	}
	return newIssuerOutput(issuer), a.live(ctx)
}

func (a *API) listIssuers(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*issuersOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	issuers, total, err := a.Store.Issuers(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &issuersOutput{}
	out.Body.Success, out.Body.Issuers = true, orEmpty(issuers)
	out.Body.Pagination = paginate(in.page(), len(issuers), total)
	return out, nil
}

func (a *API) getIssuer(ctx context.Context, in *IssuerPath) (*issuerOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	issuer, err := a.Store.Issuer(ctx, app.ID, in.Issuer)
	if err != nil {
		return nil, err
	}
	return newIssuerOutput(issuer), nil
}

func (a *API) updateIssuer(ctx context.Context, in *struct {
	IssuerPath
	IfMatch string `header:"If-Match"`
	Body    issuerBody
}) (*issuerOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	issuer, err := a.Store.UpdateIssuer(ctx, app.ID, in.Issuer, func(issuer *host.Issuer) error {
		if err := matchRevision(in.IfMatch, issuer.Revision); err != nil {
			return err
		}
		if err := in.Body.apply(issuer); err != nil {
			return err
		}
		return a.checkSource(&in.Body)
	})
	if err != nil {
		return nil, err
	}
	return newIssuerOutput(issuer), a.live(ctx)
}

func (a *API) deleteIssuer(ctx context.Context, in *struct {
	IssuerPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	err = a.Store.DeleteIssuer(ctx, app.ID, in.Issuer, func(issuer *host.Issuer) error { return matchRevision(in.IfMatch, issuer.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Issuer deleted successfully"), a.live(ctx)
}
