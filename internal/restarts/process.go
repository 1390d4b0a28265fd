package restarts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a server that runs.
type process struct {
	cmd     *exec.Cmd
	listens time.Time     // since when
	gone    chan struct{} // closed when it has ended
}

// start starts a server, and returns when it listens.
func start(ctx context.Context, program, addr string) (*process, error) {
	cmd := exec.Command(program, "serve", "--listen", addr, "--admin", "", "--kind-option", "walkers.players=50", "--max-pending", "10000")
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, gone: make(chan struct{})}
	said := make(chan time.Time, 1)
	go func() {
		defer close(p.gone)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "msg=listening") {
				said <- time.Now()
			}
		}
		_ = cmd.Wait()
	}()
	select {
	case p.listens = <-said:
		return p, nil
	case <-p.gone:
		err = fmt.Errorf("the server ended by itself: %v", cmd.ProcessState)
	case <-time.After(upWithin):
		err = fmt.Errorf("the server does not listen after %v", upWithin)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, p.end(syscall.SIGKILL))
}

// end ends the server, and waits until it has.
func (p *process) end(signal syscall.Signal) error {
	select {
	case <-p.gone:
		return nil
	default:
	}
	_ = p.cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.gone:
		return nil
	case <-time.After(upWithin):
		_ = p.cmd.Process.Kill()
		<-p.gone
		return fmt.Errorf("the server did not end within %v", upWithin)
	}
}

// freeAddr returns a loopback address that is free now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
