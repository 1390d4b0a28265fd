package journal

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// Build tells this program apart from others, which may simulate otherwise: its version, its commit, the
// compiler and the processor. A program that was built beside changes that were not committed says so.
var Build = sync.OnceValue(func() string {
	version, commit := "devel", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(info.Main.Version, version)
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				version += "+dirty"
			}
		}
	}
	return strings.Join(strings.Fields(strings.Join([]string{version, commit, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " ")), " ")
})
