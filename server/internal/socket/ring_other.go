//go:build !linux

package socket

import "errors"

// ring is never there on this platform.
type ring struct{}

func newRing(uint32) (*ring, error) { return nil, errors.New("socket: no io_uring on this platform") }

func (*ring) close()                       {}
func (*ring) recv(detached, []byte, int)   {}
func (*ring) send(detached, []byte, int)   {}
func (*ring) submit(results []int32) error { return nil }
