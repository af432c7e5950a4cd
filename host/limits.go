package host

import (
	"strconv"
	"time"
)

// Defaults and documented maxima of what one request may use.
const (
	DefaultBodyBytes     = 5 << 20
	MaxBodyBytes         = 64 << 20
	DefaultResponseBytes = 5 << 20
	MaxResponseBytes     = 64 << 20
	DefaultTimeout       = 5 * time.Second
	MaxTimeout           = 60 * time.Second
	DefaultMemoryMB      = 64
	MaxMemoryMB          = 1024
	DefaultModuleBytes   = 32 << 20
	MaxModuleBytes       = 256 << 20
	MaxLogLines          = 1000
	MaxEndpoints         = 500
	MaxReleases          = 100
)

// PageBytes is the size of a page of Wasm memory; PagesPerMB of them make one
// megabyte of an endpoint's memory_mb.
const (
	PageBytes  = 64 << 10
	PagesPerMB = (1 << 20) / PageBytes
)

// parsePositive reads a decimal number from 1 without sign or leading zero.
func parsePositive(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || strconv.Itoa(n) != s {
		return 0, strconv.ErrSyntax
	}
	return n, nil
}
