package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world/danmaku"
)

var update = flag.Bool("update", false, "write testdata anew")

const begin = 1_700_000_000_000

// fill has a recording take one of each thing, and one comment that is deleted in time.
func fill(r *Recording) {
	r.comment(&danmakuv1.Comment{Id: 1, AtMs: begin + 1500, Author: 7, Name: "Ann", Text: "a < b & \"c\"", Tier: 1, Same: 3})
	r.comment(&danmakuv1.Comment{Id: 1, AtMs: begin + 1500, Author: 7, Name: "Ann", Text: "again", Tier: 1})
	r.comment(&danmakuv1.Comment{Id: 2, AtMs: begin + 500, Name: "Bob", Text: "哈哈", Tier: 3, Color: 0xff0000, Size: danmakuv1.Size_SIZE_LARGE, Place: danmakuv1.Place_PLACE_TOP})
	r.comment(&danmakuv1.Comment{Id: 3, AtMs: begin + 1600, Name: "Eve", Text: "nasty", Tier: 1})
	r.comment(&danmakuv1.Comment{Id: 4, AtMs: begin - 1, Text: "before", Tier: 1})
	r.comment(&danmakuv1.Comment{Id: 5, AtMs: begin + 1, Text: "own", Why: danmakuv1.Why_WHY_OWN})
	r.gift(begin+2000, &danmakuv1.Gifted{Number: 9, Name: "Ann", Gift: "rose", Title: "Rose", Count: 2, Combo: 5, Value: 20})
	super := &danmakuv1.SuperChat{Id: 1<<63 | 10, Name: "Bob", Text: "go", Amount: 3050, Currency: "CNY", FromMs: begin + 2500, UntilMs: begin + 62_500}
	r.superChat(super)
	r.superChat(super)
	r.removed(begin+3000, &danmakuv1.Removed{Comment: 3})
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"jsonl", "xml"} {
		f, err := formatOf(name)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecording(f, begin, 5000)
		fill(r)
		b := f.head(nil, "main", begin)
		if early := r.take(nil, begin+3000, false); len(early) != 0 {
			t.Errorf("%s: nothing is held back: %s", name, early)
		}
		b = r.take(b, begin+5600, false) // the first one's time has come
		b = r.take(b, begin+5700, true)
		b = append(b, f.tail()...)
		golden := filepath.Join("testdata", "recording."+f.ending())
		if *update {
			if err := os.WriteFile(golden, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, b, want)
		}
	}
	if _, err := formatOf("ass"); err == nil {
		t.Error("there is a third format")
	}
}

// TestRun records a room of a server that runs.
func TestRun(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []func() error{
		func() error { return srv.Register(danmaku.Kind(danmaku.Outside{})) },
		func() error { return srv.Register(danmaku.ShowKind()) },
	} {
		if err := k(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	served := make(chan error, 1)
	go func() { served <- srv.Run(ctx) }()
	<-srv.Ready()
	url := "http://" + srv.Addr().String()
	dir := filepath.Join(t.TempDir(), "recordings")
	recCtx, stop := context.WithCancel(ctx)
	recorded := make(chan error, 1)
	go func() {
		recorded <- Run(recCtx, Config{
			URL: url, Show: "tonight", Dir: dir, Formats: []string{"jsonl", "xml"}, Always: true, Out: t.Output(), Every: 20 * time.Millisecond, Hold: time.Millisecond,
		})
	}()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	wait := func(what string, done func() bool) {
		for !done() {
			select {
			case <-look.C:
			case <-ctx.Done():
				t.Fatalf("%s: %v", what, ctx.Err())
			}
		}
	}
	files := func(pattern string) []string {
		all, _ := filepath.Glob(filepath.Join(dir, pattern))
		return all
	}
	wait("the files are there", func() bool { return len(files("tonight-*")) == 2 })
	c, err := client.Dial(ctx, url, client.Options{Config: client.Config{
		Kind: "danmaku", Name: "Ann", Schema: danmakuv1.Schema, Options: map[string]string{"show": "tonight"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"hello <world>", "bye"} {
		if _, err := client.Call[danmakuv1.Say, danmakuv1.Said](ctx, c, &danmakuv1.Say{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	c.Close(client.CloseNormal, "")
	wait("the comment is written", func() bool {
		b, _ := os.ReadFile(files("tonight-*.jsonl")[0])
		return strings.Contains(string(b), "hello") && strings.Contains(string(b), "bye")
	})
	stop()
	if err := <-recorded; err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(files("tonight-*.jsonl")[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	var l jsonLine
	if len(lines) != 3 || json.Unmarshal([]byte(lines[1]), &l) != nil || l.Text != "hello <world>" || l.Name != "Ann" || l.T <= 0 {
		t.Errorf("the lines are %q", lines)
	}
	b, err = os.ReadFile(files("tonight-*.xml")[0])
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		D []xmlComment `xml:"d"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil || len(doc.D) != 2 || doc.D[0].Text != "hello <world>" {
		t.Errorf("the XML is %s: %v", b, err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
