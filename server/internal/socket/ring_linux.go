package socket

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The constants of io_uring's interface (linux/io_uring.h) that are used here.
const (
	uringSubmitAll   = 1 << 7
	uringCoopTaskrun = 1 << 8
	uringGetEvents   = 1 << 0
	uringSingleMmap  = 1 << 0
	uringOffSQ       = 0
	uringOffSQEs     = 0x10000000
	uringOpSend      = 26
	uringOpRecv      = 27
)

type uringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32

	_     [3]uint32
	sqOff struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
		_                                                           uint64
	}
	cqOff struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
		_                                                           uint64
	}
}

type uringSQE struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, msgFlags uint32
	userData      uint64
	_             [3]uint64
}

type uringCQE struct {
	userData uint64
	res      int32
	flags    uint32
}

// ring is an io_uring for socket calls that never block: what is put into it is done, or
// refused by the kernel, when submit returns. One goroutine at a time uses it, on whatever
// thread.
type ring struct {
	fd    int
	mem   []byte // both queues, as the kernel maps them
	sqMem []byte // the entries of the submission queue

	sqes           []uringSQE
	array          []uint32
	sqTail, cqHead *uint32
	cqTail         *uint32
	sqMask, cqMask uint32
	cqes           []uringCQE
	queued         uint32 // calls put since the last submit
}

// newRing makes a ring for so many calls at a time, a power of two. The error is why
// there is none: the kernel is too old, or its administrator or a sandbox does not allow it.
func newRing(entries uint32) (*ring, error) {
	p := uringParams{flags: uringSubmitAll | uringCoopTaskrun}
	fd, _, e := syscall.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(&p)), 0)
	if e != 0 {
		return nil, fmt.Errorf("socket: io_uring_setup: %w", e)
	}
	r := &ring{fd: int(fd)}
	if p.features&uringSingleMmap == 0 {
		r.close()
		return nil, fmt.Errorf("socket: io_uring of this kernel is too old")
	}
	size := max(p.sqOff.array+p.sqEntries*4, p.cqOff.cqes+p.cqEntries*uint32(unsafe.Sizeof(uringCQE{})))
	var err error
	if r.mem, err = unix.Mmap(r.fd, uringOffSQ, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		r.close()
		return nil, fmt.Errorf("socket: io_uring: mmap: %w", err)
	}
	if r.sqMem, err = unix.Mmap(r.fd, uringOffSQEs, int(p.sqEntries)*int(unsafe.Sizeof(uringSQE{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		r.close()
		return nil, fmt.Errorf("socket: io_uring: mmap: %w", err)
	}
	at := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.mem[off])) }
	r.sqes = unsafe.Slice((*uringSQE)(unsafe.Pointer(&r.sqMem[0])), p.sqEntries)
	r.array = unsafe.Slice(at(p.sqOff.array), p.sqEntries)
	r.cqes = unsafe.Slice((*uringCQE)(unsafe.Pointer(&r.mem[p.cqOff.cqes])), p.cqEntries)
	r.sqTail, r.cqHead, r.cqTail = at(p.sqOff.tail), at(p.cqOff.head), at(p.cqOff.tail)
	r.sqMask, r.cqMask = *at(p.sqOff.ringMask), *at(p.cqOff.ringMask)
	return r, nil
}

func (r *ring) close() {
	if r.mem != nil {
		_ = unix.Munmap(r.mem)
	}
	if r.sqMem != nil {
		_ = unix.Munmap(r.sqMem)
	}
	r.mem, r.sqMem = nil, nil
	_ = unix.Close(r.fd)
}

// put queues a call. b must stay where it is, and referenced, until submit returns.
func (r *ring) put(op uint8, d detached, b []byte, id int) {
	tail := *r.sqTail + r.queued
	s := &r.sqes[tail&r.sqMask]
	*s = uringSQE{
		opcode: op, fd: int32(d.number()), addr: uint64(uintptr(unsafe.Pointer(&b[0]))), len: uint32(len(b)),
		msgFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, userData: uint64(id),
	}
	r.array[tail&r.sqMask] = tail & r.sqMask
	r.queued++
}

func (r *ring) recv(d detached, b []byte, id int) { r.put(uringOpRecv, d, b, id) }
func (r *ring) send(d detached, b []byte, id int) { r.put(uringOpSend, d, b, id) }

// submit does what is queued and stores the results by id: bytes, or a negative errno. All
// calls are such as never wait, so that one system call does them all; where the kernel
// leaves some for later, they are waited for.
func (r *ring) submit(results []int32) error {
	n := r.queued
	if n == 0 {
		return nil
	}
	r.queued = 0
	atomic.StoreUint32(r.sqTail, *r.sqTail+n)
	for rest := n; rest > 0; {
		k, _, e := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(rest), 0, uringGetEvents, 0, 0)
		switch {
		case e == syscall.EINTR || e == syscall.EAGAIN || e == syscall.EBUSY:
		case e != 0:
			return fmt.Errorf("socket: io_uring_enter: %w", e)
		}
		if e == 0 {
			rest -= uint32(k)
		}
		if rest > 0 {
			n -= r.reap(results) // makes room
		}
	}
	for {
		if n -= r.reap(results); n == 0 {
			return nil
		}
		_, _, e := syscall.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 0, uintptr(n), uringGetEvents, 0, 0)
		if e != 0 && e != syscall.EINTR {
			return fmt.Errorf("socket: io_uring_enter: %w", e)
		}
	}
}

// reap takes in the results that are there, and returns how many.
func (r *ring) reap(results []int32) (n uint32) {
	head, tail := *r.cqHead, atomic.LoadUint32(r.cqTail)
	for ; head != tail; head++ {
		c := &r.cqes[head&r.cqMask]
		results[c.userData] = c.res
		n++
	}
	atomic.StoreUint32(r.cqHead, head)
	return n
}
