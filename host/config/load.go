package config

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	Setting string // name as in the table, or "" for a source that cannot be read
	Source  string // such as "flag --listen", "POSTERN_LISTEN" or "postern.yaml:3"
	Message string
}

// String is the fault as one line.
func (f Fault) String() string {
	if f.Setting == "" {
		return f.Source + ": " + f.Message
	}
	return f.Setting + " (" + f.Source + ") " + f.Message
}

// Error is every fault there is, in the order of the table.
type Error struct{ Faults []Fault }

// Error lists the faults, separated by "; ".
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "; ")
}

// given is a value as a user wrote it, and where.
type given struct{ text, source string }

// Load reads the configuration from args (flags only), env ("NAME=value"
// lines) and the file that --config or POSTERN_CONFIG names, which readFile
// returns. The error is an *Error with all faults.
func Load(args, env []string, readFile func(name string) ([]byte, error)) (Config, error) {
	var faults []Fault
	flags := Flags()
	if err := flags.Parse(args); err != nil {
		faults = append(faults, Fault{Source: "flags", Message: err.Error()})
	} else if flags.NArg() > 0 {
		faults = append(faults, Fault{Source: "flags", Message: fmt.Sprintf("unexpected argument %q", flags.Arg(0))})
	}
	variables := environment(env)
	file, bad := readSettings(fileName(flags, variables), readFile)
	faults = append(faults, bad...)

	var c Config
	for _, s := range table {
		value := strongest(s, flags, variables, file)
		if value.text == "" {
			continue
		}
		if err := s.set(&c, value.text); err != nil {
			faults = append(faults, Fault{Setting: s.name, Source: value.source, Message: err.Error()})
		}
	}
	if c.DatabaseURL != "" && c.MasterKey == "" {
		faults = append(faults, Fault{Setting: "master-key", Source: "POSTERN_MASTER_KEY",
			Message: "is required with database-url: hosts that share a database share the key"})
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		faults = append(faults, Fault{Setting: "tls-cert", Source: "with tls-key", Message: "must be given together with it, or both left out"})
	}
	c.settle()
	if faults != nil {
		return Config{}, &Error{Faults: faults}
	}
	return c, nil
}

// strongest finds the value that counts. An empty value is as good as none:
// that is how compose files and unit files pass on what is not set.
func strongest(s setting, flags *pflag.FlagSet, variables map[string]string, file map[string]given) given {
	if f := flags.Lookup(s.name); f != nil && f.Value.String() != "" {
		return given{f.Value.String(), "flag --" + s.name}
	}
	if text := variables[s.variable()]; text != "" {
		return given{text, s.variable()}
	}
	if value := file[s.name]; value.text != "" {
		return value
	}
	return given{s.initial, "default"}
}

// environment picks the variables of Postern. Those that no setting has are
// no fault: orchestrators add their own (POSTERN_PORT, POSTERN_SERVICE_HOST).
func environment(env []string) map[string]string {
	variables := map[string]string{}
	for _, line := range env {
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, envPrefix) {
			variables[name] = value
		}
	}
	return variables
}

func fileName(flags *pflag.FlagSet, variables map[string]string) string {
	if name := flags.Lookup("config").Value.String(); name != "" {
		return name
	}
	return variables[envPrefix+"CONFIG"]
}

// Flags returns the flags of every setting, and --config, with their help.
// They take any text: Load checks them, so that all faults show together.
func Flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("config", pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.Var(&flagText{plain: "file"}, "config", "YAML file with settings (POSTERN_CONFIG)")
	for _, s := range table {
		if s.secret {
			continue
		}
		help := strings.ReplaceAll(s.help, "`", "")
		if s.initial != "" {
			help += " (default " + s.initial + ")"
		}
		flag := flags.VarPF(&flagText{plain: s.plain}, s.name, "", help)
		if s.plain == "bool" {
			flag.NoOptDefVal = "true" // the flag alone says yes
		}
	}
	return flags
}

// flagText is a flag as it was written. Repeating it adds to a list and
// replaces anything else.
type flagText struct{ plain, text string }

func (f *flagText) String() string { return f.text }
func (f *flagText) Type() string   { return f.plain }

func (f *flagText) Set(text string) error {
	if f.plain == "list" && f.text != "" {
		text = f.text + "," + text
	}
	f.text = text
	return nil
}
