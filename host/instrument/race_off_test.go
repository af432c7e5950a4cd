//go:build !race

package instrument_test

// underRace tells whether the race detector slows everything down tenfold.
const underRace = false
