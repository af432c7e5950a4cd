package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/config"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/payload"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/server"
	"github.com/posternhq/postern/host/store"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func serveCommand(c *console) *cobra.Command {
	command := &cobra.Command{
		Use: "serve", Short: "Run a server", Args: cobra.NoArgs,
		Long: `Run a server until SIGINT or SIGTERM; requests under way may then finish within
--shutdown-timeout, and a second signal ends it at once.

The first start creates the organization, prints its API key and keeps it in
admin.key in the data directory, where the other commands find it.

Every setting can be a flag, an environment variable (POSTERN_ and its name in
capitals, such as POSTERN_MAX_QUEUE) or a line of the YAML file that --config
names; the first of these wins. POSTERN_ADMIN_KEY and POSTERN_MASTER_KEY come
from the environment only.`,
		Example: "  postern serve\n  postern serve --data /var/lib/postern --listen :8080\n  POSTERN_MASTER_KEY=… postern serve --database-url postgres://db.example.com/postern",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.configuration(cmd)
			if err != nil {
				return err
			}
			return c.serve(cmd.Context(), cfg)
		},
	}
	command.Flags().AddFlagSet(config.Flags())
	return command
}

// configuration reads the settings from the command's flags, the environment
// and the file.
func (c *console) configuration(cmd *cobra.Command) (config.Config, error) {
	known := config.Flags()
	var args []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if known.Lookup(f.Name) != nil {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return config.Load(args, c.env, os.ReadFile)
}

// serve opens everything in order, serves until ctx ends, and closes in the
// opposite order.
func (c *console) serve(ctx context.Context, cfg config.Config) (err error) {
	log := newLog(c.err, cfg)
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return hint(fmt.Errorf("cannot listen: %w", err), "--listen names another address; port 0 takes any that is free")
	}
	defer listener.Close()
	db, err := c.openState(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer closeWith(db, &err)
	runner, err := engine.Open(ctx, engine.Config{
		CacheDir:    filepath.Join(cfg.Data, "cache"),
		Concurrency: int(cfg.MaxConcurrency), Queue: int(cfg.MaxQueue), Log: log,
	})
	if err != nil {
		return fmt.Errorf("cannot start the engine: %w", err)
	}
	defer func() {
		// After the drain nothing runs that anybody waits for.
		err = errors.Join(err, runner.Close(context.WithoutCancel(ctx)))
	}()
	recorder := gateway.NewRecorder(db, log)
	defer recorder.Close()

	credentials := auth.NewTable()
	gate := newGateway(cfg, db, credentials, runner, recorder, log)
	if err := gate.Refresh(ctx); err != nil {
		return fmt.Errorf("cannot load the releases: %w", err)
	}
	stopFollowing := background(ctx, gate.Follow)
	defer stopFollowing()
	front := newServer(cfg, db, credentials, runner, gate, log)
	return c.listen(ctx, cfg, front, listener, log)
}

// background runs task and returns a function that ends it and waits.
func background(ctx context.Context, task func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		task(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// openState makes the data directory ready, opens the database and sees to the
// organization.
func (c *console) openState(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *store.DB, err error) {
	if err := prepareData(cfg.Data, log); err != nil {
		return nil, err
	}
	key, err := masterKey(cfg)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{Dir: cfg.Data, URL: string(cfg.DatabaseURL), Sealer: sealer})
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	if err := c.found(ctx, cfg, db, sealer.Fingerprint()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func newGateway(cfg config.Config, db *store.DB, credentials *auth.Table, runner *engine.Engine, recorder *gateway.Recorder, log *slog.Logger) *gateway.Gateway {
	return gateway.New(gateway.Config{
		Store: db, Credentials: credentials, Engine: runner, Recorder: recorder, Log: log,
		PublicHost: cfg.PublicHost, MaxResponseBytes: cfg.MaxResponseBytes,
		StatusOf: func(code host.Code) int { return server.Status(&host.Error{Code: code}) },
	})
}

func newServer(cfg config.Config, db *store.DB, credentials *auth.Table, runner *engine.Engine, gate *gateway.Gateway, log *slog.Logger) *server.Server {
	management := admin.Config{
		Store: db, Invocations: db, Credentials: credentials, Log: log,
		Refresh: gate.Refresh, Check: runner.Check, CheckSchema: checkEndpointSchema,
		SaveKey: func(key string) {
			if err := writeAdminKey(cfg.Data, key); err != nil {
				log.Error("the new organization API key is not in "+adminKeyFile, "error", err)
			}
		},
		MaxModuleBytes: cfg.MaxModuleBytes, ManagementHosts: cfg.ManagementHosts,
	}
	return server.New(server.Config{
		Gateway: gate, Mount: admin.New(management).Mount, Log: log,
		Ready: func(ctx context.Context) error {
			if err := gate.Ready(ctx); err != nil {
				return err
			}
			return db.Ping(ctx)
		},
		ManagementHosts: cfg.ManagementHosts, MaxManagementBytes: cfg.MaxModuleBytes + uploadFraming,
	})
}

// uploadFraming is room for what a multipart upload adds to a module.
const uploadFraming = 64 << 10

// checkEndpointSchema compiles an endpoint's schema to see whether it can be.
func checkEndpointSchema(raw json.RawMessage) error {
	_, err := payload.CompileSchema(raw)
	return err
}

// listen serves until ctx ends or the server fails, and shuts it down.
func (c *console) listen(ctx context.Context, cfg config.Config, front *server.Server, listener net.Listener, log *slog.Logger) error {
	served := make(chan error, 1)
	go func() { served <- front.Serve(listener) }()
	fmt.Fprintf(c.out, "listening on http://%s\n", reachable(listener.Addr()))
	log.Info("serving", "version", version, "address", listener.Addr().String(), "config", cfg)
	select {
	case err := <-served:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("shutting down", "timeout", cfg.ShutdownTimeout.String())
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.ShutdownTimeout)
	defer cancel()
	start := time.Now()
	if err := front.Shutdown(deadline); err != nil {
		log.Warn("requests were cut off", "error", err)
		return fmt.Errorf("requests were still under way after %s and were cut off", cfg.ShutdownTimeout)
	}
	log.Info("stopped", "took", time.Since(start).Round(time.Millisecond).String())
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

func newLog(w io.Writer, cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// closeWith closes c and keeps the first error.
func closeWith(c io.Closer, err *error) {
	if closed := c.Close(); *err == nil {
		*err = closed
	}
}
