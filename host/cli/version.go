package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set at build time: -ldflags "-X …/host/cli.version=1.2.3".
var version = "dev"

func versionCommand(c *console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "version", Short: "Show the versions of Postern, Go and wazero", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return c.document(map[string]string{
					"version": version, "go": runtime.Version(), "wazero": dependency(wazero), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintln(c.out, versionLine())
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return command
}

const wazero = "github.com/tetratelabs/wazero"

func versionLine() string {
	return fmt.Sprintf("postern %s (%s, wazero %s, %s/%s)", version, runtime.Version(), dependency(wazero), runtime.GOOS, runtime.GOARCH)
}

// dependency is the version of a module this program is built with.
func dependency(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}
