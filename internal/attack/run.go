package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// attackerFrom is the address of this machine that attacks come from.
const attackerFrom = "127.0.0.66"

// Config is what is measured.
type Config struct {
	// Program is the server's, Conf the file of nginx's configuration.
	Program, Conf string
	// Target is one of Plain, WSS, Nginx.
	Target string
	Kinds  []Kind
	// Players is how many of the crowd stay in rooms.
	Players int
	// Calm and Attack are how long is measured without and with the attack.
	Calm, Attack time.Duration
	// Attacker is the command line of a process that calls Attacker.
	Attacker []string
	// Progress is called when something new begins: how far the run is, from 0 to 1, and what it is. It may be nil.
	Progress func(done float64, what string)
}

// backWithin is how long the server may take to be as it was; it is waited for as long.
const backWithin = 60 * time.Second

// Outcome is what has come of one kind of attack.
type Outcome struct {
	Kind     string  `json:"kind"`
	Doc      string  `json:"doc"`
	Target   string  `json:"target"`
	Seconds  float64 `json:"attack_s"`
	Attacker Result  `json:"attacker"`
	Calm     Felt    `json:"calm"`
	During   Felt    `json:"during"`
	// CPU is the server's processor time above calm, from the attack's beginning until it is
	// as it was, in seconds; Memory the most that it had above calm, in MB.
	CPU    float64 `json:"server_cpu_s"`
	Memory float64 `json:"server_memory_mb"`
	// CalmCPU is how much of a core the server takes in calm, CalmMemory what it has then.
	CalmCPU    float64 `json:"calm_cpu"`
	CalmMemory float64 `json:"calm_memory_mb"`
	// Files, Goroutines and Rooms are the most that there were during the attack, less those of calm.
	Files      int `json:"files"`
	Goroutines int `json:"goroutines"`
	Rooms      int `json:"rooms"`
	// Back is how long after the attack the server was as before, in seconds; -1: it was not.
	Back float64 `json:"back_s"`
	// Samples are of the whole run. The attack goes from Begin to End, in seconds.
	Samples    []Sample `json:"samples"`
	Begin, End float64
	// Failed is why there is nothing more; empty: there is.
	Failed string `json:"failed,omitempty"`
}

// Measure measures the kinds one after another and hands each outcome to done. The error is
// why a server could not be run.
func Measure(ctx context.Context, cfg Config, done func(*Outcome)) error {
	for i := range cfg.Kinds {
		k := &cfg.Kinds[i]
		report := func(part float64, what string) {
			if cfg.Progress != nil {
				cfg.Progress((float64(i)+part)/float64(len(cfg.Kinds)), k.Name+": "+what)
			}
		}
		o, err := measure(ctx, &cfg, k, report)
		if err != nil {
			return err
		}
		if o != nil {
			done(o)
		}
	}
	return nil
}

// measure measures one kind; nil: it is nothing for the target.
func measure(ctx context.Context, cfg *Config, k *Kind, report func(float64, string)) (_ *Outcome, err error) {
	report(0, "starting a server")
	s, err := open(ctx, cfg.Program, cfg.Target, cfg.Conf)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if k.unfit != nil && k.unfit(&s.target) != "" {
		return nil, nil
	}
	o := &Outcome{Kind: k.Name, Doc: k.Doc, Target: cfg.Target}
	w := &watcher{s: s, began: time.Now()}
	c := newCrowd(&s.target, cfg.Players)
	c.gaps = w.gap
	crowdCtx, stop := context.WithCancel(ctx)
	crowdGone, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(crowdGone); c.run(crowdCtx) }()
	go func() { defer close(watched); w.run(crowdCtx) }()
	defer func() { stop(); <-crowdGone; <-watched }()
	if err := s.await(ctx, c.ready); err != nil {
		return nil, fmt.Errorf("%w (the crowd: %v)", err, c.look().Why)
	}
	sleep(ctx, 3*time.Second)

	report(0.1, "measuring calm")
	c.look()
	calmAt := time.Since(w.began).Seconds()
	sleep(ctx, cfg.Calm)
	o.Calm = c.look()
	calm := w.since(calmAt)

	report(0.4, "attacking")
	o.Begin = time.Since(w.began).Seconds()
	o.Attacker, err = attackBy(ctx, cfg, s, k)
	if err != nil {
		o.Failed = err.Error()
	}
	o.End = time.Since(w.began).Seconds()
	o.Seconds = o.End - o.Begin
	o.During = c.look()
	during := w.since(o.Begin)
	report(0.8, "waiting for the server to be as it was")
	if ctx.Err() == nil {
		o.recover(ctx, w, calm, during)
	}
	o.Samples = w.since(0)
	return o, ctx.Err()
}

// recover sums up, and waits until the server is as it was.
func (o *Outcome) recover(ctx context.Context, w *watcher, calm, during []Sample) {
	if len(calm) < 2 || len(during) == 0 {
		o.Failed, o.Back = "too short to be measured", -1
		return
	}
	first, last := calm[0], calm[len(calm)-1]
	o.CalmCPU = (last.used - first.used).Seconds() / (last.AtS - first.AtS)
	most := func(all []Sample, of func(*Sample) float64) float64 {
		m := 0.0
		for i := range all {
			m = max(m, of(&all[i]))
		}
		return m
	}
	memory := func(s *Sample) float64 { return s.Memory }
	files := func(s *Sample) float64 { return float64(s.Files) }
	goroutines := func(s *Sample) float64 { return float64(s.Goroutines) }
	rooms := func(s *Sample) float64 { return float64(s.Rooms) }
	o.CalmMemory = most(calm, memory)
	calmFiles, calmGoroutines, calmRooms := most(calm, files), most(calm, goroutines), most(calm, rooms)
	isBack := func(s *Sample) bool {
		return s.CPU <= 1.25*o.CalmCPU+0.1 && s.Memory <= o.CalmMemory+48 && files(s) <= 1.1*calmFiles+20 && goroutines(s) <= 1.1*calmGoroutines+50 && rooms(s) <= calmRooms+4
	}
	o.Back = -1
	for until := time.Now().Add(backWithin + 5*time.Second); time.Now().Before(until) && sleep(ctx, sampleEvery); {
		after := w.since(o.End)
		n := 0
		for i := range slices.Backward(after) {
			if !isBack(&after[i]) {
				break
			}
			n++
		}
		if n >= 3 {
			o.Back = max(0, after[len(after)-n].AtS-o.End)
			break
		}
	}
	after := w.since(o.Begin)
	end := after[len(after)-1]
	o.CPU = (end.used - last.used).Seconds() - o.CalmCPU*(end.AtS-last.AtS)
	o.Memory = most(after, memory) - o.CalmMemory
	o.Files, o.Goroutines, o.Rooms = int(most(during, files)-calmFiles), int(most(during, goroutines)-calmGoroutines), int(most(during, rooms)-calmRooms)
}

// order is what an attacker is told, by its standard input.
type order struct {
	Kind   string
	Target Target
	From   string
}

// attackBy has a process attack, and returns what it tells.
func attackBy(ctx context.Context, cfg *Config, s *site, k *Kind) (Result, error) {
	b, err := json.Marshal(order{Kind: k.Name, Target: s.target, From: attackerFrom})
	if err != nil {
		return Result{}, err
	}
	var out, said bytes.Buffer
	cmd := exec.Command(cfg.Attacker[0], cfg.Attacker[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(b), &out, &said
	if err := cmd.Start(); err != nil {
		return Result{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t := time.NewTimer(cfg.Attack)
	defer t.Stop()
	select {
	case <-t.C:
		_ = cmd.Process.Signal(syscall.SIGTERM)
	case <-ctx.Done():
		_ = cmd.Process.Signal(syscall.SIGTERM)
	case err = <-ended:
		ended <- err
	}
	select {
	case err = <-ended:
	case <-time.After(upWithin):
		_ = cmd.Process.Kill()
		err = errors.Join(<-ended, errors.New("it did not end"))
	}
	var r Result
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &r)
	}
	if err != nil {
		err = fmt.Errorf("the attacker: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return r, err
}

// Attacker attacks as it is told by in, until ctx is done, and tells by out what has come of it.
// It makes its process step back for all others.
func Attacker(ctx context.Context, in io.Reader, out io.Writer) error {
	var o order
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return err
	}
	kinds, unknown := Select([]string{o.Kind})
	if len(unknown) > 0 {
		return fmt.Errorf("attack: there is no kind %q", o.Kind)
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, os.Getpid(), 19)
	s := &Strike{Target: &o.Target, From: o.From}
	if err := s.Run(ctx, &kinds[0]); err != nil {
		return err
	}
	r := s.Result()
	r.CPU = selfCPU()
	return json.NewEncoder(out).Encode(r)
}

// quantile returns the value that a part of the values have at most; 0 of none. It sorts them.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
