package route

import (
	"maps"
	"net/http"
	"slices"

	"github.com/posternhq/postern/host"
)

// Match is what a method and a path lead to.
type Match struct {
	// Endpoint answers the request. It is nil if the path has endpoints, but
	// none for the method.
	Endpoint *host.Endpoint
	// Params are the decoded values of the template's parameters, nil if it
	// has none.
	Params map[string]string
	// Allow lists, sorted, the methods the path answers if Endpoint is nil.
	// OPTIONS is always among them: the gateway answers it.
	Allow []string
}

// Match finds the endpoint for a request of this place. A literal segment
// wins over a parameter, from left to right, if what follows it leads to an
// endpoint for the method. HEAD is answered by a GET endpoint unless the
// same template has one for HEAD. Errors: CodeInvalid for a path that cannot
// be decoded, CodeNotFound if no template matches, whatever the method.
func (p Place) Match(method string) (Match, error) {
	segments, err := host.SplitPath(p.Path)
	if err != nil {
		return Match{}, err
	}
	s := search{method: method, segments: segments}
	s.values = s.room[:0]
	if found := s.visit(p.root, 0); found != nil {
		return Match{Endpoint: found.endpoint, Params: found.params(s.values)}, nil
	}
	if s.allow == nil {
		return Match{}, notFound()
	}
	s.allow[http.MethodOptions] = true
	if s.allow[http.MethodGet] {
		s.allow[http.MethodHead] = true
	}
	return Match{Allow: slices.Sorted(maps.Keys(s.allow))}, nil
}

// node is a place in an app's tree of templates: what may follow a path.
type node struct {
	literals  map[string]*node
	parameter *node // follows any segment
	leaves    map[string]*leaf
}

// leaf is an endpoint whose template ends at a node, found by its method. The
// names of parameters belong to it, since endpoints that share a shape may
// name them differently.
type leaf struct {
	endpoint *host.Endpoint
	names    []string
}

// newTree builds the tree of a release's enabled endpoints.
func newTree(release *host.Release) *node {
	root := &node{}
	if release == nil {
		return root
	}
	for i := range release.Endpoints {
		e := &release.Endpoints[i]
		t, err := host.ParseTemplate(e.Path)
		// A release holds only templates that parse; one that does not
		// cannot match anything.
		if e.Enabled && err == nil {
			root.add(t, e)
		}
	}
	return root
}

func (n *node) add(t host.Template, e *host.Endpoint) {
	var names []string
	for _, s := range t.Segments {
		if s.Parameter != "" {
			names = append(names, s.Parameter)
		}
		n = n.child(s)
	}
	if n.leaves == nil {
		n.leaves = map[string]*leaf{}
	}
	n.leaves[e.Method] = &leaf{e, names}
}

// child returns the node that follows segment s, made if need be.
func (n *node) child(s host.Segment) *node {
	if s.Parameter != "" {
		if n.parameter == nil {
			n.parameter = &node{}
		}
		return n.parameter
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[s.Literal] == nil {
		n.literals[s.Literal] = &node{}
	}
	return n.literals[s.Literal]
}

// params names the values that the parameters took.
func (l *leaf) params(values []string) map[string]string {
	if len(l.names) == 0 {
		return nil
	}
	out := make(map[string]string, len(l.names))
	for i, name := range l.names {
		out[name] = values[i]
	}
	return out
}

// search walks a tree. Only one way leads to each node, so it visits no node
// twice: its time is bounded by the size of the app's tree, whatever the path.
type search struct {
	method   string
	segments []string
	values   []string        // of the parameters on the way to the current node
	room     [4]string       // for the values of most paths
	allow    map[string]bool // methods of the templates that match; nil if none does
}

// visit returns the leaf for the segments from depth on, or nil.
func (s *search) visit(n *node, depth int) *leaf {
	if depth == len(s.segments) {
		return s.arrive(n)
	}
	segment := s.segments[depth]
	if next := n.literals[segment]; next != nil {
		if found := s.visit(next, depth+1); found != nil {
			return found
		}
	}
	if n.parameter == nil {
		return nil
	}
	s.values = append(s.values, segment)
	if found := s.visit(n.parameter, depth+1); found != nil {
		return found
	}
	s.values = s.values[:len(s.values)-1]
	return nil
}

// arrive returns the node's leaf for the method, or notes what it has.
func (s *search) arrive(n *node) *leaf {
	if found := n.leaves[s.method]; found != nil {
		return found
	}
	if found := n.leaves[http.MethodGet]; found != nil && s.method == http.MethodHead {
		return found
	}
	for method := range n.leaves {
		if s.allow == nil {
			s.allow = map[string]bool{}
		}
		s.allow[method] = true
	}
	return nil
}
