package attack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/internal/load"
)

// sampleEvery is how often the server is looked at.
const sampleEvery = 500 * time.Millisecond

// Sample is what the server had at a time.
type Sample struct {
	AtS float64 `json:"at_s"`
	// CPU is the processor time since the sample before, by the time between them: 1 is a whole core.
	CPU float64 `json:"cpu"`
	// Memory is what is resident, and what the kernel has for sockets of TCP, in MB.
	Memory     float64 `json:"memory_mb"`
	Files      int     `json:"files"`
	Goroutines int     `json:"goroutines"`
	Rooms      int     `json:"rooms"`
	// GapP99 is the longest gap of the crowd but for a hundredth, since the sample before, in milliseconds.
	GapP99 float64 `json:"gap_p99_ms"`

	used time.Duration // processor time so far
}

// watcher samples a site.
type watcher struct {
	s     *site
	began time.Time

	mu      sync.Mutex
	samples []Sample
	gaps    []float64
}

// run samples until ctx is done.
func (w *watcher) run(ctx context.Context) {
	for {
		w.sample(ctx)
		if !sleep(ctx, sampleEvery) {
			return
		}
	}
}

func (w *watcher) gap(ms float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, ms)
}

func (w *watcher) sample(ctx context.Context) {
	cpu, rss := w.usage()
	s := Sample{AtS: time.Since(w.began).Seconds(), used: cpu, Memory: float64(rss+kernelMemory()) / 1e6}
	if files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.s.server.Process.Pid)); err == nil {
		s.Files = len(files)
	}
	s.Goroutines, s.Rooms = w.metrics(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.samples); n > 0 {
		before := w.samples[n-1]
		s.CPU = (s.used - before.used).Seconds() / max(s.AtS-before.AtS, 0.001)
	}
	s.GapP99 = quantile(w.gaps, 0.99)
	w.gaps = w.gaps[:0]
	w.samples = append(w.samples, s)
}

// usage returns what the server, and nginx if there is one, have used and hold.
func (w *watcher) usage() (cpu time.Duration, rss int64) {
	pids := []int{w.s.server.Process.Pid}
	if w.s.nginx != nil {
		pids = append(append(pids, w.s.nginx.Process.Pid), children(w.s.nginx.Process.Pid)...)
	}
	for _, pid := range pids {
		if u, err := load.UsageOf(pid); err == nil {
			cpu, rss = cpu+u.CPU, rss+u.RSS
		}
	}
	return cpu, rss
}

// children returns the processes that a process has started.
func children(pid int) (out []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// kernelMemory returns what the kernel has for all sockets of TCP of the machine, in bytes.
func kernelMemory() int64 {
	b, _ := os.ReadFile("/proc/net/sockstat")
	for l := range strings.Lines(string(b)) {
		words := strings.Fields(l)
		if len(words) > 2 && words[0] == "TCP:" && words[len(words)-2] == "mem" {
			n, _ := strconv.ParseInt(words[len(words)-1], 10, 64)
			return n * int64(os.Getpagesize())
		}
	}
	return 0
}

// metrics asks the server how many goroutines and rooms it has; -1: it does not say.
func (w *watcher) metrics(ctx context.Context) (goroutines, rooms int) {
	m := w.read(ctx)
	return int(sum(m, "go_goroutines")), int(sum(m, "tickroom_rooms{"))
}

// value asks the server for the sum of the metrics whose names begin with a text.
func (w *watcher) value(ctx context.Context, prefix string) float64 { return sum(w.read(ctx), prefix) }

// sum returns the sum of the metrics whose names begin with a text; -1: there is none.
func sum(metrics []byte, prefix string) float64 {
	total, found := 0.0, false
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && (name == prefix || strings.HasSuffix(prefix, "{") && strings.HasPrefix(name, prefix)) {
			total, found = total+n, true
		}
	}
	if !found {
		return -1
	}
	return total
}

// read returns the server's metrics; nil: it does not tell them.
func (w *watcher) read(ctx context.Context) []byte {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.s.admin+"/metrics", nil)
	if err != nil {
		return nil
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return b
}

// since returns the samples from a time on.
func (w *watcher) since(at float64) []Sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, s := range w.samples {
		if s.AtS >= at {
			return append([]Sample(nil), w.samples[i:]...)
		}
	}
	return nil
}

// selfCPU returns the processor time of this process, in seconds.
func selfCPU() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
