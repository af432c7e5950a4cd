package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func variablesCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.Variable]{
		use: "list APP", short: "List an app's variables, newest first", args: cobra.ExactArgs(1), name: "variables",
		head: []string{"VARIABLE", "VALUE", "UPDATED"},
		row:  func(v *host.Variable) []string { return []string{v.Name, v.Value, v.UpdatedAt.String()} },
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[*host.Variable], error) {
			return api.Variables(ctx, args[0], page)
		},
	}
	remove := deletion{
		use: "delete APP NAME", short: "Delete a variable", args: cobra.ExactArgs(2), noun: "variable",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			v, err := api.Variable(ctx, args[0], args[1])
			if err != nil {
				return nil, err
			}
			return &doomed{"variable " + v.Name, v.ID, func(ctx context.Context) error { return api.DeleteVariable(ctx, args[0], v.Name) }}, nil
		},
	}
	set := setting{
		noun: "variable", short: "Set a variable", long: `Set a variable of an app, which its modules read as their configuration from the
next request on. The value is read from standard input; one line break at its
end is left out.`,
		example: "  echo eu-central | postern variables set shop REGION\n  postern variables set shop REGION --value eu-central\n  postern variables set shop TERMS --from-file terms.txt",
		put: func(ctx context.Context, api *client.Client, app, name, value string) (any, bool, error) {
			return firstAnd(api.PutVariable(ctx, app, name, value))
		},
	}
	variables := group("variables", "Manage variables: what an app's modules read as their configuration", list.command(r), set.command(r), remove.command(r))
	r.addFlags(variables)
	return variables
}

func secretsCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.Secret]{
		use: "list APP", short: "List the names of an app's secrets, newest first", args: cobra.ExactArgs(1), name: "secrets",
		head: []string{"SECRET", "CREATED", "UPDATED"},
		row:  func(s *host.Secret) []string { return []string{s.Name, s.CreatedAt.String(), s.UpdatedAt.String()} },
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[*host.Secret], error) {
			return api.Secrets(ctx, args[0], page)
		},
	}
	remove := deletion{
		use: "delete APP NAME", short: "Delete a secret", args: cobra.ExactArgs(2), noun: "secret",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			s, err := api.Secret(ctx, args[0], args[1])
			if err != nil {
				return nil, err
			}
			return &doomed{"secret " + s.Name, s.ID, func(ctx context.Context) error { return api.DeleteSecret(ctx, args[0], s.Name) }}, nil
		},
	}
	set := setting{
		noun: "secret", short: "Set a secret", secret: true, long: `Set a secret of an app. Its modules read it by its name; no command and no answer
of the server shows it again. The value is read from standard input: a terminal
does not show what is typed; one line break at its end is left out.`,
		example: "  postern secrets set shop PAYMENT_KEY < payment.key\n  postern secrets set shop SIGNING_KEY --from-file private.pem",
		put: func(ctx context.Context, api *client.Client, app, name, value string) (any, bool, error) {
			return firstAnd(api.PutSecret(ctx, app, name, value))
		},
	}
	secrets := group("secrets", "Manage secrets, which nobody is shown but an app's modules")
	for _, command := range []*cobra.Command{list.command(r), set.command(r), remove.command(r)} {
		r.addFlags(command) // not those below: rekey talks to no server
		secrets.AddCommand(command)
	}
	secrets.AddCommand(rekeyCommand(c))
	return secrets
}

// firstAnd forgets the type of what was put.
func firstAnd[T any](what T, created bool, err error) (any, bool, error) { return what, created, err }

// setting is the command that sets a variable or a secret.
type setting struct {
	noun, short, long, example string
	secret                     bool
	put                        func(ctx context.Context, api *client.Client, app, name, value string) (what any, created bool, err error)
}

func (s setting) command(r *remote) *cobra.Command {
	var file, value string
	command := &cobra.Command{Use: "set APP NAME", Short: s.short, Long: s.long, Example: s.example, Args: cobra.ExactArgs(2)}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		text, err := s.read(r, command, file, value)
		var what any
		created := false
		if err == nil {
			what, created, err = s.put(ctx, api, args[0], args[1], text)
		}
		var usage *usageError
		switch {
		case errors.As(err, &usage):
			return err
		case err != nil:
			return fmt.Errorf("cannot set %s %s: %w", s.noun, shown(args[1]), err)
		case r.json:
			return r.document(map[string]any{s.noun: what, "created": created})
		}
		done := "replaced"
		if created {
			done = "created"
		}
		fmt.Fprintf(r.out, "%s %s %s\n", done, s.noun, printable(args[1]))
		return nil
	})
	command.Flags().StringVar(&file, "from-file", "", "file that holds the value, taken as it is")
	command.Flags().StringVar(&value, "value", "", "the value itself")
	if s.secret {
		command.Flags().Lookup("value").Usage += ", which others can see in the list of processes and in the shell's history"
	}
	return command
}

// read finds the value where the flags say it is.
func (s setting) read(r *remote, command *cobra.Command, file, value string) (string, error) {
	inLine, inFile := command.Flags().Changed("value"), command.Flags().Changed("from-file")
	switch {
	case inLine && inFile:
		return "", wrongUsage(command, "--value and --from-file contradict each other")
	case inLine:
		if s.secret {
			r.say("warning: the secret was on the command line: it is in the shell's history, and others may have seen it in the list of processes")
		}
		return value, nil
	case inFile:
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("cannot read the value: %w", err)
		}
		defer f.Close()
		return s.limited(f)
	case isTerminal(r.in):
		return s.ask(r)
	}
	text, err := s.limited(r.in)
	return withoutBreak(text), err
}

// limited reads a value, and no more than what a value can have and a line break.
func (s setting) limited(from io.Reader) (string, error) {
	content, err := io.ReadAll(io.LimitReader(from, host.MaxSettingBytes+3))
	if err != nil {
		return "", fmt.Errorf("cannot read the value: %w", err)
	}
	if len(withoutBreak(string(content))) > host.MaxSettingBytes {
		return "", host.Errorf(host.CodeInvalid, "a value has at most %d bytes", host.MaxSettingBytes)
	}
	return string(content), nil
}

// ask reads a line from a terminal, which does not show it if it is a secret.
func (s setting) ask(r *remote) (string, error) {
	fmt.Fprintf(r.err, "Value of the %s: ", s.noun)
	if !s.secret {
		text, err := s.limited(r.in)
		return withoutBreak(text), err
	}
	typed, err := term.ReadPassword(int(r.in.(*os.File).Fd()))
	fmt.Fprintln(r.err)
	if err != nil {
		return "", fmt.Errorf("cannot read the value: %w", err)
	}
	return string(typed), nil
}

// withoutBreak leaves out one line break at the end, which editors and echo add.
func withoutBreak(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}
