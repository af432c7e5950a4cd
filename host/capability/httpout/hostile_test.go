package httpout_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/outbound"
)

// The network of these tests: 127.0.0.2 stands for the public internet, and
// every other address is closed. Names end in .test; the resolver below answers
// them.
var internet = outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}

// serve starts a server on an address and returns its port.
func serve(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// answers are what the resolver says of a name, one after the other; the last
// stays.
type answers struct {
	list  []string
	asked atomic.Int32
}

// zone is what the resolver knows.
var zone = map[string]*answers{
	"public.test.":  {list: []string{"127.0.0.2"}},
	"other.test.":   {list: []string{"127.0.0.2"}},
	"private.test.": {list: []string{"127.0.0.1"}},
	"rebind.test.":  {list: []string{"127.0.0.2", "127.0.0.1"}},
}

// TestMain makes this process ask a resolver of its own.
func TestMain(m *testing.M) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go resolve(conn)
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	m.Run()
}

func resolve(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buffer[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		if packed, err := respond(question).Pack(); err == nil {
			_, _ = conn.WriteTo(packed, from)
		}
	}
}

func respond(question dnsmessage.Message) *dnsmessage.Message {
	q := question.Questions[0]
	out := &dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true},
		Questions: question.Questions,
	}
	known := zone[strings.ToLower(q.Name.String())]
	if known == nil {
		out.RCode = dnsmessage.RCodeNameError
		return out
	}
	if q.Type == dnsmessage.TypeA {
		i := min(int(known.asked.Add(1)), len(known.list)) - 1
		out.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(known.list[i]).As4()},
		}}
	}
	return out
}

// fetch asks as an app that allows every host of these tests on every port.
func fetch(t *testing.T, client *httpout.Client, r *httpout.Request) (*httpout.Answer, error) {
	t.Helper()
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	hosts := []string{"*", "*:" + port, "*:1"}
	return client.Fetch(context.Background(), httpout.Scope{AppID: "app", Hosts: hosts}, r)
}

// wantCode checks a refusal, and that it tells nothing of the network.
func wantCode(t *testing.T, name string, err error, code host.Code) {
	t.Helper()
	if host.CodeOf(err) != code {
		t.Errorf("%s: got %v, want %s", name, err, code)
	}
	if err == nil {
		return
	}
	for _, secret := range []string{"s3cret", "dial tcp", "127.0.0.1:53", "lookup"} {
		if strings.Contains(host.AsError(err).Message, secret) {
			t.Errorf("%s: the message tells %q: %s", name, secret, host.AsError(err).Message)
		}
	}
}

// TestHostile_Addresses asks for what is not on the internet, by address and by
// name, directly and by a redirect.
func TestHostile_Addresses(t *testing.T) {
	t.Parallel()
	inside := serve(t, "127.0.0.1", func(w http.ResponseWriter, _ *http.Request) { t.Error("the inside was reached") })
	var target atomic.Value
	outside := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.Load().(string), http.StatusFound)
	})
	client := httpout.New(internet)
	defer client.Close()
	for _, place := range []string{
		"127.0.0.1:" + inside, "private.test:" + inside, "localhost:" + inside, "169.254.169.254", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]:" + inside,
		"[64:ff9b::7f00:1]", "10.0.0.1", "192.168.0.1", "0.0.0.0:" + inside, "100.100.100.200", "2130706433:" + inside, "0x7f.1:" + inside,
	} {
		address := "http://" + place + "/?token=s3cret"
		_, err := client.Fetch(context.Background(), httpout.Scope{AppID: "app", Hosts: []string{"*", "*:" + inside}}, &httpout.Request{URL: address})
		if code := host.CodeOf(err); code != httpout.CodeAddress && code != httpout.CodeUnreachable {
			t.Errorf("%s: got %v", place, err)
		}
		target.Store(address)
		_, err = client.Fetch(context.Background(), httpout.Scope{AppID: "app", Hosts: []string{"*", "*:" + inside, "*:" + outside}}, &httpout.Request{URL: "http://public.test:" + outside + "/"})
		if code := host.CodeOf(err); code != httpout.CodeAddress && code != httpout.CodeUnreachable {
			t.Errorf("redirected to %s: got %v", place, err)
		}
		wantCode(t, place, err, host.CodeOf(err))
	}
}

// TestHostile_Rebinding asks twice for a name that first leads outside, then
// inside.
func TestHostile_Rebinding(t *testing.T) {
	t.Parallel()
	outside := serve(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	client := httpout.New(internet)
	defer client.Close()
	r := &httpout.Request{URL: "http://rebind.test:" + outside + "/"}
	if _, err := fetch(t, client, r); err != nil {
		t.Fatal(err)
	}
	_, err := fetch(t, client, r)
	wantCode(t, "the second answer", err, httpout.CodeAddress)
}

// TestHostile_Answers reads answers that do not end, or not before the memory.
func TestHostile_Answers(t *testing.T) {
	t.Parallel()
	outside := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			_, _ = io.WriteString(w, "a")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 100 {
				_, _ = z.Write(make([]byte, 1<<20))
			}
			_ = z.Close()
		case "/headers":
			for i := range 10_000 {
				w.Header().Add(fmt.Sprintf("X-%d", i), strings.Repeat("x", 100))
			}
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	client := httpout.New(internet)
	defer client.Close()
	for path, want := range map[string]host.Code{
		"/slow": httpout.CodeTimeout, "/endless": httpout.CodeTooLarge, "/bomb": httpout.CodeTooLarge, "/headers": httpout.CodeTooLarge, "/loop": httpout.CodeRedirect,
	} {
		timeout := 0
		if want == httpout.CodeTimeout {
			timeout = 50
		}
		_, err := fetch(t, client, &httpout.Request{URL: "http://public.test:" + outside + path, TimeoutMS: timeout})
		wantCode(t, path, err, want)
	}
	_, err := fetch(t, client, &httpout.Request{URL: "http://nowhere.test:" + outside + "/?token=s3cret"})
	wantCode(t, "no such name", err, httpout.CodeUnreachable)
}

// TestHostile_Broken reads what is no answer, or only the beginning of one.
func TestHostile_Broken(t *testing.T) {
	t.Parallel()
	const early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
	client := httpout.New(internet)
	defer client.Close()
	for answer, want := range map[string]host.Code{
		"":          httpout.CodeUnreachable,
		"hello\r\n": httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc":                                                                        httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd":                                                   httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc":                                               httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\nx: a\x00b\r\ncontent-length: 0\r\n\r\n":                                                               httpout.CodeUnreachable,
		"HTTP/1.1 302 Found\r\nlocation: http://a%0d%0ab/\r\ncontent-length: 0\r\n\r\n":                                           httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("x-s3cret: a\r\n", 10_000):                  httpout.CodeUnreachable,
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\na\r\n", 100): httpout.CodeUnreachable,
		"HTTP/1.1 200 " + strings.Repeat("x", 1<<20):                                                                              httpout.CodeTooLarge,
		strings.Repeat(early, 10_000):                                                                                             httpout.CodeTooLarge,
		"HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n":                                                          httpout.CodeTooLarge,
		early + early + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n":                                                            "",
	} {
		outside := serve(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, answer)
		})
		_, err := fetch(t, client, &httpout.Request{URL: "http://public.test:" + outside + "/?token=s3cret"})
		wantCode(t, fmt.Sprintf("%.100q", answer), err, want)
	}
}

// TestHostile_Requests sends what would be two requests, or none.
func TestHostile_Requests(t *testing.T) {
	t.Parallel()
	client := httpout.New(internet)
	for name, r := range map[string]*httpout.Request{
		"CRLF in a value":  {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"x": {"a\r\nhost: evil"}}},
		"CRLF in a name":   {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"x\r\ny": {"a"}}},
		"CRLF in method":   {URL: "http://public.test:1/", Method: "GET / HTTP/1.1\r\nx: y\r\n\r\nGET"},
		"host":             {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"HOST": {"evil"}}},
		"length":           {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"content-length": {"5"}}},
		"chunks":           {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"Transfer-Encoding": {"chunked"}}},
		"header flood":     {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"x": make(httpout.HeaderList, 1000)}},
		"long header":      {URL: "http://public.test:1/", Headers: map[string]httpout.HeaderList{"x": {strings.Repeat("x", 1<<16)}}},
		"file":             {URL: "file:///etc/passwd"},
		"no scheme":        {URL: "public.test:1/s3cret"},
		"user":             {URL: "http://s3cret:x@public.test:1/"},
		"CRLF in the path": {URL: "http://public.test:1/a\r\nb"},
		"long":             {URL: "http://public.test:1/" + strings.Repeat("x", 1<<14)},
		"timeout":          {URL: "http://public.test:1/", TimeoutMS: 60_001},
		"size":             {URL: "http://public.test:1/", MaxBytes: 1 << 30},
		"redirect":         {URL: "http://public.test:1/", Redirect: "maybe"},
		"body encoding":    {URL: "http://public.test:1/", Method: "POST", Body: []byte(`"x"`), BodyEncoding: "hex"},
		"body base64":      {URL: "http://public.test:1/", Method: "POST", Body: []byte(`"x"`), BodyEncoding: "base64"},
	} {
		_, err := client.Fetch(context.Background(), httpout.Scope{AppID: "app", Hosts: []string{"*:1"}}, r)
		wantCode(t, name, err, host.CodeInvalid)
	}
}
