package engine

import (
	"encoding/binary"
	"os"
	"unsafe"
)

// How heat is learned: anew every relearnAfter restores, in which time a guest
// may have come to do something else; a gap of fewer than minGap pages between
// two spans costs less to copy than a system call; and beyond maxHotPages
// pages are rather dropped than kept, because each is held twice.
const (
	relearnAfter = 1024
	minGap       = 4
	maxHotPages  = 1024
)

// heat is which pages of a memory its calls keep writing.
type heat struct {
	spans    []span // by rising address
	restores int
	written  []bool // by the call before, while learning
}

// span is a range of bytes.
type span struct{ from, to int }

// learn is called before every restore. Pages count as hot if two calls in a
// row wrote them, each after everything was dropped.
func (h *heat) learn(space []byte) {
	switch h.restores % relearnAfter {
	case 0:
		h.spans = nil
	case 1:
		h.written = writtenPages(space)
	case 2:
		again := writtenPages(space)
		for i := range again {
			again[i] = again[i] && h.written[i]
		}
		h.spans, h.written = spansOf(again), nil
	}
	h.restores++
}

// spansOf joins pages to spans.
func spansOf(hot []bool) (spans []span) {
	pages := 0
	for i, is := range hot {
		if !is {
			continue
		}
		if pages++; pages > maxHotPages {
			break
		}
		from, to := i*pageBytes, (i+1)*pageBytes
		if n := len(spans); n > 0 && from-spans[n-1].to < minGap*pageBytes {
			spans[n-1].to = to
			continue
		}
		spans = append(spans, span{from, to})
	}
	return spans
}

// What an entry of /proc/self/pagemap says of a page (proc_pid_pagemap(5)).
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61
)

// writtenPages tells which pages of a private mapping are copies that were
// made for a write. Where the kernel does not say, it is none.
func writtenPages(space []byte) []bool {
	written := make([]bool, len(space)/pageBytes)
	if len(written) == 0 {
		return written
	}
	file, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return written
	}
	defer file.Close()
	entries := make([]byte, 8*len(written))
	first := int64(uintptr(unsafe.Pointer(unsafe.SliceData(space)))) / int64(pageBytes)
	if _, err := file.ReadAt(entries, 8*first); err != nil {
		return written
	}
	for i := range written {
		entry := binary.LittleEndian.Uint64(entries[8*i:])
		written[i] = entry&(pagePresent|pageSwapped) != 0 && entry&pageOfFile == 0
	}
	return written
}
