//go:build !unix

package storetest

import (
	"errors"
	"os/exec"
)

// runUnprivileged is for systems whose users and shells are those of Unix.
func runUnprivileged(*exec.Cmd, string) error {
	return errors.New("the tests start PostgreSQL on Unix systems only")
}
