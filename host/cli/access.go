package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// accessFlags are the flags that keys and tokens have in common.
type accessFlags struct {
	environment, expires string
	ips                  []string
	variables            map[string]string
	limit                limitFlags
}

// add adds the flags to a command that creates a noun. everywhere says what
// happens without --environment.
func (f *accessFlags) add(command *cobra.Command, noun, everywhere string) {
	flags := command.Flags()
	flags.StringVar(&f.environment, "environment", "", strings.TrimSpace("the one environment the "+noun+" opens "+everywhere))
	flags.StringVar(&f.expires, "expires", "", "a date, which the "+noun+" works through, or an RFC 3339 instant (default: never)")
	flags.StringSliceVar(&f.ips, "allow-ip", nil, "address or CIDR range that may use the "+noun+"; may be repeated (default: any)")
	pairsVar(flags, &f.variables, "variable", "name=value that the "+noun+" carries; may be repeated")
	f.limit.add(command)
}

// fields are the flags that were given.
func (f *accessFlags) fields() (access client.AccessFields, expires client.Field[string], err error) {
	if f.environment != "" {
		access.Environment = client.Value(f.environment)
	}
	if f.expires != "" {
		expires = client.Value(f.expires)
	}
	if len(f.ips) > 0 {
		access.AllowedIPs = client.Value(f.ips)
	}
	if len(f.variables) > 0 {
		access.Variables = client.Value(f.variables)
	}
	access.RateLimit, err = f.limit.field()
	return access, expires, err
}

// limitFlags are the flags of a rate limit.
type limitFlags struct {
	command *cobra.Command
	rate    string
	burst   int64
}

func (f *limitFlags) add(command *cobra.Command) {
	f.command = command
	command.Flags().StringVar(&f.rate, "rate-limit", "", "requests per second, minute, hour or day, such as 100/minute (default: no bound)")
	command.Flags().Int64Var(&f.burst, "burst", 0, "requests that may come at once (default: those of --rate-limit)")
}

// field is the limit that was given, if there is one.
func (f *limitFlags) field() (client.Field[host.RateLimit], error) {
	var none client.Field[host.RateLimit]
	if f.rate == "" {
		if f.burst != 0 {
			return none, f.wrong("--burst needs --rate-limit")
		}
		return none, nil
	}
	count, window, _ := strings.Cut(f.rate, "/")
	limit := host.RateLimit{Window: window, Burst: f.burst}
	var err error
	if limit.Limit, err = strconv.ParseInt(count, 10, 64); err != nil || limit.Validate() != nil {
		return none, f.wrong("--rate-limit must have the form 100/minute, with second, minute, hour or day, and neither it nor --burst may be above %d", host.MaxRate)
	}
	return client.Value(limit), nil
}

// wrong is the error of a command that was called wrongly.
func (f *limitFlags) wrong(format string, args ...any) error {
	return wrongUsage(f.command, format, args...)
}

// limitText is a rate limit as the flags write it.
func limitText(limit *host.RateLimit) string {
	switch {
	case limit == nil:
		return ""
	case limit.Burst > 0:
		return fmt.Sprintf("%d/%s, %d at once", limit.Limit, limit.Window, limit.Burst)
	}
	return fmt.Sprintf("%d/%s", limit.Limit, limit.Window)
}

// accessFacts is what “show” says about what a credential opens.
func accessFacts(access *host.Access) []string {
	return []string{
		"environment", first(text(access.Environment), "all"), "addresses", first(strings.Join(access.AllowedIPs, " "), "any"),
		"variables", pairs(access.Variables), "rate limit", limitText(access.RateLimit),
	}
}

// pairs writes a map as name=value, in order.
func pairs[V any](m map[string]V) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s=%v", name, m[name]))
	}
	return strings.Join(out, " ")
}
