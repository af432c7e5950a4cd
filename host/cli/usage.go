package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a command that was called wrongly.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// wrongUsage is the error of a command that was called wrongly.
func wrongUsage(command *cobra.Command, format string, args ...any) error {
	return &usageError{command.CommandPath(), fmt.Errorf(format, args...)}
}

// misuse says what err, of the library that parses arguments, means for whoever
// typed them.
func misuse(command *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown string
	switch {
	case errors.As(err, &value):
		return wrongUsage(command, "--%s must %s, not “%s”", value.GetFlag().Name, formOf(value.GetFlag()), value.GetValue())
	case strings.Contains(err.Error(), "arg(s)"):
		return wrongUsage(command, "wrong number of arguments: it is “%s”", strings.TrimSuffix(command.UseLine(), " [flags]"))
	case scan(err, "unknown command %q for", &unknown) && !command.HasSubCommands():
		return wrongUsage(command, "“%s” takes no arguments", command.CommandPath())
	case unknown != "":
		return suggest(command, unknown)
	}
	return &usageError{command: command.CommandPath(), err: err}
}

func scan(err error, format string, into *string) bool {
	n, _ := fmt.Sscanf(err.Error(), format, into)
	return n == 1
}

// suggest is the error for a command that is not there, with the one that was
// meant, perhaps.
func suggest(command *cobra.Command, unknown string) error {
	err := wrongUsage(command, "“%s” has no command “%s”", command.CommandPath(), printable(unknown))
	command.SuggestionsMinimumDistance = 2
	if near := command.SuggestionsFor(unknown); len(near) > 0 {
		return hint(err, "did you mean “%s %s”?", command.CommandPath(), near[0])
	}
	return err
}

// pairsVar defines a flag of NAME=VALUE. Help would show its default as [].
func pairsVar(flags *pflag.FlagSet, pairs *map[string]string, name, usage string) {
	flags.StringToStringVar(pairs, name, nil, usage)
	flags.Lookup(name).DefValue = ""
}

// formOf says what a flag takes.
func formOf(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "int", "int64":
		return "be a whole number"
	case "bool":
		return "be true or false"
	case "duration":
		return "be a duration such as 24h"
	case "stringToString":
		return "have the form NAME=VALUE"
	}
	return "be a " + flag.Value.Type()
}
