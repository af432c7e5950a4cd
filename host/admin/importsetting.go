package admin

import (
	"context"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/archive"
)

// archivedVariables checks the variables of an archive, which have no app yet.
func archivedVariables(list []archive.Variable) (variables []*host.Variable, err error) {
	seen := map[string]bool{}
	for _, described := range list {
		v := host.NewVariable("", described.Name, described.Value)
		if err := v.Validate(); err != nil {
			return nil, host.Caused(host.CodeInvalid, err, "variable %.100q: %s", v.Name, host.AsError(err).Message)
		}
		if seen[v.Name] {
			return nil, host.Errorf(host.CodeInvalid, "variable %s is there twice", v.Name)
		}
		seen[v.Name] = true
		variables = append(variables, v)
	}
	return variables, nil
}

// addVariables gives an app the variables that it has not. The others are what
// somebody has set them to for this app.
func (a *API) addVariables(ctx context.Context, appID string, variables []*host.Variable) error {
	there := map[string]bool{}
	if err := a.Store.EachVariable(ctx, appID, func(v *host.Variable) { there[v.Name] = true }); err != nil {
		return err
	}
	for _, v := range variables {
		if there[v.Name] {
			continue
		}
		v.AppID = appID
		if _, err := a.Store.PutVariable(ctx, v); err != nil {
			return err
		}
	}
	return nil
}
