package auth

import (
	"slices"

	"github.com/posternhq/postern/host"
)

// app is what an app says about credentials. It is immutable once it is in the
// table.
type app struct {
	issuers map[string]*issuer  // by their claim iss
	groups  map[string][]string // names, by the id of a member
}

func (a *app) addIssuers(rows []*host.Issuer) {
	if a.issuers == nil {
		a.issuers = map[string]*issuer{}
	}
	for _, row := range rows {
		a.issuers[row.Issuer] = newIssuer(row)
	}
}

func (a *app) addGroups(groups []*host.KeyGroup) {
	if a.groups == nil {
		a.groups = map[string][]string{}
	}
	for _, g := range groups {
		for _, member := range g.Members {
			names := a.groups[member]
			if at, found := slices.BinarySearch(names, g.Name); !found {
				a.groups[member] = slices.Insert(names, at, g.Name)
			}
		}
	}
}

// app returns what is known of an app, which may be nothing.
func (t *Table) app(id string) app {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if a := t.apps[id]; a != nil {
		return *a
	}
	return app{}
}
