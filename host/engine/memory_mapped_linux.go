package engine

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropAfter is how many restores go by before pages that no call writes any
// more are given back.
const dropAfter = 256

// newMemory makes a memory that restores quickly, of at most that many bytes.
func newMemory(b *budget, most uint64) memory {
	if m, err := newMappedMemory(b, min(most, b.limit)); err == nil {
		return m
	}
	return newHeapMemory(b, most) // the address space is used up
}

// mappedMemory is a memory in address space of its own, outside the Go heap.
// Its snapshot is a file in memory that is mapped privately over it: what the
// guest writes goes to copies of pages, and dropping the copies restores it.
//
// Dropping a page and copying it again when it is written next costs a fault,
// far more than copying its 4 KiB back. As calls tend to write the same pages,
// those that the kernel reports as written are copied back and stay; from time
// to time all are dropped, as they are where it reports none.
type mappedMemory struct {
	budget *budget
	space  []byte // reserved; no access beyond size is made by anyone
	size   uint64 // what the guest has

	image     []byte // the snapshot, mapped a second time; its length is the size then
	restores  int
	writes    writes
	spans     []span // room for what it finds
	shrinking bool
}

func newMappedMemory(b *budget, reserve uint64) (*mappedMemory, error) {
	m := &mappedMemory{budget: b, writes: &newestWrites{}}
	if reserve == 0 {
		return m, nil
	}
	space, err := mapPages(-1, nil, reserve, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	m.space = space
	return m, err
}

// mapPages maps at the place of over, or, if that is nil, anywhere.
func mapPages(fd int, over []byte, length uint64, prot, flags int) ([]byte, error) {
	p, err := unix.MmapPtr(fd, 0, unsafe.Pointer(unsafe.SliceData(over)), uintptr(length), prot, flags)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return unsafe.Slice((*byte)(p), length), nil
}

// Reallocate grows the memory to size bytes; nil refuses, and memory.grow
// answers -1. New pages are zero: they were never written, or were dropped.
func (m *mappedMemory) Reallocate(size uint64) []byte {
	if m.shrinking {
		m.shrinking = false
		return m.space[:m.size]
	}
	if size > uint64(len(m.space)) || !m.budget.take(size-m.size) {
		return nil
	}
	m.size = size
	return m.space[:size]
}

func (m *mappedMemory) snapshot() error {
	if m.size == 0 {
		return nil
	}
	fd, err := unix.MemfdCreate("postern-snapshot", unix.MFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "snapshot")
	defer file.Close() // mappings outlive it
	if err := writeSparse(file, m.space[:m.size]); err != nil {
		return err
	}
	if m.image, err = mapPages(fd, nil, m.size, unix.PROT_READ, unix.MAP_PRIVATE); err != nil {
		return err
	}
	_, err = mapPages(fd, m.space, m.size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	return err
}

// writeSparse writes the pages that are not zero.
func writeSparse(file *os.File, bytes []byte) error {
	if err := file.Truncate(int64(len(bytes))); err != nil {
		return err
	}
	for at := 0; at < len(bytes); at += pageBytes {
		page := bytes[at : at+pageBytes]
		if isZero(page) {
			continue
		}
		if _, err := file.WriteAt(page, int64(at)); err != nil {
			return err
		}
	}
	return nil
}

func isZero(page []byte) bool {
	for _, word := range unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(page))), len(page)/8) {
		if word != 0 {
			return false
		}
	}
	return true
}

func (m *mappedMemory) restore() (grown bool, err error) {
	kept := uint64(len(m.image))
	grown = m.size > kept
	if m.size == 0 {
		return false, nil
	}
	if err := m.restorePages(m.space[:kept]); err != nil {
		return false, err
	}
	if err := drop(m.space[kept:m.size]); err != nil {
		return false, err
	}
	m.budget.give(m.size - kept)
	m.size, m.shrinking = kept, grown
	return grown, nil
}

// restorePages brings back what the snapshot has.
func (m *mappedMemory) restorePages(space []byte) (err error) {
	if len(space) == 0 {
		return nil
	}
	if m.restores++; m.restores%dropAfter == 0 {
		return drop(space)
	}
	if m.spans, err = m.writes.find(m.spans[:0], space); err != nil {
		return drop(space)
	}
	for _, pages := range m.spans {
		copy(space[pages.from:pages.to], m.image[pages.from:pages.to])
	}
	return nil
}

// drop forgets what was written to pages: they are the snapshot's again, or
// zero beyond it.
func drop(pages []byte) error {
	if len(pages) == 0 {
		return nil
	}
	return os.NewSyscallError("madvise", unix.Madvise(pages, unix.MADV_DONTNEED))
}

// Free gives the memory back to the budget and to the system.
func (m *mappedMemory) Free() {
	m.budget.give(m.size)
	m.size = 0
	unmap(&m.space)
	unmap(&m.image)
}

func unmap(b *[]byte) {
	if len(*b) == 0 {
		return
	}
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(*b)), uintptr(len(*b))); err != nil {
		panic(fmt.Sprintf("engine: munmap of a guest's memory: %v", err))
	}
	*b = nil
}

// pageBytes is the size of the system's pages. Wasm's are a multiple of it, so
// that no memory begins or ends within one.
var pageBytes = os.Getpagesize()
