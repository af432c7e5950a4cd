//go:build race

package cli_test

// underRace: the race detector makes a server take seconds to start.
const underRace = true
