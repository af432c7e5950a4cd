package admin

import (
	"context"

	"github.com/posternhq/postern/host"
)

// memberBody is what a client may write of a member.
type memberBody struct {
	Name         field[string]   `json:"name,omitempty" doc:"Unique among members"`
	Role         field[string]   `json:"role,omitempty" doc:"viewer, developer, admin or sysadmin"`
	Environments field[[]string] `json:"environments,omitempty" doc:"The environments the member sees; null for all"`
	Enabled      field[bool]     `json:"enabled,omitempty" doc:"A member that is not enabled is refused at once"`
}

// apply writes the fields that were sent to member and validates it.
func (b *memberBody) apply(member *host.Member) error {
	role := string(member.Role)
	for _, err := range []error{
		b.Name.to("name", &member.Name),
		b.Role.to("role", &role),
		b.Enabled.to("enabled", &member.Enabled),
	} {
		if err != nil {
			return err
		}
	}
	member.Role = host.Role(role)
	if b.Environments.set {
		member.Environments = b.Environments.value // nil if the field is null
	}
	return member.Validate()
}

// shownMember is a member as answers show it. Token is there only once, in the
// answer to its creation or rotation.
type shownMember struct {
	*host.Member
	Token string `json:"token,omitempty" doc:"The member's token, shown once"`
}

type memberOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success bool        `json:"success"`
		Member  shownMember `json:"member"`
	}
}

func newMemberOutput(member *host.Member, token string) *memberOutput {
	out := &memberOutput{ETag: etag(member.Revision)}
	out.Body.Success, out.Body.Member = true, shownMember{member, token}
	return out
}

type membersOutput struct {
	Body struct {
		Success    bool          `json:"success"`
		Members    []shownMember `json:"members"`
		Pagination pagination    `json:"pagination"`
	}
}

// MemberPath is part of the routes of one member.
type MemberPath struct {
	Member string `path:"member" doc:"Id of the member"`
}

func (a *API) memberRoutes() {
	register(a, operation{id: "create-member", method: post, path: "/v1/members", summary: "Add a member; its token is shown once", tag: "members", status: 201}, a.createMember)
	register(a, operation{id: "list-members", method: get, path: "/v1/members", summary: "List members", tag: "members"}, a.listMembers)
	register(a, operation{id: "get-member", method: get, path: "/v1/members/{member}", summary: "Show a member", tag: "members"}, a.getMember)
	register(a, operation{id: "update-member", method: patch, path: "/v1/members/{member}", summary: "Change, disable or enable a member at once", tag: "members"}, a.updateMember)
	register(a, operation{id: "rotate-member", method: post, path: "/v1/members/{member}/rotate", summary: "Give a member a new token, shown once; the old one ends at once", tag: "members"}, a.rotateMember)
	register(a, operation{id: "delete-member", method: remove, path: "/v1/members/{member}", summary: "Delete a member, whose token ends at once", tag: "members"}, a.deleteMember)
}

func (a *API) createMember(ctx context.Context, in *struct{ Body memberBody }) (*memberOutput, error) {
	member, token := host.NewMember()
	if err := in.Body.apply(member); err != nil {
		return nil, err
	}
	if err := a.Store.CreateMember(ctx, member); err != nil {
		return nil, err
	}
	a.soon(ctx)
	return newMemberOutput(member, token), nil
}

func (a *API) listMembers(ctx context.Context, in *PageQuery) (*membersOutput, error) {
	members, total, err := a.Store.Members(ctx, in.page())
	if err != nil {
		return nil, err
	}
	out := &membersOutput{}
	out.Body.Success, out.Body.Members = true, []shownMember{}
	for _, member := range members {
		out.Body.Members = append(out.Body.Members, shownMember{Member: member})
	}
	out.Body.Pagination = paginate(in.page(), len(members), total)
	return out, nil
}

func (a *API) getMember(ctx context.Context, in *MemberPath) (*memberOutput, error) {
	member, err := a.Store.Member(ctx, in.Member)
	if err != nil {
		return nil, err
	}
	return newMemberOutput(member, ""), nil
}

func (a *API) updateMember(ctx context.Context, in *struct {
	MemberPath
	IfMatch string `header:"If-Match"`
	Body    memberBody
}) (*memberOutput, error) {
	member, err := a.Store.UpdateMember(ctx, in.Member, func(member *host.Member) error {
		if err := matchRevision(in.IfMatch, member.Revision); err != nil {
			return err
		}
		return in.Body.apply(member)
	})
	if err != nil {
		return nil, err
	}
	return newMemberOutput(member, ""), a.live(ctx)
}

func (a *API) rotateMember(ctx context.Context, in *struct {
	MemberPath
	IfMatch string `header:"If-Match"`
}) (*memberOutput, error) {
	var token string
	member, err := a.Store.UpdateMember(ctx, in.Member, func(member *host.Member) error {
		if err := matchRevision(in.IfMatch, member.Revision); err != nil {
			return err
		}
		token = member.Rotate()
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.soon(ctx)
	return newMemberOutput(member, token), nil
}

func (a *API) deleteMember(ctx context.Context, in *struct {
	MemberPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	err := a.Store.DeleteMember(ctx, in.Member, func(member *host.Member) error { return matchRevision(in.IfMatch, member.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Member deleted successfully"), a.live(ctx)
}
