package engine

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// span is a range of bytes.
type span struct{ from, to int }

// errManyPages says that so many pages were written that all are better dropped.
var errManyPages = errors.New("too many pages were written")

// maxWritten bounds the pages that are copied back; maxRead those that an old
// kernel, which reports every page, is asked about.
const (
	maxWritten = 512
	maxRead    = 4096
)

// pagemap is the kernel's report on this process' pages. It stays open.
var pagemap = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/self/pagemap") })

// writes finds which pages of a private mapping of a file are copies that were
// made for a write. Nobody writes meanwhile.
type writes interface {
	// find appends them to spans.
	find(spans []span, space []byte) ([]span, error)
}

// newestWrites asks in the best way that the kernel knows.
type newestWrites struct{ scan scanner }

func (w *newestWrites) find(spans []span, space []byte) ([]span, error) {
	found, err := w.scan.find(spans, space)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return reader{}.find(spans, space)
	}
	return found, err
}

// What PAGEMAP_SCAN (Linux 6.7; include/uapi/linux/fs.h) takes and gives.
const (
	pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)

	pageIsFile    = 1 << 2
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
)

type scanArguments struct {
	size, flags, start, end, walkEnd       uint64
	regions, count, maxPages               uint64
	inverted, mask, anyOfMask, reportsMask uint64
}

type scanRegion struct{ start, end, _ uint64 }

// scanner asks for the pages that are there but not the file's. The kernel
// writes its answer to an address that it is told as a number, which a stack
// that is moved leaves behind: a scanner must be on the heap.
type scanner struct {
	arguments scanArguments
	regions   [64]scanRegion
}

func (s *scanner) find(spans []span, space []byte) ([]span, error) {
	file, err := pagemap()
	if err != nil {
		return nil, err
	}
	regions, arguments := &s.regions, &s.arguments
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(space))))
	*arguments = scanArguments{
		size:  uint64(unsafe.Sizeof(*arguments)),
		start: base, end: base + uint64(len(space)),
		regions: uint64(uintptr(unsafe.Pointer(regions))), count: uint64(len(regions)),
		inverted: pageIsFile, mask: pageIsFile,
		anyOfMask: pageIsPresent | pageIsSwapped, reportsMask: pageIsPresent,
	}
	pages := 0
	for arguments.start < arguments.end {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), pagemapScan, uintptr(unsafe.Pointer(arguments)))
		if errno != 0 {
			return spans, errno
		}
		for _, region := range regions[:n] {
			from, to := int(region.start-base), int(region.end-base)
			if pages += (to - from) / pageBytes; pages > maxWritten {
				return spans, errManyPages
			}
			spans = append(spans, span{from, to})
		}
		arguments.start = arguments.walkEnd
	}
	return spans, nil
}

// What an entry of /proc/self/pagemap says of a page (proc_pid_pagemap(5)).
const (
	entryPresent = 1 << 63
	entrySwapped = 1 << 62
	entryOfFile  = 1 << 61
)

// reader finds out with kernels that cannot scan.
type reader struct{}

func (reader) find(spans []span, space []byte) ([]span, error) {
	file, err := pagemap()
	if err != nil {
		return nil, err
	}
	if len(space)/pageBytes > maxRead {
		return nil, errManyPages
	}
	entries := make([]byte, 8*len(space)/pageBytes)
	first := int64(uintptr(unsafe.Pointer(unsafe.SliceData(space)))) / int64(pageBytes)
	if _, err := file.ReadAt(entries, 8*first); err != nil {
		return nil, err
	}
	pages := 0
	for i := range len(entries) / 8 {
		entry := binary.LittleEndian.Uint64(entries[8*i:])
		if entry&(entryPresent|entrySwapped) == 0 || entry&entryOfFile != 0 {
			continue
		}
		if pages++; pages > maxWritten {
			return nil, errManyPages
		}
		spans = append(spans, span{i * pageBytes, (i + 1) * pageBytes})
	}
	return spans, nil
}
