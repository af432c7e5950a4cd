package auth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

// TestTable_Manage covers who may manage, with which of two headers.
func TestTable_Manage(t *testing.T) {
	t.Parallel()
	table := auth.NewTable(nil)
	key := host.NewOrganizationKey()
	refused := func(when, apiKey, authorization string, code host.Code, text string) {
		t.Helper()
		if actor, err := table.Manage(apiKey, authorization); host.CodeOf(err) != code || err.Error() != text || actor != nil {
			t.Errorf("%s: %v, %v", when, actor, err)
		}
	}
	admitted := func(when, apiKey, authorization string, want *host.Actor) {
		t.Helper()
		got, err := table.Manage(apiKey, authorization)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", when, err, diff)
		}
	}
	const noKey, noToken = "Invalid or revoked API key", "Invalid or revoked member token"
	refused("before the first start", "", "", host.CodeUnauthorized, noKey)
	refused("before the first start", key, "", host.CodeUnauthorized, noKey)

	org := &host.Organization{ID: host.NewID(), Name: "Org", APIKeyEnabled: true, KeyHash: host.HashSecret(key)}
	table.SetOrganization(org)
	byKey := &host.Actor{Kind: host.ActorOrganization, ID: org.ID, Name: "Org", Role: host.Sysadmin}
	admitted("the organization key", key, "", byKey)
	refused("another key", host.NewOrganizationKey(), "", host.CodeUnauthorized, noKey)
	refused("no credential", "", "", host.CodeUnauthorized, noKey)

	member, token := host.NewMember()
	member.Name, member.Role, member.Environments = "Ada", host.Developer, []string{host.Staging}
	table.PutMember(member)
	ada := &host.Actor{Kind: host.ActorMember, ID: member.ID, Name: "Ada", Role: host.Developer, Environments: []string{host.Staging}}
	admitted("a member", "", "Bearer "+token, ada)
	admitted("a scheme in small letters", "", "bearer "+token, ada)
	admitted("both, the key decides", key, "Bearer "+token, byKey)
	refused("both, the wrong key decides", "apps_wrong", "Bearer "+token, host.CodeUnauthorized, noKey)
	refused("the token as a key", token, "", host.CodeUnauthorized, noKey)
	refused("the key as a token", "", "Bearer "+key, host.CodeUnauthorized, noToken)
	refused("another scheme", "", "Basic "+token, host.CodeUnauthorized, noKey)
	refused("another token", "", "Bearer pat_"+strings.Repeat("0", 64), host.CodeUnauthorized, noToken)

	rotated := *member
	fresh := rotated.Rotate()
	table.PutMember(&rotated)
	refused("the token before a rotation", "", "Bearer "+token, host.CodeUnauthorized, noToken)
	admitted("the token after a rotation", "", "Bearer "+fresh, ada)
	disabled := rotated
	disabled.Enabled = false
	table.PutMember(&disabled)
	refused("disabled", "", "Bearer "+fresh, host.CodeUnauthorized, noToken)
	table.ReplaceMembers([]*host.Member{member})
	admitted("loaded anew", "", "Bearer "+token, ada)
	table.DropMember(member.ID)
	refused("deleted", "", "Bearer "+token, host.CodeUnauthorized, noToken)

	suspended := *org
	suspended.APIKeyEnabled = false
	table.SetOrganization(&suspended)
	refused("suspended", key, "", host.CodeForbidden, "The organization API key is suspended")
	refused("a wrong one while suspended", "apps_wrong", "", host.CodeUnauthorized, noKey)
}
