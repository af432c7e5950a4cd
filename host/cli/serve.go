package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/basic"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/capability/jwt"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/capability/secret"
	"github.com/posternhq/postern/host/config"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/jwks"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/outbound"
	"github.com/posternhq/postern/host/schema"
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

// storeSettings are those that matter to whoever opens the store and serves
// nothing.
var storeSettings = []string{"config", "data", "database-url", "log-level", "log-format"}

// addStoreSettings adds the flags of all settings to a command beside serve, so
// that it takes what a server takes, and shows those that matter to it.
func addStoreSettings(command *cobra.Command) {
	settings := config.Flags()
	settings.VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(storeSettings, f.Name) })
	command.Flags().AddFlagSet(settings)
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

// house is an open server: its parts, in the order they were opened.
type house struct {
	cfg         config.Config
	log         *slog.Logger
	db          *store.DB
	fetcher     *httpout.Client // of modules
	engine      *engine.Engine
	limits      *limit.Limiter
	recorder    *gateway.Recorder
	issuerKeys  *jwks.Sets
	credentials *auth.Table
	gateway     *gateway.Gateway
}

// newHouse makes what needs no opening.
func newHouse(cfg config.Config, log *slog.Logger) *house {
	reach := outbound.Config{Private: cfg.OutboundPrivate, Networks: cfg.OutboundNetworks}
	fetcher := httpout.New(reach)
	reach.Timeout, reach.MaxBytes = jwks.Patience, jwks.MaxBytes
	keys := jwks.New(outbound.NewClient(reach), log)
	return &house{cfg: cfg, log: log, fetcher: fetcher, issuerKeys: keys, credentials: auth.NewTable(keys)}
}

// operations are all that modules may carry out.
func operations(fetcher *httpout.Client) []capability.Operation {
	return slices.Concat(object.Operations, basic.Operations, jwt.Operations, secret.Operations, httpout.Operations(fetcher))
}

// serve opens everything in order, serves until ctx ends, and closes in the
// opposite order.
func (c *console) serve(ctx context.Context, cfg config.Config) (err error) {
	h := newHouse(cfg, newLog(c.err, cfg))
	// First of all, because it is what fails most often, and a start that
	// fails should leave nothing behind.
	doors, err := h.openDoors()
	if err != nil {
		return err
	}
	defer doors.Close()
	if h.db, err = c.openState(ctx, cfg, h.log); err != nil {
		return err
	}
	defer closeWith(h.db.Close, &err)
	defer h.fetcher.Close()
	h.engine, err = engine.Open(ctx, engine.Config{
		CacheDir:    filepath.Join(cfg.Data, "cache"),
		Concurrency: int(cfg.MaxConcurrency), Queue: int(cfg.MaxQueue), Memory: cfg.EngineMemory,
		Operations: operations(h.fetcher), Log: h.log,
	})
	if err != nil {
		return fmt.Errorf("cannot start the engine: %w", err)
	}
	// After the drain nothing runs that anybody waits for.
	defer closeWith(func() error { return h.engine.Close(context.WithoutCancel(ctx)) }, &err)
	h.limits = limit.New(limit.Config{Store: h.db, Log: h.log})
	defer h.limits.Close()
	h.recorder = gateway.NewRecorder(h.db, h.log)
	defer h.recorder.Close()
	h.gateway = h.newGateway()
	if err := h.gateway.Refresh(ctx); err != nil {
		return fmt.Errorf("cannot load the releases: %w", err)
	}
	h.gateway.PrepareFirst(ctx)
	defer background(ctx, h.gateway.Follow)()
	defer background(ctx, h.issuerKeys.Follow)()
	defer background(ctx, doors.followHangups)()
	return c.listen(ctx, h, doors)
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
	key, forget, err := masterKey(cfg)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{
		Dir: cfg.Data, URL: string(cfg.DatabaseURL), Sealer: sealer, Audit: time.Duration(cfg.AuditDays) * 24 * time.Hour,
		AppRecords: cfg.AppRecords, AppRecordBytes: cfg.AppRecordBytes,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	if err = c.found(ctx, cfg, db, sealer.Fingerprint()); err == nil {
		err = ensureSigningKey(ctx, db)
	}
	if errors.Is(err, errOtherKey) {
		err = errors.Join(err, forget()) // the next look finds what is missing
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (h *house) newGateway() *gateway.Gateway {
	return gateway.New(gateway.Config{
		Store: h.db, Credentials: h.credentials, Limits: h.limits, Engine: h.engine, Recorder: h.recorder, Log: h.log,
		PublicHost: h.cfg.PublicHost, MaxResponseBytes: h.cfg.MaxResponseBytes,
		MaxOperations: int(h.cfg.MaxOperations), MaxRequests: int(h.cfg.MaxRequests),
		StatusOf: func(code host.Code) int { return server.Status(&host.Error{Code: code}) },
	})
}

// newManagement returns the management API, for the server that has it.
func (h *house) newManagement() *admin.API {
	return admin.New(admin.Config{
		// The recorder answers for the log: it has what is not stored yet.
		Store: h.db, Invocations: h.recorder, Credentials: h.credentials, Log: h.log,
		Refresh: h.gateway.Refresh, Unwrap: unwrap, Check: h.engine.Check, Warm: h.gateway.Warm, CheckSchema: checkEndpointSchema, SaveKey: h.saveKey,
		MaxModuleBytes: h.cfg.MaxModuleBytes, ManagementHosts: h.cfg.ManagementHosts,
		OutboundPrivate: h.cfg.OutboundPrivate,
		Managed:         h.limits.Managed,
		Failed: func(client netip.Addr) (int64, error) {
			standing, err := h.limits.Failed(client)
			return standing.RetryAfter, err
		},
	})
}

// ready reports whether requests can be served now.
func (h *house) ready(ctx context.Context) error {
	if err := h.gateway.Ready(); err != nil {
		return err
	}
	return h.db.Ping(ctx)
}

// saveKey keeps a regenerated organization key where commands find it. The
// answer to the request shows the key in any case.
func (h *house) saveKey(key string) {
	if err := writeAdminKey(h.cfg.Data, key); err != nil {
		h.log.Error("the new organization API key could not be kept", "file", adminKeyFile, "error", err)
	}
}

// uploadFraming is room for what multipart or a manifest adds to a module,
// beside a third for base64.
const uploadFraming = 64 << 10

// unwrap takes the module out of an upload.
func unwrap(upload []byte) ([]byte, error) {
	u, err := engine.Unwrap(upload)
	return u.Wasm, err
}

// checkEndpointSchema compiles an endpoint's schema to see whether it can be.
func checkEndpointSchema(raw json.RawMessage) error {
	_, err := schema.Compile(raw)
	return err
}

func newLog(w io.Writer, cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// closeWith closes something and keeps the first error.
func closeWith(close func() error, err *error) {
	if closed := close(); *err == nil {
		*err = closed
	}
}
