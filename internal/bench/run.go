package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/internal/load"
)

const (
	// How long a server may take to come up, and to go away.
	upWithin, downWithin = 15 * time.Second, 15 * time.Second
	// What the server calls the histogram of its ticks' lateness, in seconds.
	latenessMetric = "tickroom_tick_lateness_seconds"
)

// runner runs servers and loads.
type runner struct {
	Options
	cores    []int // that this process may use
	files    files // for TLS
	progress *progress
}

func newRunner(o Options) (*runner, error) {
	needed := map[string]string{"loader": o.Load}
	if !o.FloorOnly {
		needed["tickroom"] = o.Tickroom
	}
	if o.Before != "" {
		needed["earlier tickroom"] = o.Before
	} else {
		needed["floor"] = o.Floor
	}
	for name, path := range needed {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("bench: the %s program is missing, build it with make bench: %w", name, err)
		}
	}
	cores, err := usableCores()
	if err != nil {
		return nil, err
	}
	f, err := newFiles()
	if err != nil {
		f.remove()
		return nil, fmt.Errorf("bench: files for TLS: %w", err)
	}
	return &runner{Options: o, cores: cores, files: f, progress: newProgress(o.Progress)}, nil
}

// floor measures the floor with frames of a size in bytes.
func (r *runner) floor(ctx context.Context, what string, w work, size int) (Run, error) {
	return undisturbed(func() (Run, error) { return r.floorOnce(ctx, what, w, size) })
}

// tickroom measures tickroom on these cores, by default on the first.
func (r *runner) tickroom(ctx context.Context, what string, w work, cores []int) (Run, error) {
	return undisturbed(func() (Run, error) { return r.tickroomOnce(ctx, what, w, cores) })
}

// undisturbed measures again, twice at most, when other programs took so much of
// the machine that the figures mean nothing.
func undisturbed(once func() (Run, error)) (Run, error) {
	for again := 2; ; again-- {
		run, err := once()
		if err != nil || again == 0 || !run.disturbed() {
			return run, err
		}
	}
}

func (r *runner) floorOnce(ctx context.Context, what string, w work, size int) (Run, error) {
	addr, err := freeAddr()
	if err != nil {
		return Run{}, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return Run{}, err
	}
	cmd := exec.Command(r.Floor, "--port", port, "--n", strconv.Itoa(w.clients), "--room", strconv.Itoa(w.room),
		"--size", strconv.Itoa(size), "--hz", strconv.Itoa(w.rate), "--mode", w.mode)
	report, err := r.measure(ctx, what, []server{{cmd, addr}}, r.cores[:1], r.loadArgs(w, addr, "/"), nil)
	return newRun("floor", report, w.rate), err
}

func (r *runner) tickroomOnce(ctx context.Context, what string, w work, cores []int) (Run, error) {
	addr, err := freeAddr()
	if err != nil {
		return Run{}, err
	}
	admin, err := freeAddr()
	if err != nil {
		return Run{}, err
	}
	if cores == nil {
		cores = r.cores[:1]
	}
	serve := append([]string{"serve", "--listen", addr, "--admin", admin, "--log-level", "warn"}, w.args...)
	if w.front == byTLS {
		serve = append(serve, "--tls-cert", r.files.cert, "--tls-key", r.files.key)
	}
	servers := []server{{exec.Command(r.Tickroom, serve...), addr}}
	if w.front == byNginx {
		behind := addr
		if addr, err = freeAddr(); err != nil {
			return Run{}, err
		}
		nginx, err := r.files.nginx(addr, behind)
		if err != nil {
			return Run{}, err
		}
		servers = append(servers, server{nginx, addr})
	}
	args := append(r.loadArgs(w, addr, "/ws"), "--hello", "--kind", w.kind)
	args = append(args, w.hello...)
	if w.front != plainly {
		args = append(args, "--tls")
	}

	var late [2]histogram // when the window opens and closes
	report, err := r.measure(ctx, what, servers, cores, args, func(p load.Phase) error {
		var err error
		switch p {
		case load.Measuring:
			late[0], err = scrape(ctx, admin, latenessMetric)
		case load.Measured:
			late[1], err = scrape(ctx, admin, latenessMetric)
		}
		return err
	})
	if err != nil {
		return Run{}, err
	}
	run := newRun("tickroom", report, w.rate)
	run.LateP99 = late[1].minus(late[0]).quantile(0.99) * 1e3
	return run, nil
}

func (r *runner) loadArgs(w work, addr, path string) []string {
	return append([]string{"--addr", addr, "--path", path, "--phases",
		"--n", strconv.Itoa(w.clients), "--hz", strconv.Itoa(w.rate),
		"--warm", fmt.Sprint(r.Warm.Seconds()), "--secs", fmt.Sprint(r.Window.Seconds())}, w.load...)
}

// server is a process that is measured, and where it can be reached.
type server struct {
	cmd  *exec.Cmd
	addr string
}

// measure starts servers on their cores, puts load on the last of them from the last core, and
// ends them. It calls phase for each phase of the load.
func (r *runner) measure(ctx context.Context, what string, servers []server, cores []int, args []string,
	phase func(load.Phase) error,
) (report load.Report, err error) {
	defer r.progress.during(what, r.Warm+r.Window+upAndDown)()
	var pids []string
	for _, s := range servers {
		p, err := start(ctx, s.cmd, cores, s.addr)
		if err != nil {
			return report, err
		}
		defer func() { err = p.stop(err) }()
		pids = append(pids, strconv.Itoa(p.cmd.Process.Pid))
	}

	loader := exec.CommandContext(ctx, r.Load, append(args, "--watch", strings.Join(pids, ","))...)
	loader.Cancel = func() error { return loader.Process.Signal(syscall.SIGTERM) }
	loader.WaitDelay = downWithin
	var loaderSaid bytes.Buffer
	loader.Stderr = &loaderSaid
	out, err := loader.StdoutPipe()
	if err != nil {
		return report, err
	}
	if err := startOn(loader, r.cores[len(r.cores)-1:]); err != nil {
		return report, err
	}
	report, readErr := readReport(out, phase)
	if err := loader.Wait(); err != nil {
		return report, fmt.Errorf("the loader: %w: %s", err, strings.TrimSpace(loaderSaid.String()))
	}
	return report, readErr
}

// readReport reads the lines of a loader: phases, then the report.
func readReport(out io.Reader, phase func(load.Phase) error) (report load.Report, err error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	found := false
	for lines.Scan() {
		var line struct {
			Phase load.Phase `json:"phase"`
			load.Report
		}
		if jsonErr := json.Unmarshal(lines.Bytes(), &line); jsonErr != nil {
			err = errors.Join(err, fmt.Errorf("the loader printed %q: %w", lines.Text(), jsonErr))
			continue
		}
		if line.Phase == "" {
			report, found = line.Report, true
		} else if phase != nil {
			err = errors.Join(err, phase(line.Phase))
		}
	}
	if !found {
		err = errors.Join(err, errors.New("the loader gave no report"))
	}
	return report, errors.Join(err, lines.Err())
}

// freeAddr returns a loopback address that is free now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// scrape reads a histogram from a server's metrics.
func scrape(ctx context.Context, admin, name string) (histogram, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics: the server answers %s", response.Status)
	}
	return parseHistogram(response.Body, name)
}
