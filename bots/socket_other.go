//go:build !unix

package bots

import (
	"errors"
	"net"
)

type descriptor int

var errAgain = errors.New("bots: not now")

func takeDescriptor(net.Conn) (descriptor, error) { return -1, errors.ErrUnsupported }
func (descriptor) read([]byte) (int, error)       { return 0, errors.ErrUnsupported }
func (descriptor) write([]byte) (int, error)      { return 0, errors.ErrUnsupported }
func (descriptor) close()                         {}
func cpuTime() float64                            { return 0 }
