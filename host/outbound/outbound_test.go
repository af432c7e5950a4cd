package outbound_test

import (
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host/outbound"
)

// forbidden are addresses of every kind that is not on the public internet.
var forbidden = map[string]string{
	"loopback": "127.0.0.1", "loopback elsewhere": "127.8.8.8", "loopback v6": "[::1]", "a name of it": "localhost",
	"mapped loopback": "[::ffff:127.0.0.1]", "mapped in hexadecimal": "[::ffff:7f00:1]", "compatible": "[::127.0.0.1]",
	"unspecified": "0.0.0.0", "unspecified v6": "[::]", "this network": "0.1.2.3",
	"private 10": "10.0.0.1", "private 172": "172.16.0.1", "private 192": "192.168.1.1", "mapped private": "[::ffff:10.0.0.1]", "carrier": "100.64.0.1",
	"unique local": "[fd00::1]", "link-local": "169.254.1.1", "link-local v6": "[fe80::1]", "site-local": "[fec0::1]",
	"metadata": "169.254.169.254", "metadata v6": "[fd00:ec2::254]", "metadata of another cloud": "168.63.129.16", "metadata of a third": "100.100.100.200",
	"mapped metadata": "[::ffff:169.254.169.254]",
	"multicast":       "224.0.0.1", "multicast v6": "[ff02::1]", "broadcast": "255.255.255.255", "reserved": "240.0.0.1",
	"NAT64": "[64:ff9b::7f00:1]", "local NAT64": "[64:ff9b:1::a00:1]", "6to4": "[2002:7f00:1::]", "Teredo": "[2001:0:7f00:1::]",
	"documentation": "192.0.2.1", "benchmarks": "198.18.0.1", "discard": "[100::1]",
}

// reachable is forbidden without the addresses that this machine has no
// protocol for.
func reachable(t *testing.T) map[string]string {
	out := maps.Clone(forbidden)
	if hasIPv6() {
		return out
	}
	t.Log("this machine has no IPv6")
	maps.DeleteFunc(out, func(_, address string) bool { return strings.HasPrefix(address, "[") })
	return out
}

func hasIPv6() bool {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		listener.Close()
	}
	return err == nil
}

func client(private bool) *http.Client {
	return outbound.NewClient(outbound.Config{Private: private, Timeout: 5 * time.Second, MaxBytes: 1000})
}

// TestClient_Address tries every kind of address that must not be reached.
func TestClient_Address(t *testing.T) {
	t.Parallel()
	for name, address := range reachable(t) {
		for _, scheme := range []string{"http://", "https://"} {
			response, err := client(false).Get(scheme + address + ":9/")
			if err == nil {
				response.Body.Close()
			}
			if !errors.Is(err, outbound.ErrAddress) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestClient_Private proves that private addresses can be opened, and that
// this opens no others.
func TestClient_Private(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") }))
	defer server.Close()
	if _, err := client(false).Get(server.URL); !errors.Is(err, outbound.ErrAddress) {
		t.Errorf("closed: %v", err)
	}
	response, err := client(true).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "inside" {
		t.Errorf("open: %q, %v", body, err)
	}
	addresses := reachable(t)
	for _, name := range []string{
		"link-local", "link-local v6", "metadata", "metadata v6", "metadata of another cloud", "metadata of a third", "mapped metadata",
		"multicast", "multicast v6", "unspecified", "unspecified v6", "broadcast", "NAT64", "6to4", "Teredo",
	} {
		if addresses[name] == "" {
			continue
		}
		if _, err := client(true).Get("http://" + addresses[name] + ":9/"); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClient_Networks opens all there is: what tells secrets stays closed, in
// whatever form it is written.
func TestClient_Networks(t *testing.T) {
	t.Parallel()
	everywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	c := outbound.NewClient(outbound.Config{Networks: everywhere, Timeout: time.Second, MaxBytes: 1000})
	for _, address := range []string{
		"169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192",
		"[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "[fe80::a9fe:a9fe]", "[fe80::a9fe:a9fe%25lo]", "[fd00:ec2::254%25lo]",
		"[::ffff:169.254.169.254]", "[64:ff9b::169.254.169.254]", "[64:ff9b::a9fe:aa02]",
	} {
		if strings.HasPrefix(address, "[") && !hasIPv6() {
			continue
		}
		if _, err := c.Get("http://" + address + ":9/"); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	response, err := c.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// TestClient_Redirect proves that a redirect is checked like a request.
func TestClient_Redirect(t *testing.T) {
	t.Parallel()
	var to string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			return
		}
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	for _, tt := range []struct {
		name, to string
		want     error
	}{
		{"inside", server.URL + "/end", nil},
		{"metadata", "http://169.254.169.254/latest", outbound.ErrAddress},
		{"file", "file:///etc/passwd", outbound.ErrRedirect},
		{"gopher", "gopher://" + server.Listener.Addr().String(), outbound.ErrRedirect},
		{"with a user", "http://user:pass@" + server.Listener.Addr().String() + "/end", outbound.ErrRedirect},
		{"round and round", "/", outbound.ErrRedirect},
	} {
		to = tt.to
		response, err := client(true).Get(server.URL)
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestClient_Downgrade proves that a redirect does not lead out of TLS.
func TestClient_Downgrade(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	c := client(true)
	// The guard is not what this is about, and the certificate is the test's own.
	c.Transport = secure.Client().Transport
	if _, err := c.Get(secure.URL); !errors.Is(err, outbound.ErrRedirect) {
		t.Error(err)
	}
}

// TestClient_Credentials follows redirects with headers of all kinds: to the
// same host they go along, to another none that could be a credential, and not
// again when it leads back.
func TestClient_Credentials(t *testing.T) {
	t.Parallel()
	seen := map[string]http.Header{}
	var first, other *httptest.Server
	first = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen["first"+r.URL.Path] = r.Header.Clone()
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/same?secret", http.StatusFound)
		case "/same":
			http.Redirect(w, r, other.URL+"/there", http.StatusFound)
		}
	}))
	defer first.Close()
	other = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen["other"+r.URL.Path] = r.Header.Clone()
		http.Redirect(w, r, first.URL+"/back", http.StatusFound)
	}))
	defer other.Close()
	request, err := http.NewRequest(http.MethodGet, first.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "X-Anything"}
	for _, name := range secrets {
		request.Header.Set(name, "secret")
	}
	request.Header.Set("Accept", "text/plain")
	response, err := client(true).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for place, keeps := range map[string]bool{"first/": true, "first/same": true, "other/there": false, "first/back": false} {
		got := seen[place]
		for _, name := range secrets {
			if (got.Get(name) != "") != keeps {
				t.Errorf("%s: %s is %q", place, name, got.Get(name))
			}
		}
		if got.Get("Accept") != "text/plain" || got.Get("Referer") != "" {
			t.Errorf("%s: %v", place, got)
		}
	}
}

// TestClient_Body proves that a body does not follow to another host.
func TestClient_Body(t *testing.T) {
	t.Parallel()
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	if _, err := client(true).Post(first.URL, "text/plain", strings.NewReader("secret")); !errors.Is(err, outbound.ErrRedirect) || reached {
		t.Errorf("%v, reached: %v", err, reached)
	}
}

// TestClient_Size sends bodies around the limit of 1,000 bytes, with their
// length announced, chunked and compressed.
func TestClient_Size(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		form string
		size int
		ok   bool
	}{
		{"announced", 1000, true}, {"announced", 1001, false}, {"chunked", 1000, true}, {"chunked", 1001, false}, {"chunked", 100_000, false},
		{"compressed", 1000, true}, {"compressed", 1001, false}, {"compressed", 1 << 20, false}, {"announced", 0, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			body := strings.Repeat("x", tt.size)
			switch tt.form {
			case "chunked":
				_ = http.NewResponseController(w).Flush()
			case "compressed":
				w.Header().Set("Content-Encoding", "gzip")
				zipper := gzip.NewWriter(w)
				_, _ = io.WriteString(zipper, body)
				_ = zipper.Close()
				return
			}
			_, _ = io.WriteString(w, body)
		}))
		read := 0
		response, err := client(true).Get(server.URL)
		if announced := tt.form == "announced" && !tt.ok; announced && err == nil {
			t.Errorf("%s, %d bytes: its length does not refuse it", tt.form, tt.size)
		}
		if err == nil {
			var body []byte
			body, err = io.ReadAll(response.Body)
			read = len(body)
			response.Body.Close()
		}
		if tt.ok && (err != nil || read != tt.size) || !tt.ok && (!errors.Is(err, outbound.ErrTooLarge) || read > 1000) {
			t.Errorf("%s, %d bytes: read %d, %v", tt.form, tt.size, read, err)
		}
		server.Close()
	}
}

// TestClient_Time proves that a server that says nothing does not hold up the
// caller, nor one that never ends.
func TestClient_Time(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
		}
		<-release
	}))
	defer server.Close()
	defer close(release)
	c := outbound.NewClient(outbound.Config{Private: true, Timeout: 50 * time.Millisecond, MaxBytes: 1000})
	for _, path := range []string{"/", "/slow"} {
		response, err := c.Get(server.URL + path)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if !os.IsTimeout(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestClient_NoProxy proves that the environment names no proxy.
func TestClient_NoProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	// What is below would reach the proxy, if anything did.
	if _, err := client(false).Get("http://198.51.100.1:9/"); !errors.Is(err, outbound.ErrAddress) || strings.Contains(err.Error(), "proxy") {
		t.Error(err)
	}
}
