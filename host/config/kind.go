package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// kind is how a setting is read, stored and shown.
type kind struct {
	rule  string // what values are allowed, for the documentation
	plain string // name of the kind of value, for --help
	set   func(c *Config, text string) error
	show  func(c *Config) string
}

func text(field func(*Config) *string, check func(string) (string, error)) kind {
	return kind{
		plain: "text",
		set: func(c *Config, text string) (err error) {
			*field(c), err = check(text)
			return err
		},
		show: func(c *Config) string { return *field(c) },
	}
}

// secret is a text that show and error messages keep to themselves.
func secret(field func(*Config) *Secret, check func(string) error) kind {
	return kind{
		plain: "text",
		set: func(c *Config, text string) error {
			*field(c) = Secret(text)
			return check(text)
		},
		show: func(c *Config) string { return field(c).String() },
	}
}

func list[T any](field func(*Config) *[]T, check func(string) (T, error)) kind {
	return kind{
		rule: "comma-separated, or a list in the file", plain: "list",
		set: func(c *Config, text string) error {
			for item := range strings.SplitSeq(text, ",") {
				value, err := check(strings.TrimSpace(item))
				if err != nil {
					return err
				}
				*field(c) = append(*field(c), value)
			}
			return nil
		},
		show: func(c *Config) string {
			var texts []string
			for _, value := range *field(c) {
				texts = append(texts, fmt.Sprint(value))
			}
			return strings.Join(texts, ",")
		},
	}
}

func number(field func(*Config) *int64, least, most int64) kind {
	return kind{
		rule: fmt.Sprintf("%d to %d", least, most), plain: "number",
		set: func(c *Config, text string) error {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < least || n > most {
				return fmt.Errorf("must be a number from %d to %d, not %q", least, most, text)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return strconv.FormatInt(*field(c), 10) },
	}
}

type unit struct {
	name  string
	bytes int64
}

// units of a size, the largest first.
var units = []unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// size is a number of bytes with or without a unit.
func size(field func(*Config) *int64, least, most int64) kind {
	return kind{
		rule: fmt.Sprintf("bytes, or with KiB, MiB, GiB; %s to %s", showSize(least), showSize(most)), plain: "size",
		set: func(c *Config, text string) error {
			digits, scale := text, int64(1)
			for _, unit := range units {
				if rest, ok := strings.CutSuffix(text, unit.name); ok {
					digits, scale = strings.TrimSpace(rest), unit.bytes
					break
				}
			}
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || n > most/scale || n*scale < least {
				return fmt.Errorf("must be a size from %s to %s such as 512MiB, not %q", showSize(least), showSize(most), text)
			}
			*field(c) = n * scale
			return nil
		},
		show: func(c *Config) string { return showSize(*field(c)) },
	}
}

// showSize writes a size in the largest unit that divides it.
func showSize(n int64) string {
	unit := units[slices.IndexFunc(units, func(u unit) bool { return n%u.bytes == 0 })]
	return strconv.FormatInt(n/unit.bytes, 10) + unit.name
}

func choice(field func(*Config) *string, values ...string) kind {
	all := strings.Join(values, ", ")
	return kind{
		rule: all, plain: "text",
		set: func(c *Config, text string) error {
			*field(c) = text
			if !slices.Contains(values, text) {
				return fmt.Errorf("must be one of %s, not %q", all, text)
			}
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

func yesNo(field func(*Config) *bool) kind {
	return kind{
		rule: "true, false", plain: "bool",
		set: func(c *Config, text string) (err error) {
			if *field(c), err = strconv.ParseBool(text); err != nil {
				return fmt.Errorf("must be true or false, not %q", text)
			}
			return nil
		},
		show: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

func level() kind {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	return kind{
		rule: "debug, info, warn, error", plain: "text",
		set: func(c *Config, text string) error {
			value, ok := levels[text]
			if !ok {
				return fmt.Errorf("must be one of debug, info, warn, error, not %q", text)
			}
			c.LogLevel = value
			return nil
		},
		show: func(c *Config) string { return strings.ToLower(c.LogLevel.String()) },
	}
}

// maxShutdown bounds the wait of a stopping server.
const maxShutdown = 10 * time.Minute

func duration() kind {
	return kind{
		rule: "0s to 10m", plain: "duration",
		set: func(c *Config, text string) error {
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 || d > maxShutdown {
				return fmt.Errorf("must be a duration such as 15s, at most 10m, not %q", text)
			}
			c.ShutdownTimeout = d
			return nil
		},
		show: func(c *Config) string { return c.ShutdownTimeout.String() },
	}
}

func checkAny(text string) (string, error) { return text, nil }

func checkListen(text string) (string, error) {
	_, port, err := net.SplitHostPort(text)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strconv.FormatUint(n, 10) != port {
		return "", fmt.Errorf("must be an address and a port such as 127.0.0.1:8080 or :8080, not %q", text)
	}
	return text, nil
}

// checkHost accepts an IP address or a host name without a port. It returns
// the form of host.HostName, in which hosts are compared: lower case, IPv6 in
// brackets.
func checkHost(text string) (string, error) {
	name := strings.ToLower(text)
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return bracketed(ip), nil
	}
	if name == "localhost" || host.ValidateDomain(name) == nil {
		return name, nil
	}
	return "", fmt.Errorf("must be a host name without a port such as api.example.com, not %q", text)
}

func checkRange(text string) (netip.Prefix, error) {
	p, err := host.ParseIPRange(text)
	if err != nil {
		return p, fmt.Errorf("must be an IP address or a CIDR range such as 10.0.0.0/8, not %q", text)
	}
	return p, nil
}

func bracketed(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	return "[" + ip.String() + "]"
}

// The checks of secrets never repeat what they were given.

func checkDatabaseURL(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("must be a URL such as postgres://user@host:5432/name")
	}
	return nil
}

func checkAdminKey(text string) error {
	if !host.ValidOrganizationKey(text) {
		return fmt.Errorf("must be %s and 64 hexadecimal digits", host.OrganizationKeyPrefix)
	}
	return nil
}

func checkMasterKey(text string) error {
	if len(text) != 64 || strings.Trim(strings.ToLower(text), "0123456789abcdef") != "" {
		return errors.New("must be 64 hexadecimal digits")
	}
	return nil
}
