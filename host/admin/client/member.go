package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// MemberFields are the writable fields of a member. Null environments are all.
type MemberFields struct {
	Name         Field[string]    `json:"name,omitzero"`
	Role         Field[host.Role] `json:"role,omitzero"`
	Environments Field[[]string]  `json:"environments,omitzero"`
	Enabled      Field[bool]      `json:"enabled,omitzero"`
}

// Member is a member as the server shows it.
type Member struct {
	host.Member
	// Token is the member's token, only in the answer to its creation or
	// rotation.
	Token string `json:"token,omitempty"`
}

// CreateMember adds a member; only this answer holds its token.
func (c *Client) CreateMember(ctx context.Context, fields MemberFields) (*Member, error) {
	return c.oneMember(ctx, call{method: http.MethodPost, path: []string{"members"}, body: fields})
}

// Member shows a member by its id.
func (c *Client) Member(ctx context.Context, id string) (*Member, error) {
	return c.oneMember(ctx, call{method: http.MethodGet, path: []string{"members", id}})
}

// Members lists members, newest first.
func (c *Client) Members(ctx context.Context, page host.Page) (List[*Member], error) {
	return list[*Member](ctx, c, "members", []string{"members"}, nil, page)
}

// UpdateMember changes the fields that are present.
func (c *Client) UpdateMember(ctx context.Context, id string, fields MemberFields, options ...Option) (*Member, error) {
	return c.oneMember(ctx, call{method: http.MethodPatch, path: []string{"members", id}, body: fields, options: options})
}

// RotateMember gives a member a new token, which only this answer holds. The
// old one ends at once.
func (c *Client) RotateMember(ctx context.Context, id string, options ...Option) (*Member, error) {
	return c.oneMember(ctx, call{method: http.MethodPost, path: []string{"members", id, "rotate"}, options: options})
}

// DeleteMember deletes a member, whose token ends at once.
func (c *Client) DeleteMember(ctx context.Context, id string, options ...Option) error {
	return c.remove(ctx, []string{"members", id}, options)
}

func (c *Client) oneMember(ctx context.Context, what call) (*Member, error) {
	var out struct {
		Member Member `json:"member"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	out.Member.Revision = revision(response)
	return &out.Member, nil
}
