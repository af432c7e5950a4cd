package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// clearing is the flag --clear of a command that changes fields of type F. by
// takes a setting away, by the name of the flag that gives it.
type clearing[F any] struct {
	command *cobra.Command
	by      map[string]func(*F)
	names   []string
}

// add adds the flag; what says what it takes away.
func (c *clearing[F]) add(command *cobra.Command, what string) {
	c.command = command
	command.Flags().StringSliceVar(&c.names, "clear", nil, what+", one of "+c.known()+"; may be repeated")
}

func (c *clearing[F]) known() string {
	return strings.Join(slices.Sorted(maps.Keys(c.by)), ", ")
}

// apply takes away what the flag names.
func (c *clearing[F]) apply(fields *F) error {
	for _, name := range c.names {
		clear, known := c.by[name]
		switch {
		case !known:
			return c.wrong("--clear does not know %q: it takes %s", name, c.known())
		case c.command.Flags().Changed(name):
			return c.wrong("--%s and --clear %s contradict each other", name, name)
		}
		clear(fields)
	}
	return nil
}

func (c *clearing[F]) wrong(format string, args ...any) error {
	return wrongUsage(c.command, format, args...)
}

// nothingToChange is the error of a change without a flag.
func nothingToChange(command *cobra.Command) error {
	return wrongUsage(command, "nothing to change: name it with a flag")
}
