//go:build !race

package engine_test

// underRace tells whether the race detector slows everything down tenfold.
const underRace = false
