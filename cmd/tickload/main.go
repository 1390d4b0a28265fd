// Tickload puts clients on a tickroom server, or on the floor program, of this
// machine, and prints what came of it as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/internal/load"
)

func main() {
	var cfg load.Config
	flag.StringVar(&cfg.Addr, "addr", "127.0.0.1:7777", "`host:port` of the server, on this machine")
	flag.StringVar(&cfg.Path, "path", "/ws", "path of the WebSocket")
	flag.IntVar(&cfg.Clients, "n", 1000, "number of clients")
	flag.IntVar(&cfg.Rate, "hz", 20, "ticks per second")
	secs := flag.Float64("secs", 10, "seconds to measure")
	warm := flag.Float64("warm", 3, "seconds to wait before that, once all have joined")
	hello := flag.Bool("hello", false, "speak tickroom: hello, acknowledgements, inputs; else inputs of zeros")
	kind := flag.String("kind", "walkers", "with --hello, the room kind")
	every := flag.Uint("every", 0, "with --hello, ask for a snapshot only every so many ticks")
	flag.IntVar(&cfg.SendEvery, "send-every", 1, "ticks between two frames of a client; 0: it sends none")
	flag.BoolVar(&cfg.AckOnly, "ack-only", false, "with --hello, acknowledge but send no inputs")
	flag.IntVar(&cfg.SayEvery, "say-every", 0, "with --ack-only, one of so many acknowledgements brings a comment, as danmaku takes them")
	flag.IntVar(&cfg.InputSize, "input-size", 21, "without --hello, bytes of an input on the wire")
	flag.BoolVar(&cfg.TLS, "tls", false, "speak TLS, whatever certificate the server shows")
	flag.Func("watch", "report CPU time and memory of the processes with these `pids`, with commas, in sum", func(s string) error {
		for pid := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(pid)
			if err != nil {
				return err
			}
			cfg.Watch = append(cfg.Watch, n)
		}
		return nil
	})
	phases := flag.Bool("phases", false, "print a line of JSON when a phase begins")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "tickload: unknown argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	cfg.Window = time.Duration(*secs * float64(time.Second))
	cfg.Warm = time.Duration(*warm * float64(time.Second))
	if *hello {
		cfg.Hello = &load.Hello{Kind: *kind, Every: uint32(*every)}
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := json.NewEncoder(os.Stdout)
	report, err := load.Run(ctx, cfg, func(p load.Phase) {
		if *phases {
			_ = out.Encode(map[string]load.Phase{"phase": p})
		}
	})
	if err == nil {
		err = out.Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
