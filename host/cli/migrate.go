package cli

import (
	"fmt"

	"github.com/posternhq/postern/host/store"
	"github.com/spf13/cobra"
)

func migrateCommand(c *console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date, and exit", Args: cobra.NoArgs,
		Long: `Bring the database up to date, and exit. “postern serve” does so at its start;
this is for installations that want it done before. It takes the settings of
“postern serve”.`,
		Example: "  postern migrate --data /var/lib/postern",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.configuration(cmd)
			if err != nil {
				return err
			}
			if err := prepareData(cfg.Data, newLog(c.err, cfg)); err != nil {
				return err
			}
			from, to, err := store.Migrate(cmd.Context(), store.Config{Dir: cfg.Data, URL: string(cfg.DatabaseURL)})
			if err != nil {
				return fmt.Errorf("cannot migrate the database: %w", err)
			}
			if asJSON {
				return c.document(map[string]int64{"from": from, "to": to})
			}
			_, err = fmt.Fprintf(c.out, "schema %d → %d\n", from, to)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	addStoreSettings(command)
	return command
}
