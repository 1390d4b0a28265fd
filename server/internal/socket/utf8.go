package socket

import "unicode/utf8"

// textCheck validates UTF-8 that arrives in pieces. It fails at the first byte that no
// continuation can make valid.
type textCheck struct {
	tail [utf8.UTFMax]byte // the beginning of a rune whose end has not arrived
	n    int
}

// add reports whether the text so far can still become valid.
func (t *textCheck) add(b []byte) bool {
	for t.n > 0 && len(b) > 0 {
		t.tail[t.n] = b[0]
		t.n++
		b = b[1:]
		if !utf8.FullRune(t.tail[:t.n]) {
			continue
		}
		if r, size := utf8.DecodeRune(t.tail[:t.n]); r == utf8.RuneError && size <= 1 {
			return false
		}
		t.n = 0
	}
	// At most the last three bytes can be the beginning of a longer rune.
	cut := len(b)
	for back := 1; back <= 3 && back <= len(b); back++ {
		i := len(b) - back
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				cut = i
			}
			break
		}
	}
	if !utf8.Valid(b[:cut]) {
		return false
	}
	t.n += copy(t.tail[t.n:], b[cut:])
	return true
}

// done reports whether the text is complete, and makes t ready for the next one.
func (t *textCheck) done() bool {
	whole := t.n == 0
	t.n = 0
	return whole
}
