package engine

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/posternhq/postern/host/capability"
)

// fetchName is the data operation that Extism's functions are expressed by, so
// that grants, hosts, counts and transactions are looked after in one place.
const fetchName = "http_fetch"

// Bounds of what http_request asks of that operation, within which the
// endpoint's deadline and a manifest decide.
const (
	maxHTTPTimeoutMS = 60_000
	maxHTTPBytes     = 32 << 20
)

// exchange is what the guest may still ask about its last request.
type exchange struct {
	status  int32
	headers map[string]string
}

// findFetch returns the operation under the name that guests know it by here;
// nil if there is none.
func findFetch(operations []capability.Operation) *capability.Operation {
	i := slices.IndexFunc(operations, func(op capability.Operation) bool { return op.Name == fetchName })
	if i < 0 {
		return nil
	}
	fetch := operations[i]
	fetch.Name = "http_request"
	return &fetch
}

// http_request(request, body) block: sends a request {"url","method","headers"}
// with a body, 0 for none, and gives the body of the answer, 0 for none. Both
// blocks are freed, but not before the answer has one: guests free them again,
// and it must not have their address. Whatever fails ends the guest, as with the Extism SDKs:
// there is no way to tell it.
func httpRequest(s *state, fetch *capability.Operation, stack []uint64) {
	s.private("http_request")
	s.http = exchange{}
	block, body := stack[0], stack[1]
	asked, most := s.readRequest(block, body)
	if fetch == nil {
		refuseHost(asked.URL)
	}
	request, err := json.Marshal(asked)
	if err != nil {
		refuse("http_request: %s", err)
	}
	var answer fetched
	if err := json.Unmarshal(s.carryOut(fetch, request), &answer); err != nil {
		refuse("http_request: the answer is not understood")
	}
	if answer.Error.Code != "" {
		refuse("http_request: %s", answer.Error.Message)
	}
	if int64(len(answer.Body)) > most {
		refuse("http_request: the answer is larger than the %d bytes that the manifest allows", most)
	}
	s.http = answer.exchange()
	stack[0] = s.give(answer.Body)
	s.free(block)
	s.free(body)
}

// refuseHost refuses a request on a host that makes none. Only the name goes
// into the text: a URL may hold secrets.
func refuseHost(text string) {
	u, err := url.Parse(text)
	if err != nil {
		refuse("http_request: the URL is invalid")
	}
	refuse("http_request: requests to %q are not allowed: this host lets modules reach no other", u.Hostname())
}

// fetching is what the operation takes.
type fetching struct {
	URL          string              `json:"url"`
	Method       string              `json:"method"`
	Headers      map[string][]string `json:"headers"`
	Body         []byte              `json:"body,omitempty"`
	BodyEncoding string              `json:"bodyEncoding,omitempty"`
	TimeoutMS    int                 `json:"timeout_ms"`
	MaxBytes     int64               `json:"max_bytes,omitempty"`
	Raw          bool                `json:"raw"`
}

// fetched is what it answers.
type fetched struct {
	Status  int32
	Headers map[string]any // a text, or a list of them
	Body    []byte
	Error   struct{ Code, Message string }
}

// unsent are headers that the SDKs take and do not send: how a request travels
// is the host's affair. What is not given is not sent either: nil stands for
// that.
var (
	unsent = []string{"host", "content-length", "transfer-encoding", "trailer"}
	absent = []string{"content-type"}
)

// readRequest reads the blocks of a request. most is how many
// bytes of an answer the manifest allows.
func (s *state) readRequest(request, body uint64) (asked *fetching, most int64) {
	var from struct {
		URL, Method string
		Headers     map[string]string
	}
	if err := json.Unmarshal(s.blocks.bytes(request), &from); err != nil {
		refuse("http_request: the request is not JSON of the form {\"url\": …}")
	}
	asked = &fetching{
		URL: from.URL, Method: strings.ToUpper(from.Method), Headers: map[string][]string{},
		TimeoutMS: maxHTTPTimeoutMS, Raw: true,
	}
	for _, name := range absent {
		asked.Headers[name] = []string{}
	}
	for name, value := range from.Headers {
		if name = strings.ToLower(name); !slices.Contains(unsent, name) {
			asked.Headers[name] = []string{value}
		}
	}
	if data := s.blocks.bytes(body); len(data) > 0 {
		asked.Body, asked.BodyEncoding = data, "base64"
	}
	most = maxHTTPBytes
	if limit := s.call.code.upload.HTTPBytes; limit != nil {
		most = min(most, *limit)
		asked.MaxBytes = max(most, 1) // 0 would stand for the default
	}
	return asked, most
}

// exchange keeps what the guest may ask for.
func (f *fetched) exchange() exchange {
	x := exchange{status: f.Status, headers: map[string]string{}}
	for name, value := range f.Headers {
		var values []string
		switch value := value.(type) {
		case string:
			values = []string{value}
		case []any:
			for _, one := range value {
				if text, ok := one.(string); ok {
					values = append(values, text)
				}
			}
		}
		x.headers[name] = strings.Join(values, ",")
	}
	return x
}

// http_status_code() i32: of the last answer; 0 if there was none.
func httpStatusCode(s *state, stack []uint64) { stack[0] = uint64(uint32(s.http.status)) }

// http_headers() block: a JSON object with those of the last answer, their names
// in lower case and repeated ones joined by a comma; an empty one if there was
// none.
func httpHeaders(s *state, stack []uint64) {
	headers := s.http.headers
	if headers == nil {
		headers = map[string]string{}
	}
	text, err := json.Marshal(headers)
	if err != nil {
		panic(err) // a map of texts
	}
	stack[0] = s.give(text)
}
