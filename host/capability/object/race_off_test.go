//go:build !race

package object_test

const underRace = false
