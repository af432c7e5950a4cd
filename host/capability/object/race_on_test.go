//go:build race

package object_test

// underRace: the race detector makes everything ten times slower, and a transaction
// may last a second.
const underRace = true
