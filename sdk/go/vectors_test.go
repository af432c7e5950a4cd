package postern

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"testing"
)

// The vectors are the host's; schemas/vectors/README.md describes them.
const vectorDir = "../../schemas/vectors/"

// loadVectors reads a file of vectors. One without cases fails the test.
func loadVectors[Case any](t *testing.T, name string) (base json.RawMessage, cases []Case) {
	t.Helper()
	b, err := os.ReadFile(vectorDir + name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Base  json.RawMessage
		Cases []Case
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s has no cases", name)
	}
	return file.Base, file.Cases
}

type payloadCase struct {
	Name     string
	Request  struct{ BodyBase64 []byte }
	Envelope map[string]json.RawMessage
	BodyText *string
	Error    json.RawMessage
}

func TestRequest_Vectors(t *testing.T) {
	t.Parallel()
	rawBase, cases := loadVectors[payloadCase](t, "payload.json")
	var base struct{ Envelope map[string]json.RawMessage }
	if err := json.Unmarshal(rawBase, &base); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Error != nil {
			continue // no module ever sees these
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			members := maps.Clone(base.Envelope)
			maps.Copy(members, c.Envelope)
			if c.BodyText != nil {
				members["body"] = json.RawMessage(*c.BodyText)
			}
			r, err := ParseRequest(object(members))
			if err != nil {
				t.Fatal(err)
			}
			checkText(t, r, members)
			checkMaps(t, r, members)
			checkBody(t, r, members)
			checkOrigin(t, r, members)
		})
	}
}

// object writes the members as they are; json.Marshal would compact them.
func object(members map[string]json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for name, value := range members {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + name + `":`)
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// member decodes one member of the envelope; the zero value if it is absent.
func member[T any](t *testing.T, members map[string]json.RawMessage, name string) (value T) {
	t.Helper()
	if raw, ok := members[name]; ok {
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatal(err)
		}
	}
	return value
}

func checkText(t *testing.T, r Request, members map[string]json.RawMessage) {
	t.Helper()
	for name, got := range map[string]string{
		"fqdn": r.FQDN(), "host": r.Host(), "httpVersion": r.HTTPVersion(), "method": r.Method(), "path": r.Path(),
		"clientIp": r.ClientIP(), "requestId": r.RequestID(), "receivedAt": r.ReceivedAt().Format("2006-01-02T15:04:05.000Z"),
	} {
		if want := member[string](t, members, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func checkMaps(t *testing.T, r Request, members map[string]json.RawMessage) {
	t.Helper()
	for name, get := range map[string]func(string) string{
		"pathMapping": r.Param, "queryParams": r.Query, "header": r.Header, "cookies": r.Cookie,
	} {
		for key, want := range member[map[string]string](t, members, name) {
			if got := get(key); got != want {
				t.Errorf("%s %q is %q, want %q", name, key, got, want)
			}
		}
		if got := get("not there"); got != "" {
			t.Errorf("%s has %q under a name that is not there", name, got)
		}
	}
	for name, get := range map[string]func(string) []string{"QueryParams": r.QueryAll, "Header": r.HeaderAll} {
		lists := member[map[string][]string](t, members, "multiValue"+name)
		single := map[string]string{"QueryParams": "queryParams", "Header": "header"}[name]
		for key, value := range member[map[string]string](t, members, single) {
			want, repeats := lists[key]
			if !repeats {
				want = []string{value}
			}
			if got := get(key); !reflect.DeepEqual(got, want) {
				t.Errorf("all values of %s %q are %q, want %q", name, key, got, want)
			}
		}
		if got := get("not there"); got != nil {
			t.Errorf("%s has %q under a name that is not there", name, got)
		}
	}
}

func checkBody(t *testing.T, r Request, members map[string]json.RawMessage) {
	t.Helper()
	encoding := member[string](t, members, "bodyEncoding")
	var want []byte
	switch encoding {
	case "json":
		want = bytes.TrimSpace(members["body"])
	case "text":
		want = []byte(member[string](t, members, "body"))
	case "base64":
		want, _ = base64.StdEncoding.DecodeString(member[string](t, members, "body"))
	case "form":
		for name, value := range member[map[string]string](t, members, "body") {
			if got := r.Form(name); got != value {
				t.Errorf("form field %q is %q, want %q", name, got, value)
			}
		}
	}
	if got := r.Body(); !bytes.Equal(got, want) || r.Text() != string(want) {
		t.Errorf("the body is %q, want %q", got, want)
	}
	var raw json.RawMessage
	if err := r.JSON(&raw); (err == nil) != (encoding == "json") || err == nil && !bytes.Equal(raw, want) {
		t.Errorf("JSON gave %s, %v for a body in %q", raw, err, encoding)
	}
	if (r.FormValues() != nil) != (encoding == "form") {
		t.Errorf("a body in %q has the form %v", encoding, r.FormValues())
	}
}

func checkOrigin(t *testing.T, r Request, members map[string]json.RawMessage) {
	t.Helper()
	if got, want := r.App(), member[App](t, members, "app"); got != want {
		t.Errorf("the app is %+v, want %+v", got, want)
	}
	if got, want := r.Endpoint(), member[Endpoint](t, members, "endpoint"); got != want {
		t.Errorf("the endpoint is %+v, want %+v", got, want)
	}
	want := member[*Caller](t, members, "caller")
	if !reflect.DeepEqual(r.Caller(), want) {
		t.Errorf("the caller is %+v, want %+v", r.Caller(), want)
	}
}

type sdkCase struct {
	Name, Make, Text, ContentType, URL, Message string
	Status                                      int
	Value                                       any
	Base64                                      []byte
	Headers                                     [][2]string
	Cookies                                     []Cookie
	Output                                      json.RawMessage
	Fails                                       bool
}

func (c sdkCase) response(t *testing.T) Response {
	t.Helper()
	make := map[string]func() Response{
		"json":      func() Response { return JSON(c.Status, c.Value) },
		"text":      func() Response { return Text(c.Status, c.Text) },
		"html":      func() Response { return HTML(c.Status, c.Text) },
		"bytes":     func() Response { return Bytes(c.Status, c.ContentType, c.Base64) },
		"noContent": NoContent,
		"redirect":  func() Response { return Redirect(c.URL) },
		"seeOther":  func() Response { return SeeOther(c.URL) },
		"error":     func() Response { return Error(c.Status, c.Message) },
	}[c.Make]
	if make == nil {
		t.Fatalf("nothing makes %q", c.Make)
	}
	r := make()
	for _, h := range c.Headers {
		r = r.WithHeader(h[0], h[1])
	}
	for _, cookie := range c.Cookies {
		r = r.WithCookie(cookie)
	}
	return r
}

func TestResponse_Vectors(t *testing.T) {
	t.Parallel()
	_, cases := loadVectors[sdkCase](t, "sdk.json")
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			output, err := c.response(t).encode()
			if c.Fails {
				if err == nil {
					t.Fatalf("got %s, want a failure", output)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(output, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(c.Output, &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %s, want %s", output, c.Output)
			}
		})
	}
}
