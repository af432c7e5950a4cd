package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/posternhq/postern/host/config"
)

// hinted is an error with something to try.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// hint adds something to try to an error.
func hint(err error, format string, args ...any) error {
	return &hinted{err: err, hint: fmt.Sprintf(format, args...)}
}

// faultList is an error of several parts, each worth a line of its own.
type faultList struct {
	what   string // such as "the configuration"
	faults []string
}

func (e *faultList) Error() string {
	if len(e.faults) == 1 {
		return e.what + ": " + e.faults[0]
	}
	return fmt.Sprintf("%s has %d faults:\n  %s", e.what, len(e.faults), strings.Join(e.faults, "\n  "))
}

// report prints err with its hint and returns the exit code for it.
func (c *console) report(err error) int {
	fmt.Fprintf(c.err, "postern: %s\n", describe(err))
	if text := hintFor(err); text != "" {
		fmt.Fprintf(c.err, "hint: %s\n", text)
	}
	var usage *usageError
	var configuration *config.Error
	if errors.As(err, &usage) || errors.As(err, &configuration) {
		return exitUsage
	}
	return exitFailed
}

// describe is the text of an error for the terminal.
func describe(err error) string {
	var configuration *config.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &configuration):
		list := &faultList{what: "the configuration"}
		for _, fault := range configuration.Faults {
			list.faults = append(list.faults, fault.String())
		}
		return list.Error()
	}
	return err.Error()
}

// hintFor is something to try after err, or "".
func hintFor(err error) string {
	var own *hinted
	var usage *usageError
	var lost *client.ConnectionError
	var answered *client.Error
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &own):
		return own.hint
	case errors.As(err, &usage):
		return fmt.Sprintf("see “%s --help”", usage.command)
	case errors.As(err, &lost):
		return "start a server with “postern serve”, or name one with --server or POSTERN_SERVER"
	case errors.As(err, &answered):
		return hintForAnswer(answered)
	}
	return ""
}

func hintForAnswer(err *client.Error) string {
	switch {
	case err.Err.Code == host.CodeUnauthorized:
		return "give the organization API key (apps_…) or a member's token (pat_…) with POSTERN_API_KEY or --api-key; on the server's machine, --data finds it in its data directory"
	case err.Err.Code == host.CodeNotFound && strings.HasPrefix(err.Err.Message, "App "):
		return "“postern apps list” shows the apps; outside production an app is named slug@environment"
	case err.Err.Code == host.CodeInternal && err.RequestID != "":
		return "the server's log tells more under this request id"
	}
	return ""
}
