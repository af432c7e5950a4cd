// Package cli is the postern command: its sub-commands, and the wiring of the
// server.
//
// It owns flags, help, tables, progress and exit codes, the build of plug-in
// projects, and the order in which the parts of a server start and stop. It is
// the one package that knows all others. Commands that talk to a server do so
// through the client and know nothing the management API does not say; only
// serve, migrate, backup, restore and secrets rekey open the store.
//
// Rules of the terminal: results go to standard output, everything else to
// standard error; an error is one line that says what failed and why, followed
// by a hint if there is something to try; with --json standard output is one
// JSON document.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// console is what a command reads and writes, and the environment it sees.
type console struct {
	in       io.Reader
	out, err io.Writer
	env      []string
}

// getenv returns the value of an environment variable, the last if it repeats.
func (c *console) getenv(name string) string {
	for _, line := range slices.Backward(c.env) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// Main runs the command with args, without the program's name, and returns its
// exit code: 0 for success, 1 for a failure, 2 for wrong usage. SIGINT and
// SIGTERM end it early; a second one kills the process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	ctx, stop := untilSignal()
	defer stop()
	return run(ctx, args, &console{in: stdin, out: stdout, err: stderr, env: env})
}

// untilSignal returns a context that ends with SIGINT or SIGTERM. When it has
// ended, the next signal acts as if nobody caught it, because that is what
// somebody who sends two wants: signal.NotifyContext would still swallow one
// that comes right behind the first.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
}

func run(ctx context.Context, args []string, c *console) int {
	root, started := newRoot(c)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	// Whatever fails before a command starts is about how it was called.
	if !*started {
		err = misuse(command, err)
	}
	return c.report(err)
}

// newRoot returns the command tree. started becomes true once the arguments
// are accepted and a command begins.
func newRoot(c *console) (root *cobra.Command, started *bool) {
	started = new(bool)
	root = &cobra.Command{
		Use:   "postern",
		Short: "Run HTTP endpoints written as WebAssembly modules",
		Long: `Postern runs HTTP endpoints written as WebAssembly modules.

Start a server, write a handler, deploy it:

  postern serve                          # in one terminal
  postern deploy ./hello                 # in another
  curl http://127.0.0.1:8080/run/hello/hello/Ada

Commands exit with 0 when all is done, 1 when something failed, and 2 when they
were called wrongly.`,
		Version:            versionLine(),
		SilenceErrors:      true,
		DisableSuggestions: true, // see misuse
		SilenceUsage:       true,
		PersistentPreRun:   func(*cobra.Command, []string) { *started = true },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.AddGroup(&cobra.Group{ID: "project", Title: "Your project:"},
		&cobra.Group{ID: "manage", Title: "What is on a server:"},
		&cobra.Group{ID: "access", Title: "Who may call its endpoints:"}, &cobra.Group{ID: "server", Title: "The server itself:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, command := range commands {
			command.GroupID = group
			root.AddCommand(command)
		}
	}
	add("project", buildCommand(c), deployCommand(c), promoteCommand(c), rollbackCommand(c), logsCommand(c))
	add("manage", appsCommand(c), objectsCommand(c), variablesCommand(c), secretsCommand(c), releasesCommand(c), exportCommand(c), importCommand(c), auditCommand(c))
	add("access", keysCommand(c), tokensCommand(c), groupsCommand(c), issuersCommand(c), signingKeysCommand(c), membersCommand(c))
	add("server", serveCommand(c), backupCommand(c), restoreCommand(c), migrateCommand(c), versionCommand(c))
	root.SetCompletionCommandGroupID("server")
	root.SetHelpCommandGroupID("server")
	return root, started
}

// group returns a command that only holds others. Called by itself it shows
// its help; called with a name it does not have, it says so.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	parent.AddCommand(commands...)
	return parent
}
