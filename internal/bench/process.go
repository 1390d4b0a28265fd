package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a server that is measured.
type process struct {
	cmd  *exec.Cmd
	gone chan error
	said bytes.Buffer
}

// start starts a server on its cores, and waits until it can be reached.
func start(ctx context.Context, cmd *exec.Cmd, cores []int, addr string) (*process, error) {
	p := &process{cmd: cmd, gone: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	if err := startOn(cmd, cores); err != nil {
		return nil, err
	}
	go func() { p.gone <- cmd.Wait() }()
	if err := p.reachable(ctx, addr); err != nil {
		return nil, p.stop(err)
	}
	return p, nil
}

// reachable waits until the server accepts connections.
func (p *process) reachable(ctx context.Context, addr string) error {
	deadline := time.After(upWithin)
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-p.gone:
			p.gone <- err
			return ended(err)
		case <-deadline:
			return fmt.Errorf("the server did not come up within %v: %w", upWithin, err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server. That it had ended before is an error. err is what was wrong before; the result has
// it, and what the server said about it.
func (p *process) stop(err error) error {
	if stopErr := p.end(); err != nil || stopErr != nil {
		err = errors.Join(err, stopErr)
		if text := strings.TrimSpace(p.said.String()); text != "" {
			err = fmt.Errorf("%w; the server said: %s", err, text)
		}
	}
	return err
}

func (p *process) end() error {
	select {
	case err := <-p.gone:
		return ended(err)
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.gone:
		if err != nil {
			return fmt.Errorf("the server ended with %w", err)
		}
		return nil
	case <-time.After(downWithin):
		killErr := p.cmd.Process.Kill()
		return errors.Join(fmt.Errorf("the server did not end within %v", downWithin), killErr, <-p.gone)
	}
}

// ended is the error of a server that ended by itself.
func ended(err error) error {
	if err == nil {
		return errors.New("the server ended by itself")
	}
	return fmt.Errorf("the server ended by itself: %w", err)
}
