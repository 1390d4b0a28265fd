package attack

import (
	"cmp"
	"slices"
)

// Kinds lists all kinds of attacks, in the order in which they are shown.
func Kinds() []Kind {
	all := slices.Concat(calls(), requests(), connections(), players(), floods())
	return all
}

// Select returns the kinds of these names; none: all.
func Select(names []string) ([]Kind, []string) {
	all := Kinds()
	if len(names) == 0 {
		return all, nil
	}
	var out []Kind
	var unknown []string
	for _, n := range names {
		i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == n })
		if i < 0 {
			unknown = append(unknown, n)
			continue
		}
		out = append(out, all[i])
	}
	return out, unknown
}

// Names returns the names of kinds.
func Names(kinds []Kind) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k.Name
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

// tlsOnly is for attacks on TLS.
func tlsOnly(t *Target) string {
	if !t.encrypted() {
		return "with TLS only"
	}
	return ""
}

// withService is for attacks on RoomService.
func withService(t *Target) string {
	if t.Service == "" {
		return "with RoomService only"
	}
	return ""
}
