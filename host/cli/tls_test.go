package cli_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// writePair writes a certificate for 127.0.0.1 and its key, and returns their
// names and a client that trusts it.
func writePair(t *testing.T, dir string) (cert, key string, trusting *http.Client) {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(lender.Close)
	pair := lender.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return cert, key, lender.Client()
}

// TestServe_TLS serves management on an address of its own, both with TLS, and
// reads the certificate again on SIGHUP.
func TestServe_TLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, client := writePair(t, dir)
	server := startServer(t, dir, "--tls-cert", cert, "--tls-key", key, "--management-listen", "127.0.0.1:0")
	_, management, found := strings.Cut(server.printed.String(), "management on ")
	management, _, _ = strings.Cut(management, "\n")
	if !found || !strings.HasPrefix(management, "https://") {
		t.Fatalf("printed %q", &server.printed)
	}
	create := postern(t, dir, "apps", "create", "Shop", "--server", management)
	create.Env = append(create.Env, "SSL_CERT_FILE="+cert)
	if out, err := create.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for url, status := range map[string]int{
		management + "/readyz":                            200,
		management + "/run/shop/a":                        404,
		"https://" + server.address + "/run/shop/a":       404,
		"https://" + server.address + "/readyz":           404,
		"https://" + server.address + "/docs":             404,
		"https://" + server.address + "/v1/organization":  404,
		management + "/v1/organization":                   401,
		"http://" + server.address + "/run/shop/anything": 400,
	} {
		response, err := client.Get(url)
		if err != nil {
			t.Error(err)
			continue
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %d, want %d", url, response.StatusCode, status)
		}
	}
	if one, other := keySet(t, client, management), keySet(t, client, "https://"+server.address); one != other || !strings.Contains(one, `"kty":"OKP"`) {
		t.Errorf("the keys are %s on the address of management, %s on that of apps", one, other)
	}
	client.CloseIdleConnections()

	write(t, cert, "no certificate")
	if err := server.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for server.log.Scan() {
		if strings.Contains(server.log.Text(), "the one before stays in use") {
			break
		}
	}
	if response, err := client.Get(management + "/readyz"); err != nil || response.StatusCode != 200 {
		t.Errorf("with a broken pair: %v", err)
	}
	server.signal(t)
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// keySet is what an address says of the keys that verify tokens.
func keySet(t *testing.T, client *http.Client, at string) string {
	t.Helper()
	response, err := client.Get(at + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, response.Header.Get("Content-Type"), response.Header.Get("Cache-Control"), strings.TrimSpace(string(body)))
}

func TestServe_TLS_Unreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := postern(t, dir, "serve", "--listen", "127.0.0.1:0", "--tls-cert", "none.crt", "--tls-key", "none.key").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "postern: cannot use the TLS certificate: ") || !strings.Contains(string(out), "hint: --tls-cert") {
		t.Errorf("%v: %s", err, out)
	}
}
