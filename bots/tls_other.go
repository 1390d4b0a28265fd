//go:build !unix

package bots

import (
	"crypto/tls"
	"errors"
)

func (*swarm) bridge(*tls.Conn) (descriptor, error) { return -1, errors.ErrUnsupported }
