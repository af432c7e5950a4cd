package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posternhq/postern/host/server"
)

// pair is a directory with a certificate and its key.
type pair struct {
	cert, key string
	logs      logs
}

func newPair(t *testing.T, name string) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key")}
	p.write(t, name)
	return p
}

// write replaces both files by a new pair for the name.
func (p *pair) write(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.replace(t, p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	p.replace(t, p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func (p *pair) replace(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) load(t *testing.T) *server.Certificate {
	t.Helper()
	c, err := server.LoadCertificate(p.cert, p.key, slog.New(slog.NewTextHandler(&p.logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// presented is the name of the certificate that a handshake would present.
func presented(t *testing.T, config *tls.Config) string {
	t.Helper()
	c, err := config.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.Subject.CommonName
}

func TestCertificate_ReloadsWithinASecond(t *testing.T) {
	t.Parallel()
	p := newPair(t, "first")
	synctest.Test(t, func(t *testing.T) {
		config := p.load(t).TLS()
		p.write(t, "second")
		time.Sleep(999 * time.Millisecond)
		if got := presented(t, config); got != "first" {
			t.Errorf("%q before the second is over: every handshake would read the files", got)
		}
		time.Sleep(time.Millisecond)
		if got := presented(t, config); got != "second" {
			t.Errorf("%q after a second", got)
		}
	})
}

func TestCertificate_Reload(t *testing.T) {
	t.Parallel()
	p := newPair(t, "first")
	c := p.load(t)
	config := c.TLS()
	for name, spoil := range map[string]func(){
		"no PEM":           func() { p.replace(t, p.cert, []byte("x")) },
		"another key":      func() { p.replace(t, p.key, newKey(t)) },
		"certificate gone": func() { _ = os.Remove(p.cert) },
		"key gone":         func() { _ = os.Remove(p.key) },
	} {
		before := strings.Count(p.logs.String(), "the one before stays in use")
		spoil()
		c.Reload()
		c.Reload()
		if got := presented(t, config); got != "first" {
			t.Errorf("%s: presents %q", name, got)
		}
		if logged := strings.Count(p.logs.String(), "the one before stays in use") - before; logged != 1 {
			t.Errorf("%s: logged %d times", name, logged)
		}
		p.write(t, "first")
		c.Reload()
	}
	p.write(t, "second")
	c.Reload()
	if got := presented(t, config); got != "second" {
		t.Errorf("presents %q", got)
	}
	if strings.Contains(p.logs.String(), "PRIVATE KEY") {
		t.Error("the log shows a key")
	}
}

func newKey(t *testing.T) []byte {
	t.Helper()
	other := newPair(t, "other")
	key, err := os.ReadFile(other.key)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestLoadCertificate_Errors(t *testing.T) {
	t.Parallel()
	p := newPair(t, "first")
	for name, files := range map[string][2]string{
		"no certificate": {p.cert + "x", p.key},
		"no key":         {p.cert, p.key + "x"},
		"swapped":        {p.key, p.cert},
	} {
		if _, err := server.LoadCertificate(files[0], files[1], slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// startTLS starts a server that speaks TLS, and returns what clients trust.
func startTLS(t *testing.T, change func(*server.Config)) (*bundle, *tls.Config) {
	t.Helper()
	p := newPair(t, "postern.example.com")
	content, err := os.ReadFile(p.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(content)
	certificate := p.load(t)
	b := startOn(t, func(l net.Listener) net.Listener { return tls.NewListener(l, certificate.TLS()) }, change)
	return b, &tls.Config{RootCAs: roots, ServerName: "postern.example.com"}
}

// secure makes a handshake on the client's connection.
func (c *client) secure(config *tls.Config) (*tls.Conn, error) {
	conn := tls.Client(c.Conn, config)
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	c.Conn = conn
	c.in.Reset(conn)
	return conn, nil
}

func TestServer_TLS(t *testing.T) {
	t.Parallel()
	b, trust := startTLS(t, mounted)
	config := trust.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	c := b.dial(t)
	conn, err := c.secure(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("protocol %q", got)
	}
	c.send("GET /v1/things/a HTTP/1.1\r\nHost: h\r\n\r\n")
	if a := c.receive("GET"); a.StatusCode != 200 || a.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	body := strings.Repeat("a", maxBody)
	c.send("POST /run/x/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" + body)
	if a := c.receive("POST"); a.StatusCode != 200 || a.echoed(t).Body != body {
		t.Errorf("status %d", a.StatusCode)
	}
	c.send("POST /run/x/unread HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
	if a := c.receive("POST"); a.StatusCode != 200 || !c.isClosed() {
		t.Errorf("status %d", a.StatusCode)
	}
}

func TestServer_TLS_Refuses(t *testing.T) {
	t.Parallel()
	b, trust := startTLS(t, nil)
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.1":     func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"HTTP/2 only": func(c *tls.Config) { c.NextProtos = []string{"h2"} },
	} {
		config := trust.Clone()
		change(config)
		if _, err := b.dial(t).secure(config); err == nil {
			t.Errorf("%s: the handshake went well", name)
		}
	}
	c := b.dial(t)
	c.send(hello)
	if a := c.receive("GET"); a.StatusCode != 400 || !strings.Contains(a.text, "HTTPS") || !c.isClosed() {
		t.Errorf("without TLS: %d %q", a.StatusCode, a.text)
	}
}

// A client that does not finish its handshake loses the connection, and keeps
// no shutdown waiting.
func TestServer_TLS_Slow(t *testing.T) {
	t.Parallel()
	b, _ := startTLS(t, func(c *server.Config) { c.Timeouts.Read = 200 * time.Millisecond })
	for _, raw := range [][]byte{nil, {0x16, 3, 1}} {
		c := b.dial(t)
		c.send(string(raw))
		if !c.isClosed() {
			t.Errorf("%x: the connection was kept", raw)
		}
	}
}

func TestServer_TLS_Shutdown(t *testing.T) {
	t.Parallel()
	b, trust := startTLS(t, nil)
	waiting, idle := b.dial(t), b.dial(t)
	if _, err := idle.secure(trust); err != nil || !idle.isKept() {
		t.Fatal(err)
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, c := range []*client{waiting, idle} {
		if rest, _ := c.in.Peek(1); !bytes.Equal(rest, nil) {
			t.Errorf("more came: %q", rest)
		}
	}
}
