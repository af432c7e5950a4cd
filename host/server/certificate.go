package server

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posternhq/postern/host"
)

// certificateCheck is how often, at most, handshakes look at the files.
const certificateCheck = time.Second

// Certificate is a TLS certificate kept in two files, and read again when they
// change. Make one with LoadCertificate.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	current atomic.Pointer[tls.Certificate]
	checked atomic.Int64 // when the files were looked at last, in nanoseconds

	mu sync.Mutex
	// What the files held when they were looked at last, good or bad, so that
	// a bad pair is reported once.
	certPEM, keyPEM []byte
}

// LoadCertificate reads a certificate (with its chain) and its private key,
// both PEM. It fails if they cannot be read or do not belong together.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (_ *Certificate, err error) {
	defer host.Wrap(&err, "server.LoadCertificate(%q)", certFile)
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.checked.Store(time.Now().UnixNano())
	return c, c.load()
}

// TLS is the configuration of a listener that presents the certificate.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Clients that offer HTTP/2 first must not be told that they get it.
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.check()
			return c.current.Load(), nil
		},
	}
}

// Reload reads the files again now. If they hold no valid pair, the one in use
// stays, and the log says why.
func (c *Certificate) Reload() {
	if err := c.load(); err != nil {
		c.log.Error("the new TLS certificate is not valid; the one before stays in use", "certificate", c.certFile, "key", c.keyFile, "error", err)
	}
}

// check reloads if it is time to. Of handshakes that come at once only one
// reads the files.
func (c *Certificate) check() {
	last, now := c.checked.Load(), time.Now().UnixNano()
	if now-last >= int64(certificateCheck) && c.checked.CompareAndSwap(last, now) {
		c.Reload()
	}
}

// load reads the files and takes over what they hold if it is new.
func (c *Certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The content is compared: dates are too coarse, and change without it.
	certPEM, err := os.ReadFile(c.certFile)
	if err != nil {
		return c.gone(err)
	}
	keyPEM, err := os.ReadFile(c.keyFile)
	if err != nil {
		return c.gone(err)
	}
	if bytes.Equal(certPEM, c.certPEM) && bytes.Equal(keyPEM, c.keyPEM) {
		return nil
	}
	c.certPEM, c.keyPEM = certPEM, keyPEM
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	c.log.Info("TLS certificate loaded", "certificate", c.certFile, "subject", pair.Leaf.Subject.String(), "expires", pair.Leaf.NotAfter)
	if time.Now().After(pair.Leaf.NotAfter) {
		c.log.Warn("the TLS certificate has expired", "certificate", c.certFile)
	}
	return nil
}

// gone notes that a file cannot be read. While it stays so that is an error
// only once.
func (c *Certificate) gone(err error) error {
	if c.current.Load() != nil && c.certPEM == nil && c.keyPEM == nil {
		return nil
	}
	c.certPEM, c.keyPEM = nil, nil
	return err
}
