package recording

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// Config is what is recorded, and where to.
type Config struct {
	URL     string   // of the server
	Show    string   // its name
	Dir     string   // folder of the files, which is made if it is not there
	Formats []string // jsonl, xml
	Always  bool     // also while no moderator has started the recording
	Token   string
	Out     io.Writer     // is told which files there are
	Every   time.Duration // between two looks; 0: half a second
	Hold    time.Duration // for which comments are held back, since one that is deleted meanwhile is not written; 0: five seconds
}

// Run joins a show as a viewer and records it, until the context is done or there is no more to come. The error says
// what has kept it from that. A file has a time of day in its name, and begins when a moderator starts the
// recording.
func Run(ctx context.Context, cfg Config) error {
	var formats []format
	for _, name := range cfg.Formats {
		f, err := formatOf(name)
		if err != nil {
			return err
		}
		formats = append(formats, f)
	}
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	if cfg.Hold == 0 {
		cfg.Hold = 5 * time.Second
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil { // #nosec G301 -- comments are public
		return err
	}
	rec := &recorder{cfg: cfg, formats: formats}
	c, err := client.Dial(ctx, cfg.URL, client.Options{
		Config: client.Config{
			Kind: "danmaku", Name: "recorder", Schema: danmakuv1.Schema, Options: map[string]string{"show": cfg.Show}, Token: cfg.Token,
			Data: (&danmakuv1.Enter{Tier: 3}).AppendProto(nil),
		},
		Setup:   rec.setup,
		JoinFor: 20 * time.Second,
	})
	if err != nil {
		return err
	}
	defer c.Close(client.CloseNormal, "")
	return rec.loop(ctx, c)
}

// recorder writes the files.
type recorder struct {
	cfg     Config
	formats []format

	mu   sync.Mutex // the client hears while the loop writes
	heap []any      // what has come since the last look

	files []*file // nil: nothing is being recorded
}

// maxCome bounds what comes between two looks. More is not recorded.
const maxCome = 100_000

func (r *recorder) setup(s *client.Session) {
	client.OnEvent(s, func(e *danmakuv1.Comment, _ uint32) { one := *e; r.came(&one) }) // e is used again
	client.OnEvent(s, func(e *danmakuv1.Gifted, _ uint32) { one := *e; r.came(&one) })
	client.OnEvent(s, func(e *danmakuv1.Removed, _ uint32) { one := *e; r.came(&one) })
	client.OnEvent(s, func(e *danmakuv1.Welcome, _ uint32) { // what was missed while the line was lost
		for _, c := range e.Comments {
			one := *c
			r.came(&one)
		}
	})
}

func (r *recorder) came(e any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.heap) < maxCome {
		r.heap = append(r.heap, e)
	}
}

func (r *recorder) loop(ctx context.Context, c *client.Client) (err error) {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	now := func() uint64 {
		if t, ok := c.ServerTime(); ok {
			return uint64(t.UnixMilli())
		}
		return uint64(time.Now().UnixMilli())
	}
	defer func() {
		if e := r.stop(now()); err == nil {
			err = e
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return r.look(c, now())
		case <-c.Done():
			return c.Err()
		case <-tick.C:
			if err := r.look(c, now()); err != nil {
				return err
			}
		}
	}
}

// look takes what has come, and writes what can be written.
func (r *recorder) look(c *client.Client, now uint64) error {
	on := r.cfg.Always
	var supers []*danmakuv1.SuperChat
	c.View(func(rep *replica.Replica) {
		for _, s := range replica.All[danmakuv1.Stage](rep) {
			on = on || s.Recording
		}
		for _, s := range replica.All[danmakuv1.SuperChat](rep) {
			one := *s
			supers = append(supers, &one)
		}
	})
	r.mu.Lock()
	come := r.heap
	r.heap = nil
	r.mu.Unlock()
	switch {
	case on && r.files == nil:
		if err := r.begin(now); err != nil {
			return err
		}
	case !on && r.files != nil:
		return r.stop(now)
	}
	for _, f := range r.files {
		for _, e := range come {
			switch e := e.(type) {
			case *danmakuv1.Comment:
				f.comment(e)
			case *danmakuv1.Gifted:
				f.gift(now, e)
			case *danmakuv1.Removed:
				f.removed(now, e)
			}
		}
		for _, s := range supers {
			f.superChat(s)
		}
		if err := f.write(now, false); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) begin(now uint64) error {
	for _, form := range r.formats {
		name := fmt.Sprintf("%s-%s.%s", r.cfg.Show, time.UnixMilli(int64(now)).UTC().Format("20060102-150405"), form.ending())
		f, err := newFile(filepath.Join(r.cfg.Dir, name), form, r.cfg.Show, now, uint64(r.cfg.Hold.Milliseconds()))
		if err != nil {
			return err
		}
		r.files = append(r.files, f)
		if _, err := fmt.Fprintln(r.cfg.Out, "recording to", f.f.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) stop(now uint64) (err error) {
	for _, f := range r.files {
		if e := f.write(now, true); err == nil {
			err = e
		}
		if e := f.f.Close(); err == nil {
			err = e
		}
	}
	r.files = nil
	return err
}

// file is a Recording in a file, which is whole after each write.
type file struct {
	*Recording
	f   *os.File
	off int64
}

func newFile(name string, form format, show string, start, hold uint64) (*file, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	out := &file{Recording: newRecording(form, start, hold), f: f}
	return out, out.append(form.head(nil, show, start))
}

func (f *file) write(now uint64, end bool) error {
	if b := f.take(nil, now, end); len(b) > 0 {
		return f.append(b)
	}
	return nil
}

func (f *file) append(b []byte) error {
	n := len(b)
	if _, err := f.f.WriteAt(append(b, f.format.tail()...), f.off); err != nil {
		return fmt.Errorf("a recording can't be written: %w", err)
	}
	f.off += int64(n)
	return nil
}
