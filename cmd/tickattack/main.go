// Tickattack attacks a tickroom server on this machine, kind by kind, with an honest crowd
// beside it, and prints what each attack cost the attacker, the server and the crowd.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tickroom/tickroom/internal/attack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 2 && os.Args[1] == "attacker" { // what the program calls itself with
		if err := attack.Attacker(ctx, os.Stdin, os.Stdout); err != nil {
			fail(1, err)
		}
		return
	}
	var o options
	cfg := o.parse()
	o.bar = newBar(os.Stderr)
	cfg.Progress = o.bar.show
	var all []*attack.Outcome
	err := attack.Measure(ctx, cfg, func(out *attack.Outcome) {
		all = append(all, out)
		o.bar.clear()
		fmt.Println(out.Line())
	})
	o.bar.clear()
	fmt.Println()
	if err2 := attack.Table(os.Stdout, all); err == nil {
		err = err2
	}
	if err2 := o.write(cfg.Target, all); err == nil {
		err = err2
	}
	if err != nil {
		fail(1, err)
	}
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "tickattack:", err)
	os.Exit(code)
}

// options are what the flags say besides the configuration.
type options struct {
	html, json string
	bar        *bar
}

func (o *options) parse() attack.Config {
	cfg := attack.Config{}
	flag.StringVar(&cfg.Program, "program", "bin/tickroom", "the server's `program`")
	flag.StringVar(&cfg.Conf, "nginx", "deploy/nginx.conf", "the `file` of nginx's configuration, for the target nginx")
	flag.StringVar(&cfg.Target, "target", attack.Plain, "what is attacked: plain, one server; wss, one with TLS; nginx, one behind nginx")
	flag.IntVar(&cfg.Players, "players", 24, "players who stay in rooms")
	flag.DurationVar(&cfg.Calm, "calm", 8*time.Second, "how long is measured without the attack")
	flag.DurationVar(&cfg.Attack, "attack", 12*time.Second, "how long each attack takes")
	kinds := flag.String("kinds", "", "the kinds of attacks, with commas between them; empty: all")
	flag.StringVar(&o.html, "html", "", "write a page with plots to this `file`")
	flag.StringVar(&o.json, "json", "", "write all figures to this `file`")
	list := flag.Bool("list", false, "print the kinds and what they do")
	flag.Parse()
	if *list {
		for _, k := range attack.Kinds() {
			fmt.Printf("%-11s %s\n", k.Name, k.Doc)
		}
		os.Exit(0)
	}
	var unknown []string
	cfg.Kinds, unknown = attack.Select(strings.FieldsFunc(*kinds, func(r rune) bool { return r == ',' || r == ' ' }))
	switch {
	case len(unknown) > 0:
		fail(2, fmt.Errorf("there is no kind %s; there are %s", strings.Join(unknown, ", "), strings.Join(attack.Names(attack.Kinds()), ", ")))
	case cfg.Target != attack.Plain && cfg.Target != attack.WSS && cfg.Target != attack.Nginx:
		fail(2, fmt.Errorf("-target %q: want plain, wss or nginx", cfg.Target))
	case cfg.Players < 1 || cfg.Calm < 2*time.Second || cfg.Attack < time.Second:
		fail(2, fmt.Errorf("-players must be 1 or more, -calm 2s or more, -attack 1s or more"))
	}
	self, err := os.Executable()
	if err != nil {
		fail(1, err)
	}
	cfg.Attacker = []string{self, "attacker"}
	return cfg
}

// write writes the files that were asked for.
func (o *options) write(target string, all []*attack.Outcome) error {
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{o.html, func(w io.Writer) error { return attack.HTML(w, target, all) }},
		{o.json, func(w io.Writer) error { return attack.JSON(w, all) }},
	} {
		if f.name == "" {
			continue
		}
		file, err := os.Create(f.name)
		if err != nil {
			return err
		}
		if err := f.write(file); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// bar shows how far the run is, if there is a terminal.
type bar struct{ p *progressbar.ProgressBar }

func newBar(f *os.File) *bar {
	b := &bar{}
	if term.IsTerminal(int(f.Fd())) {
		b.p = progressbar.NewOptions(1000, progressbar.OptionSetWriter(f), progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	return b
}

func (b *bar) show(done float64, what string) {
	if b.p != nil {
		b.p.Describe(what)
		_ = b.p.Set(int(1000 * done))
	}
}

func (b *bar) clear() {
	if b.p != nil {
		_ = b.p.Clear()
	}
}
