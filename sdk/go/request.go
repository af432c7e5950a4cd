package postern

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Request is what the endpoint was called with. Its methods only read, and
// find what they are asked for in the payload when they are; text that is not
// there is "".
type Request struct {
	in *payload
}

// payload is a payload with the places of the members found in it so far.
// Handlers may read from several goroutines.
type payload struct {
	raw   []byte
	mu    lock
	next  int // where the next member begins, 0 after the last one
	last  memberID
	found [memberCount]place
}

// place is where a value is: from start to before end. A pair of numbers keeps
// the garbage collector out of payload.
type place struct{ start, end uint32 }

// memberID stands for a member of schemas/payload.v1.json.
type memberID int

// The members in the order in which the host writes them, which makes it
// likely that the next one is next.
const (
	unknownMember memberID = iota
	fqdnMember
	hostMember
	httpVersionMember
	methodMember
	pathMember
	paramsMember
	queryMember
	headerMember
	cookiesMember
	multiQueryMember
	multiHeaderMember
	bodyMember
	bodyEncodingMember
	clientIPMember
	requestIDMember
	receivedAtMember
	appMember
	endpointMember
	callerMember
	memberCount
)

var memberNames = [memberCount]string{
	fqdnMember: "fqdn", hostMember: "host", httpVersionMember: "httpVersion", methodMember: "method", pathMember: "path",
	paramsMember: "pathMapping", queryMember: "queryParams", headerMember: "header", cookiesMember: "cookies",
	multiQueryMember: "multiValueQueryParams", multiHeaderMember: "multiValueHeader",
	bodyMember: "body", bodyEncodingMember: "bodyEncoding",
	clientIPMember: "clientIp", requestIDMember: "requestId", receivedAtMember: "receivedAt",
	appMember: "app", endpointMember: "endpoint", callerMember: "caller",
}

// member is a member of the payload, nil if it is not there. It goes no
// further into the payload than that member: what comes before the body is
// found without reading the body.
func (r Request) member(id memberID) value {
	p := r.in
	if p == nil {
		return nil
	}
	p.mu.Lock()
	for p.found[id].end == 0 && p.next > 0 {
		p.step()
	}
	at := p.found[id]
	p.mu.Unlock()
	if at.end == 0 {
		return nil
	}
	return p.raw[at.start:at.end:at.end]
}

// step reads the next member.
func (p *payload) step() {
	name, start, end, next := memberAt(p.raw, p.next)
	p.next = next
	if name == nil {
		return
	}
	id := p.identify(name[1 : len(name)-1])
	if id == unknownMember {
		id = p.identify([]byte(name.text())) // as another writer may escape it
	}
	if id == unknownMember {
		return
	}
	p.last = id
	if p.found[id].end == 0 {
		p.found[id] = place{uint32(start), uint32(end)}
	}
}

// identify looks a name up, beginning behind the last one.
func (p *payload) identify(name []byte) memberID {
	for id := p.last + 1; id < memberCount; id++ {
		if string(name) == memberNames[id] {
			return id
		}
	}
	for id := unknownMember + 1; id <= p.last; id++ {
		if string(name) == memberNames[id] {
			return id
		}
	}
	return unknownMember
}

// App is the app the endpoint belongs to.
type App struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Environment string `json:"environment"` // production, staging or development
}

// Endpoint is the endpoint that was called, and the release it is part of.
type Endpoint struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Release int    `json:"release"`
}

// Caller is who the request's credential belongs to.
type Caller struct {
	Kind      string                     `json:"kind"`
	ID        string                     `json:"id"`
	Name      string                     `json:"name"`
	Groups    []string                   `json:"groups"`
	Variables map[string]string          `json:"variables"`
	Claims    map[string]json.RawMessage `json:"claims"`
}

// ParseRequest reads a payload as the host sends it
// (schemas/payload.v1.json). It reads as much as it takes to find the method.
func ParseRequest(raw []byte) (Request, error) {
	start := skipSpace(raw, 0)
	if at(raw, start) != '{' {
		return Request{}, errors.New("the input is no payload: it is no JSON object")
	}
	r := Request{&payload{raw: raw, next: start + 1}}
	if r.Method() == "" {
		return Request{}, errors.New("the input is no payload: it has no method")
	}
	return r, nil
}

// Payload returns the whole payload as JSON.
func (r Request) Payload() []byte {
	if r.in == nil {
		return nil
	}
	return r.in.raw
}

// Method returns the HTTP method, in capitals.
func (r Request) Method() string { return r.member(methodMember).text() }

// Path returns the path inside the app, still percent-encoded.
func (r Request) Path() string { return r.member(pathMember).text() }

// Host returns the Host header as sent, with its port if it has one.
func (r Request) Host() string { return r.member(hostMember).text() }

// FQDN returns the name of the host that was called, without a port.
func (r Request) FQDN() string { return r.member(fqdnMember).text() }

// HTTPVersion returns the version of the protocol, such as "1.1".
func (r Request) HTTPVersion() string { return r.member(httpVersionMember).text() }

// Param returns what the parameter {name} of the endpoint's path stands for.
func (r Request) Param(name string) string { return r.member(paramsMember).get(name).text() }

// Query returns the query parameter called name; the last one if it repeats.
func (r Request) Query(name string) string { return r.member(queryMember).get(name).text() }

// QueryAll returns every value of the query parameter called name, in the
// order sent.
func (r Request) QueryAll(name string) []string { return r.all(name, queryMember, multiQueryMember) }

// Header returns the header called name, in whatever case; values of one that
// repeats are joined with ", ".
func (r Request) Header(name string) string {
	return r.member(headerMember).get(strings.ToLower(name)).text()
}

// HeaderAll returns every value of the header called name, in the order sent.
func (r Request) HeaderAll(name string) []string {
	return r.all(strings.ToLower(name), headerMember, multiHeaderMember)
}

// all looks for the one value first: most names do not repeat, and the members
// for those that do are absent then.
func (r Request) all(name string, single, multi memberID) []string {
	v := r.member(single).get(name)
	if v == nil {
		return nil
	}
	if values := r.member(multi).get(name).list(); values != nil {
		return values
	}
	return []string{v.text()}
}

// Cookie returns the value of the cookie called name.
func (r Request) Cookie(name string) string { return r.member(cookiesMember).get(name).text() }

// ClientIP returns the address of the client.
func (r Request) ClientIP() string { return r.member(clientIPMember).text() }

// RequestID returns the id of this request, which the response and the log
// carry as well.
func (r Request) RequestID() string { return r.member(requestIDMember).text() }

// ReceivedAt returns when the host received the request, to the millisecond.
func (r Request) ReceivedAt() time.Time {
	t, _ := time.Parse(time.RFC3339, r.member(receivedAtMember).text())
	return t
}

// App returns the app the endpoint belongs to.
func (r Request) App() App {
	v := r.member(appMember)
	return App{ID: v.get("id").text(), Name: v.get("name").text(), Environment: v.get("environment").text()}
}

// Endpoint returns the endpoint that was called.
func (r Request) Endpoint() Endpoint {
	v := r.member(endpointMember)
	return Endpoint{ID: v.get("id").text(), Name: v.get("name").text(), Release: v.get("release").number()}
}

// Caller returns who the request's credential belongs to, nil for a request
// without one, which only a public endpoint gets.
func (r Request) Caller() *Caller {
	v := r.member(callerMember)
	if at(v, 0) != '{' {
		return nil
	}
	c := &Caller{
		Kind: v.get("kind").text(), ID: v.get("id").text(), Name: v.get("name").text(),
		Groups: v.get("groups").list(), Variables: v.get("variables").texts(),
	}
	if claims := v.get("claims"); at(claims, 0) == '{' {
		c.Claims = map[string]json.RawMessage{}
		for name, claim := range claims.members {
			if _, seen := c.Claims[name.text()]; !seen {
				c.Claims[name.text()] = json.RawMessage(claim)
			}
		}
	}
	return c
}

// How the host passed the body on.
const (
	bodyJSON   = "json"
	bodyForm   = "form"
	bodyText   = "text"
	bodyBase64 = "base64"
)

// Body returns the bytes of the body, nil if there is none. JSON comes as the
// client sent it, as a part of the payload that must not be changed. A form
// has no bytes here: read it with Form.
func (r Request) Body() []byte {
	switch encoding := r.member(bodyEncodingMember); {
	case encoding.is(bodyJSON):
		return r.member(bodyMember)
	case encoding.is(bodyText):
		return []byte(r.member(bodyMember).text())
	case encoding.is(bodyBase64):
		return r.member(bodyMember).base64()
	}
	return nil
}

// Text returns the body as text.
func (r Request) Text() string {
	if r.member(bodyEncodingMember).is(bodyText) {
		return r.member(bodyMember).text()
	}
	return string(r.Body())
}

// JSON decodes the body into v, which is what json.Unmarshal takes. It is an
// error if the client did not send JSON, content type included.
func (r Request) JSON(v any) error {
	if !r.member(bodyEncodingMember).is(bodyJSON) {
		return errors.New("the body must be JSON, with the content type application/json")
	}
	return json.Unmarshal(r.member(bodyMember), v)
}

// Form returns the field of a form sent as application/x-www-form-urlencoded.
func (r Request) Form(name string) string { return r.form().get(name).text() }

// FormValues returns all fields of the form, nil if the body is none.
func (r Request) FormValues() map[string]string { return r.form().texts() }

func (r Request) form() value {
	if !r.member(bodyEncodingMember).is(bodyForm) {
		return nil
	}
	return r.member(bodyMember)
}
