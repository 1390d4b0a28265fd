// Tickbench measures a tickroom server side by side with the floor program, or with an
// earlier tickroom server, and prints a table of ratios.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/internal/bench"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	o := bench.Options{Progress: os.Stderr}
	flag.StringVar(&o.Floor, "floor", "bin/floor", "the floor `program`")
	flag.StringVar(&o.Load, "load", "bin/tickload", "the loader `program`")
	flag.StringVar(&o.Tickroom, "tickroom", "bin/tickroom", "the tickroom `program`")
	rows := flag.String("rows", "", "`names` of the rows, with commas: small, map, broadcast, danmaku, jitter, memory, memory-gws, cores, wss, wss-nginx, joins, memory-wss; empty: all")
	flag.StringVar(&o.Before, "before", "", "another tickroom `program`: measure the two in turns, without the floor")
	flag.BoolVar(&o.FloorOnly, "floor-only", false, "measure the floor only, with frames of the expected sizes")
	flag.IntVar(&o.Rounds, "rounds", 3, "how often each side is measured; the median counts")
	flag.DurationVar(&o.Warm, "warm", 3*time.Second, "how long the load runs before it is measured")
	flag.DurationVar(&o.Window, "window", 10*time.Second, "how long it is measured")
	file := flag.String("json", "", "write the results with all rounds to this `file`; - prints them instead of the table")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("tickbench: unknown argument %q", flag.Arg(0))
	}
	if *rows != "" {
		o.Rows = strings.Split(*rows, ",")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.Before != "" {
		results, err := bench.Versus(ctx, o)
		return show(results, *file, err, bench.VersusTable)
	}
	results, err := bench.Measure(ctx, o)
	return show(results, *file, err, bench.Table)
}

// show prints the table and writes the file, or prints what would be in it. It returns err, the
// error of what was measured, with its own.
func show[T any](results []T, file string, err error, table func(io.Writer, []T) error) error {
	if len(results) == 0 {
		return err
	}
	// What was measured is worth seeing, even if something failed.
	return errors.Join(err, write(results, file, table))
}

func write[T any](results []T, file string, table func(io.Writer, []T) error) error {
	if file != "-" {
		if err := table(os.Stdout, results); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if file == "-" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(file, text, 0o644)
}
