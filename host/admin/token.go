package admin

import (
	"context"
	"errors"

	"github.com/posternhq/postern/host"
)

// tokenBody is what a client may write of a token. A token cannot be changed:
// whoever holds it reads in it what it is.
type tokenBody struct {
	Name      field[string] `json:"name,omitempty" doc:"Unique among tokens"`
	ExpiresAt field[string] `json:"expires_at,omitempty" nullable:"true" doc:"A date, which the token works through, or an RFC 3339 instant"`
	AccessBody
}

// apply writes the fields that were sent to token and validates it.
func (b *tokenBody) apply(token *host.Token) error {
	for _, err := range []error{
		b.Name.to("name", &token.Name),
		expiry(b.ExpiresAt, &token.ExpiresAt),
		b.AccessBody.apply(&token.Access),
	} {
		if err != nil {
			return err
		}
	}
	if token.Status(host.Now()) == host.KeyExpired {
		return host.Errorf(host.CodeInvalid, "expires_at must be in the future")
	}
	return token.Validate()
}

// shownToken is a token as answers show it. JWT is there only once, in the
// answer to its creation.
type shownToken struct {
	*host.Token
	Status string `json:"status" doc:"active or expired"`
	JWT    string `json:"token,omitempty" doc:"The token itself, shown once"`
}

func showToken(token *host.Token) shownToken {
	return shownToken{Token: token, Status: token.Status(host.Now())}
}

type tokenOutput struct {
	Body struct {
		Success bool       `json:"success"`
		Token   shownToken `json:"token"`
	}
}

func newTokenOutput(token *host.Token) *tokenOutput {
	out := &tokenOutput{}
	out.Body.Success, out.Body.Token = true, showToken(token)
	return out
}

type tokensOutput struct {
	Body struct {
		Success    bool         `json:"success"`
		Tokens     []shownToken `json:"tokens"`
		Pagination pagination   `json:"pagination"`
	}
}

// TokenPath is part of the routes of one token.
type TokenPath struct {
	Token string `path:"token" doc:"Id of the token"`
}

func (a *API) tokenRoutes() {
	register(a, operation{id: "create-token", method: post, path: "/v1/tokens", summary: "Create a token; it is shown once", tag: "tokens", status: 201}, a.createToken)
	register(a, operation{id: "list-tokens", method: get, path: "/v1/tokens", summary: "List tokens", tag: "tokens"}, a.listTokens)
	register(a, operation{id: "get-token", method: get, path: "/v1/tokens/{token}", summary: "Show a token", tag: "tokens"}, a.getToken)
	register(a, operation{id: "delete-token", method: remove, path: "/v1/tokens/{token}", summary: "Delete a token at once", tag: "tokens"}, a.deleteToken)
}

func (a *API) createToken(ctx context.Context, in *struct{ Body tokenBody }) (*tokenOutput, error) {
	token := host.NewToken()
	if err := in.Body.apply(token); err != nil {
		return nil, err
	}
	if err := permitEnvironment(ctx, *token.Environment); err != nil {
		return nil, err
	}
	org, err := a.Store.Organization(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := a.Store.SigningKeys(ctx)
	if err == nil && len(keys) == 0 {
		err = errors.New("there is no signing key: a start makes the first")
	}
	if err != nil {
		return nil, err
	}
	token.KeyID = keys[0].ID
	if err := a.Store.CreateToken(ctx, token); err != nil {
		return nil, err
	}
	a.soon(ctx)
	out := newTokenOutput(token)
	out.Body.Token.JWT = keys[0].Sign(org.ID, token)
	return out, nil
}

func (a *API) listTokens(ctx context.Context, in *PageQuery) (*tokensOutput, error) {
	tokens, total, err := a.Store.Tokens(ctx, actor(ctx).Environments, in.page())
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.Success, out.Body.Tokens = true, []shownToken{}
	for _, token := range tokens {
		out.Body.Tokens = append(out.Body.Tokens, showToken(token))
	}
	out.Body.Pagination = paginate(in.page(), len(tokens), total)
	return out, nil
}

// token finds a token that the actor may know of.
func (a *API) token(ctx context.Context, id string) (*host.Token, error) {
	token, err := a.Store.Token(ctx, id)
	if err == nil && !actor(ctx).Sees(*token.Environment) {
		err = hide("Token")
	}
	return token, err
}

func (a *API) getToken(ctx context.Context, in *TokenPath) (*tokenOutput, error) {
	token, err := a.token(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	return newTokenOutput(token), nil
}

func (a *API) deleteToken(ctx context.Context, in *TokenPath) (*deleted, error) {
	if _, err := a.token(ctx, in.Token); err != nil {
		return nil, err
	}
	if err := a.Store.DeleteToken(ctx, in.Token); err != nil {
		return nil, err
	}
	return newDeleted("Token deleted successfully"), a.live(ctx)
}
