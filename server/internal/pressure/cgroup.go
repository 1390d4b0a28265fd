package pressure

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// Memory is how much a process may have, and has, in bytes.
type Memory struct {
	// Limit is the least limit of the process's control groups; 0: there is none.
	Limit uint64
	// Used is what the group with that limit has, without pages of files that the kernel can
	// drop at once.
	Used uint64
}

// group is a control group with the names of its files.
type group struct {
	dir, limit, used string
	dropped          string // of memory.stat: pages of files that nobody uses
}

// Cgroup reads the memory of control groups, version 2 or 1, from a file system that is the
// machine's: fs.FS of "/".
type Cgroup struct {
	root   fs.FS
	groups []group // of the process, each with those above it
}

// FindCgroup finds the control groups of this process.
func FindCgroup(root fs.FS) (*Cgroup, error) {
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("pressure: %w", err)
	}
	c := &Cgroup{root: root}
	for l := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(l), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "": // version 2
			c.add("sys/fs/cgroup", parts[2], "memory.max", "memory.current", "inactive_file ")
		case hasWord(parts[1], "memory"):
			c.add("sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ")
		}
	}
	return c, nil
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// add adds a group and those above it, as far as they can be seen. In a container the path is
// often that of the machine, and what can be seen is the top alone.
func (c *Cgroup) add(mount, at, limit, used, dropped string) {
	for dir := path.Clean("/" + at); ; dir = path.Dir(dir) {
		g := group{strings.TrimSuffix(mount+dir, "/"), limit, used, dropped}
		if _, err := fs.Stat(c.root, path.Join(g.dir, used)); err == nil {
			c.groups = append(c.groups, g)
		}
		if dir == "/" {
			return
		}
	}
}

// Read returns how much memory there is: of the group that is nearest to its limit.
func (c *Cgroup) Read() (Memory, error) {
	var out Memory
	var errs []error
	for _, g := range c.groups {
		m, err := c.of(g)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if m.Limit > 0 && (out.Limit == 0 || float64(m.Used)/float64(m.Limit) > float64(out.Used)/float64(out.Limit)) {
			out = m
		}
	}
	if out.Limit > 0 {
		return out, nil
	}
	return out, errors.Join(errs...)
}

// huge is what version 1 says where there is no limit, and more.
const huge = 1 << 60

func (c *Cgroup) of(g group) (m Memory, err error) {
	text, err := fs.ReadFile(c.root, path.Join(g.dir, g.limit))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil // the top group has none
	}
	if err != nil {
		return m, fmt.Errorf("pressure: %w", err)
	}
	if s := strings.TrimSpace(string(text)); s != "max" {
		if m.Limit, err = strconv.ParseUint(s, 10, 64); err != nil {
			return m, fmt.Errorf("pressure: %s/%s: %w", g.dir, g.limit, err)
		}
	}
	if m.Limit >= huge {
		m.Limit = 0
	}
	if m.Limit == 0 {
		return m, nil
	}
	if text, err = fs.ReadFile(c.root, path.Join(g.dir, g.used)); err != nil {
		return m, fmt.Errorf("pressure: %w", err)
	}
	if m.Used, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return m, fmt.Errorf("pressure: %s/%s: %w", g.dir, g.used, err)
	}
	stat, err := fs.ReadFile(c.root, path.Join(g.dir, "memory.stat"))
	if err != nil {
		return m, nil //nolint:nilerr // then all that is used counts
	}
	for l := range strings.Lines(string(stat)) {
		if value, ok := strings.CutPrefix(l, g.dropped); ok {
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64); err == nil {
				m.Used -= min(m.Used, n)
			}
		}
	}
	return m, nil
}

// share returns which part of the limit is used; 0 without one.
func (m Memory) share() float64 {
	if m.Limit == 0 {
		return 0
	}
	return float64(m.Used) / float64(min(m.Limit, math.MaxInt64))
}
