package query

import "slices"

// A list is looked through by those who come without counting, and each ticket is asked by many
// queries: so none is gone through value by value.

// oneOf returns a function that reports whether a value is among those of a list, all of one
// kind.
func oneOf(list []value) func(v value) bool {
	if list[0].kind == String {
		in := make(map[string]bool, len(list))
		for i := range list {
			in[list[i].str] = true
		}
		return func(v value) bool { return v.kind == String && in[v.str] }
	}
	kind, in := list[0].kind, make(map[float64]bool, len(list))
	for i := range list {
		in[list[i].num] = true
	}
	return func(v value) bool { return v.kind == kind && in[v.num] }
}

// texts returns the strings of a list, sorted, each once.
func texts(list []value) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].str
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hasAny reports whether two sorted lists have a text in common. It looks for each of the shorter
// one in what is left of the longer.
func hasAny(a, b []string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, s := range a {
		i, found := slices.BinarySearch(b, s)
		if found {
			return true
		}
		if b = b[i:]; len(b) == 0 {
			return false
		}
	}
	return false
}

// hasAll reports whether a value is a set that has all texts of a list.
func hasAll(v value, list []string) bool {
	if v.kind != Set || len(list) > len(v.set) {
		return false
	}
	for _, s := range list {
		if !v.holds(s) {
			return false
		}
	}
	return true
}
