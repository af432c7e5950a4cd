package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// Defaults of the flags that find a server.
const (
	defaultServer = "http://127.0.0.1:8080"
	defaultData   = "./data"
	adminKeyFile  = "admin.key"
)

// remote is what every command that talks to a server takes.
type remote struct {
	*console
	server string
	apiKey string
	data   string
	json   bool
}

// addFlags adds the flags to command and all below it.
func (r *remote) addFlags(command *cobra.Command) {
	flags := command.PersistentFlags()
	flags.StringVar(&r.server, "server", "", "URL of the server (POSTERN_SERVER; default "+defaultServer+")")
	flags.StringVar(&r.apiKey, "api-key", "", "organization API key, apps_…, or token of a member, pat_… (POSTERN_API_KEY; default: admin.key in the data directory)")
	flags.StringVar(&r.data, "data", "", "data directory of a server on this machine (POSTERN_DATA; default "+defaultData+")")
	flags.BoolVar(&r.json, "json", false, "print one JSON document")
}

// run makes a command's RunE of a function that needs a client.
func (r *remote) run(do func(ctx context.Context, api *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		api, err := r.client()
		if err != nil {
			return err
		}
		return do(command.Context(), api, args)
	}
}

// client returns a client of the server.
func (r *remote) client() (*client.Client, error) {
	key, err := r.key()
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{Server: r.address(), APIKey: key})
}

func (r *remote) address() string {
	return strings.TrimSuffix(first(r.server, r.getenv("POSTERN_SERVER"), defaultServer), "/")
}

// key finds the organization API key. What is given counts before the file
// that the server on this machine left.
func (r *remote) key() (string, error) {
	if key := first(r.apiKey, r.getenv("POSTERN_API_KEY")); key != "" {
		return key, nil
	}
	name := filepath.Join(first(r.data, r.getenv("POSTERN_DATA"), defaultData), adminKeyFile)
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", hint(fmt.Errorf("there is no API key: %s does not exist", name),
			"set POSTERN_API_KEY to the key that the server printed at its first start, or name its data directory with --data")
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the API key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// pageFlags adds --limit and --offset to a list.
func pageFlags(command *cobra.Command, page *host.Page) {
	command.Flags().IntVar(&page.Limit, "limit", host.DefaultPageLimit, fmt.Sprintf("entries to show, at most %d", host.MaxPageLimit))
	command.Flags().IntVar(&page.Offset, "offset", 0, "entries to skip")
}
