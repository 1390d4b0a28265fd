package dev

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

// patience is how long a process has to end by itself.
const patience = 5 * time.Second

// process is a program that runs.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	err   error         // how it has ended; to be read then
}

// start starts a program in a directory. Its output goes to out.
func start(dir string, out io.Writer, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// stop ends the process and waits for its end. It may be nil, or have ended.
func (p *process) stop() {
	if p == nil {
		return
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		_ = p.cmd.Process.Kill() // where there is no such signal; or it has ended
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// why returns how the process has ended.
func (p *process) why() error {
	if p.err == nil {
		return errors.New("by itself")
	}
	return p.err
}
