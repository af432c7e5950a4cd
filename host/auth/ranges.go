package auth

import (
	"net/netip"
	"slices"

	"github.com/posternhq/postern/host"
)

// Ranges is a list of addresses that are let in. The zero Ranges, like an empty
// list, lets all in.
type Ranges struct {
	some bool
	list []netip.Prefix // sorted; none holds another
}

// NewRanges reads addresses and CIDR ranges that host.ParseIPRange accepts. An
// entry it does not accept matches nothing, and still makes the list
// non-empty: bad data never opens a door.
func NewRanges(list []string) Ranges {
	r := Ranges{some: len(list) > 0}
	var all []netip.Prefix
	for _, s := range list {
		if p, err := host.ParseIPRange(s); err == nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	for _, p := range all {
		// Two ranges are apart, or one is inside the other; the larger
		// comes first.
		if n := len(r.list); n == 0 || !r.list[n-1].Overlaps(p) {
			r.list = append(r.list, p)
		}
	}
	return r
}

// Contains reports whether the address is let in.
func (r Ranges) Contains(addr netip.Addr) bool {
	if !r.some {
		return true
	}
	addr = addr.Unmap().WithZone("")
	after, exact := slices.BinarySearchFunc(r.list, addr, func(p netip.Prefix, a netip.Addr) int { return p.Addr().Compare(a) })
	if exact {
		return true
	}
	return after > 0 && r.list[after-1].Contains(addr)
}
