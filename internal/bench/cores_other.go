//go:build !linux

package bench

import (
	"errors"
	"os/exec"
)

var errLinux = errors.New("bench: works on Linux alone")

func usableCores() ([]int, error) { return nil, errLinux }

func startOn(*exec.Cmd, []int) error { return errLinux }
