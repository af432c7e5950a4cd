//go:build !race

package tck_test

const underRace = false
