package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/posternhq/postern/host/admin"
	"github.com/posternhq/postern/host/server"
)

// doors is where a server listens: one address, or two if management has one
// of its own.
type doors struct {
	apps, management net.Listener        // management is nil without its own
	certificate      *server.Certificate // nil without TLS
}

// openDoors listens, and serves nobody yet.
func (h *house) openDoors() (_ *doors, err error) {
	d := &doors{}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if h.cfg.TLSCert != "" {
		if d.certificate, err = server.LoadCertificate(h.cfg.TLSCert, h.cfg.TLSKey, h.log); err != nil {
			return nil, hint(fmt.Errorf("cannot use the TLS certificate: %w", err), "--tls-cert and --tls-key name PEM files: the certificate with its chain, and its key")
		}
	}
	if d.apps, err = d.open("--listen", h.cfg.Listen); err == nil && h.cfg.ManagementListen != "" {
		d.management, err = d.open("--management-listen", h.cfg.ManagementListen)
	}
	return d, err
}

func (d *doors) open(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("cannot listen: %w", err), "%s names another address; port 0 takes any that is free", flag)
	}
	if d.certificate != nil {
		l = tls.NewListener(l, d.certificate.TLS())
	}
	return l, nil
}

// Close stops listening.
func (d *doors) Close() {
	for _, l := range []net.Listener{d.apps, d.management} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// url is where a client on this machine reaches a door.
func (d *doors) url(l net.Listener) string {
	scheme := "http://"
	if d.certificate != nil {
		scheme = "https://"
	}
	return scheme + reachable(l.Addr())
}

// followHangups reads the certificate again on SIGHUP, until ctx ends. Without
// a certificate the signal ends the process, as it does any other.
func (d *doors) followHangups(ctx context.Context) {
	if d.certificate == nil {
		return
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			d.certificate.Reload()
		case <-ctx.Done():
			return
		}
	}
}

// newServers returns the server of each door.
func (h *house) newServers(d *doors) map[net.Listener]*server.Server {
	api := h.newManagement()
	management := server.Config{
		Mount: api.Mount, Ready: h.ready, Log: h.log,
		ManagementHosts: h.cfg.ManagementHosts, TrustedProxies: h.cfg.TrustedProxies,
		MaxManagementBytes: max(h.cfg.MaxModuleBytes*4/3+uploadFraming, admin.MaxArchiveBytes(h.cfg.MaxModuleBytes)),
	}
	if d.management == nil {
		both := management
		both.Gateway = h.gateway
		return map[net.Listener]*server.Server{d.apps: server.New(both)}
	}
	return map[net.Listener]*server.Server{
		d.apps:       server.New(server.Config{Gateway: h.gateway, AppsOnly: true, Mount: api.MountKeys, TrustedProxies: h.cfg.TrustedProxies, Log: h.log}),
		d.management: server.New(management),
	}
}

// listen serves until ctx ends or a server fails, and shuts all down.
func (c *console) listen(ctx context.Context, h *house, d *doors) error {
	servers := h.newServers(d)
	served := make(chan error, len(servers))
	for l, front := range servers {
		go func() { served <- front.Serve(l) }()
	}
	h.log.Info("serving", "version", version, "address", d.apps.Addr().String(), "config", h.cfg)
	if d.management != nil {
		fmt.Fprintf(c.out, "management on %s\n", d.url(d.management))
	}
	fmt.Fprintf(c.out, "listening on %s\n", d.url(d.apps))
	select {
	case err := <-served:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	return h.shutDown(ctx, servers)
}

// shutDown lets the requests that are under way finish, within the time there
// is for all servers together.
func (h *house) shutDown(ctx context.Context, servers map[net.Listener]*server.Server) error {
	h.log.Info("shutting down", "timeout", h.cfg.ShutdownTimeout.String())
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.ShutdownTimeout)
	defer cancel()
	down := make(chan error, len(servers))
	for _, front := range servers {
		go func() { down <- front.Shutdown(deadline) }()
	}
	var err error
	for range servers {
		err = errors.Join(err, <-down)
	}
	if err != nil {
		return fmt.Errorf("requests were still under way after %s and were cut off: %w", h.cfg.ShutdownTimeout, err)
	}
	h.log.Info("stopped")
	return nil
}

// reachable is an address a client on this machine can use.
func reachable(addr net.Addr) string {
	name, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(name); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return addr.String()
}
