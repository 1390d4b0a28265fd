package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	// User and system time since it started, all threads.
	CPU time.Duration
	// Resident memory in bytes.
	RSS int64
}

// Processor time is counted in units of 10 ms on all of Linux's architectures.
const clockTick = 10 * time.Millisecond

// UsageOf reads what a process has used, from /proc.
func UsageOf(pid int) (Usage, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("load: usage of process %d: %w", pid, err)
	}
	return parseUsage(line)
}

// usageOf sums up what some processes have used.
func usageOf(pids []int) (sum Usage, err error) {
	for _, pid := range pids {
		u, err := UsageOf(pid)
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.RSS += u.RSS
	}
	return sum, nil
}

func parseUsage(line []byte) (Usage, error) {
	// The name in parentheses may hold spaces and parentheses, so count from its end.
	end := bytes.LastIndexByte(line, ')')
	fields := bytes.Fields(line[end+1:])
	const utime, stime, rss = 14 - 3, 15 - 3, 24 - 3 // numbers as in proc(5)
	if end < 0 || len(fields) <= rss {
		return Usage{}, fmt.Errorf("load: can't make sense of the process status %q", line)
	}
	var n [3]int64
	for i, at := range []int{utime, stime, rss} {
		v, err := strconv.ParseInt(string(fields[at]), 10, 64)
		if err != nil {
			return Usage{}, fmt.Errorf("load: process status: %w", err)
		}
		n[i] = v
	}
	return Usage{CPU: time.Duration(n[0]+n[1]) * clockTick, RSS: n[2] * int64(os.Getpagesize())}, nil
}

// busyTime is how long all cores have been busy since the machine started, from
// /proc/stat.
func busyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	return parseBusy(text)
}

func parseBusy(text []byte) (time.Duration, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 8 || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("load: can't make sense of the machine's status %q", line)
	}
	var sum int64
	// User, nice, system, interrupts; idle and waiting lie between.
	for _, at := range []int{1, 2, 3, 6, 7} {
		n, err := strconv.ParseInt(string(fields[at]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("load: the machine's status: %w", err)
		}
		sum += n
	}
	return time.Duration(sum) * clockTick, nil
}
