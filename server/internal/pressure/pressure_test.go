package pressure

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }

func TestCgroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  Memory
	}{
		"version 2, with the limit of the unit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/system.slice/tickroom.service"),
			"sys/fs/cgroup/system.slice/tickroom.service/memory.max":     file("1000"),
			"sys/fs/cgroup/system.slice/tickroom.service/memory.current": file("700"),
			"sys/fs/cgroup/system.slice/tickroom.service/memory.stat":    file("anon 600\ninactive_file 100\nactive_file 50"),
			"sys/fs/cgroup/system.slice/memory.max":                      file("max"),
			"sys/fs/cgroup/system.slice/memory.current":                  file("9000"),
		}, Memory{1000, 600}},
		"version 2, in a container": {fstest.MapFS{
			"proc/self/cgroup": file("0::/"), "sys/fs/cgroup/memory.max": file("2000"), "sys/fs/cgroup/memory.current": file("300"),
		}, Memory{2000, 300}},
		"a group above that is nearer to its limit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b"), "sys/fs/cgroup/a/b/memory.max": file("1000"), "sys/fs/cgroup/a/b/memory.current": file("100"),
			"sys/fs/cgroup/a/memory.max": file("400"), "sys/fs/cgroup/a/memory.current": file("390"),
		}, Memory{400, 390}},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("9:name=systemd:/\n4:cpu,memory:/play\n0::/"),
			"sys/fs/cgroup/memory/play/memory.limit_in_bytes": file("5000"),
			"sys/fs/cgroup/memory/play/memory.usage_in_bytes": file("4000"),
			"sys/fs/cgroup/memory/play/memory.stat":           file("cache 9\ntotal_inactive_file 1000"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":      file("9223372036854771712"),
			"sys/fs/cgroup/memory/memory.usage_in_bytes":      file("400000"),
		}, Memory{5000, 3000}},
		"no limit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/"), "sys/fs/cgroup/memory.max": file("max"), "sys/fs/cgroup/memory.current": file("300"),
		}, Memory{}},
		"no groups": {fstest.MapFS{"proc/self/cgroup": file("")}, Memory{}},
	} {
		g, err := FindCgroup(c.files)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m, err := g.Read(); err != nil || m != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, m, err, c.want)
		}
	}
	if _, err := FindCgroup(fstest.MapFS{}); err == nil {
		t.Error("a machine without control groups is no error")
	}
	bad, _ := FindCgroup(fstest.MapFS{"proc/self/cgroup": file("0::/"), "sys/fs/cgroup/memory.max": file("plenty"), "sys/fs/cgroup/memory.current": file("1")})
	if _, err := bad.Read(); err == nil || !strings.Contains(err.Error(), "plenty") {
		t.Errorf("a limit that is no number: %v", err)
	}
}

// TestTheMachinesOwnGroupsCanBeRead reads those of this process, whatever they are.
func TestTheMachinesOwnGroupsCanBeRead(t *testing.T) {
	t.Parallel()
	g, err := FindCgroup(os.DirFS("/"))
	if err != nil {
		if runtime.GOOS == "linux" {
			t.Error(err)
		}
		return
	}
	if m, err := g.Read(); err != nil || m.Limit > 0 && m.Used == 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestPressureBeginsAndEnds sets limit and usage by files, as the kernel does.
func TestPressureBeginsAndEnds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	use := func(mb int) { write("sys/fs/cgroup/memory.current", fmt.Sprint(mb<<20)) }
	write("proc/self/cgroup", "0::/")
	write("sys/fs/cgroup/memory.max", fmt.Sprint(100<<20))
	use(50)
	cgroup, err := FindCgroup(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	var changes []bool
	freed := 0
	g := New(Options{
		Read: cgroup.Read, OnChange: func(under bool) { changes = append(changes, under) }, Free: func() { freed++ },
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	now := time.Unix(1_000_000, 0)
	for _, c := range []struct {
		mb    int
		under bool
	}{{50, false}, {89, false}, {90, true}, {85, true}, {80, true}, {79, false}, {89, false}, {99, true}, {10, false}} {
		use(c.mb)
		now = now.Add(time.Second)
		if g.Look(now); g.Under() != c.under {
			t.Errorf("with %d MB of 100: %t", c.mb, g.Under())
		}
	}
	if fmt.Sprint(changes) != "[true false true false]" || freed != 1 {
		t.Errorf("changes %v, freed %d times", changes, freed)
	}
	if m := g.Memory(); m != (Memory{100 << 20, 10 << 20}) {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{"level=WARN", "short of memory", "what_to_do=", "there is memory again"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
	// What can't be read refuses nobody, and is told once.
	use(99)
	g.Look(now)
	write("sys/fs/cgroup/memory.current", "much")
	log.Reset()
	g.Look(now)
	g.Look(now)
	if g.Under() || strings.Count(log.String(), "can't be read") != 1 {
		t.Errorf("under: %t; log:\n%s", g.Under(), &log)
	}
	if (*Gauge)(nil).Under() {
		t.Error("there is pressure without a gauge")
	}
}
