package host

// Limits of a page of a list.
const (
	DefaultPageLimit = 20
	MaxPageLimit     = 100
)

// Page selects a part of a list, newest first.
type Page struct {
	Limit  int // 1 to MaxPageLimit
	Offset int // entries to skip, 0 or more
}

// Clamp returns the page with a limit outside 1..MaxPageLimit moved to the
// nearest bound (0 means the default) and a negative offset moved to 0.
func (p Page) Clamp() Page {
	switch {
	case p.Limit == 0:
		p.Limit = DefaultPageLimit
	case p.Limit < 1:
		p.Limit = 1
	case p.Limit > MaxPageLimit:
		p.Limit = MaxPageLimit
	}
	p.Offset = max(p.Offset, 0)
	return p
}
