// Tickrestarts ends a tickroom server again and again, starts it again, and prints how soon
// its clients were back.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/internal/restarts"
)

func main() {
	cfg := restarts.Config{Progress: os.Stderr}
	flag.StringVar(&cfg.Program, "program", "bin/tickroom", "the server's `program`")
	flag.IntVar(&cfg.Restarts, "restarts", 50, "restarts in each run")
	flag.DurationVar(&cfg.Down, "down", 600*time.Millisecond, "most time between two servers")
	flag.DurationVar(&cfg.Settle, "settle", 1500*time.Millisecond, "time to play before each restart")
	clients := flag.String("clients", "1,500", "numbers of clients, one run for each, with commas between them")
	within := flag.Duration("within", 0, "fail if the 99th percentile of a run is above this; 0: never")
	flag.Parse()
	for text := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "tickrestarts: -clients %q: want numbers from 1, with commas between them\n", *clients)
			os.Exit(2)
		}
		cfg.Clients = append(cfg.Clients, n)
	}
	if cfg.Restarts < 1 || cfg.Down < 0 || cfg.Settle < 0 {
		fmt.Fprintln(os.Stderr, "tickrestarts: -restarts must be 1 or more, -down and -settle 0 or more")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	late := false
	fmt.Println("From the moment that the server listens again to the moment that a client is in a room:")
	err := restarts.Measure(ctx, cfg, func(r *restarts.Run) {
		fmt.Println(r)
		late = late || *within > 0 && r.Quantile(0.99) > *within
	})
	if err == nil && late {
		err = fmt.Errorf("the 99th percentile is above %v", *within)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tickrestarts:", err)
		os.Exit(1)
	}
}
