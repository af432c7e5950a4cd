package host

import "slices"

// Grant is a group of data operations that modules ask for.
type Grant struct {
	Name    string `json:"name"`
	Granted bool   `json:"granted" doc:"Whether the app's modules may use it"`
}

// Asks lists the groups of data operations that the module imports, in order.
func (m *Module) Asks() []string {
	asks := []string{}
	for _, i := range m.Imports {
		if slices.Contains(Capabilities, i.Capability) {
			asks = append(asks, i.Capability)
		}
	}
	slices.Sort(asks)
	return slices.Compact(asks)
}

// Judge tells which of the groups the app grants.
func (a *App) Judge(groups []string) []Grant {
	grants := make([]Grant, len(groups))
	for i, name := range groups {
		grants[i] = Grant{name, a.Grants(name)}
	}
	return grants
}

// Ungranted lists the names of those that are not granted.
func Ungranted(grants []Grant) (names []string) {
	for _, g := range grants {
		if !g.Granted {
			names = append(names, g.Name)
		}
	}
	return names
}
