package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/link"
)

func TestLinkFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "line.json")
	if err := os.WriteFile(file, []byte(`{"up": {"loss": 7}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--to is missing"},
		{[]string{"--to", "localhost"}, `--to "localhost" is no address`},
		{[]string{"--to", "localhost:1", "--profile", "5g"}, `no profile "5g"; there are lan`},
		{[]string{"--to", "localhost:1", "--loss", "0.95"}, "up.loss is 0.95, which must be from 0 to 0.9"},
		{[]string{"--to", "localhost:1", "--file", file}, "up.loss is 7"},
		{[]string{"--to", "localhost:1", "--file", file, "--profile", "lan"}, "leave one out"},
		{[]string{"--list", "--profile", "5g"}, `no profile "5g"`},
	} {
		var out, errs bytes.Buffer
		if code := run(append([]string{"link"}, c.args...), &out, &errs); code != ExitUsage || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v ends with %d and says %q, want %q", c.args, code, errs.String(), c.want)
		}
	}
	var out bytes.Buffer
	if code := run([]string{"link", "--list"}, &out, io.Discard); code != ExitOK || strings.Count(out.String(), "\n") != len(link.Profiles()) {
		t.Errorf("%d: %s", code, out.String())
	}
	out.Reset()
	code := run([]string{"link", "--list", "--profile", "train"}, &out, io.Discard)
	if p, err := link.Read(&out); code != ExitOK || err != nil || p.Name != "train" || p.Stall.For != 3000 {
		t.Errorf("%d, %+v, %v", code, p, err)
	}
}

// The command stands between a client and a server until it is told to end.
func TestLinkServes(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	f := linkFlags{listen: "127.0.0.1:0", to: server.Addr().String()}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := f.run(ctx, link.Profile{Name: "test", Up: link.Direction{Delay: 15}}, w)
		_ = w.Close()
		done <- err
	}()
	said := make([]byte, 200)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`clients: (\S+),`).FindSubmatch(said[:n])
	if address == nil {
		t.Fatalf("it says %q", said[:n])
	}
	rest := make(chan string)
	go func() { b, _ := io.ReadAll(r); rest <- string(b) }()
	c, err := net.Dial("tcp", string(address[1]))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 15*time.Millisecond {
		t.Errorf("there and back in %v", took)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if text := <-rest; !strings.Contains(text, "connections: 1, bytes to the server: 5, from it: 5") {
		t.Errorf("at its end it says %q", text)
	}
}
