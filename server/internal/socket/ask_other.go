//go:build !linux

package socket

// question is not asked on this platform: there are no sockets that it could be asked about.
type question struct{}

func (*question) add(detached) {}
func (*question) ask()         {}
func (*question) yes(int) bool { return true }
func (*question) reset()       {}
