package dev

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// files are the files of a game that are looked at, with when each was changed and how
// long it is.
type files map[string]stamp

type stamp struct {
	changed time.Time
	size    int64
}

// look looks at a game's directory. What can't be read is taken for gone: it is looked at
// again soon.
func look(dir string) files {
	all := files{}
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // it is gone, or is seen the next time
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains([]string{".go", ".proto", ".mod", ".sum"}, path.Ext(name)):
			return nil
		}
		if info, err := d.Info(); err == nil {
			all[name] = stamp{info.ModTime(), info.Size()}
		}
		return nil
	})
	return all
}

// differ reports whether some file whose name ends so is new, gone or changed.
func (now files) differ(before files, suffixes ...string) bool {
	of := func(all files) files {
		some := maps.Clone(all)
		maps.DeleteFunc(some, func(name string, _ stamp) bool {
			return !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) || strings.HasSuffix(name, "_test.go")
		})
		return some
	}
	return !maps.Equal(of(now), of(before))
}
