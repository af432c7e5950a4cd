// Command postern serves Postern and manages it: see "postern help".
//
// It only hands the process over to package cli, which tests run in-process.
package main

import (
	"os"

	"github.com/posternhq/postern/host/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
