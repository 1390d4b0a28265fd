//go:build unix

package match

import (
	"syscall"
	"time"
)

// cpu returns the processor time that this process has had, which on a busy machine
// is a better measure than the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
