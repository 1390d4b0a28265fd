package words

import (
	"unicode"
	"unicode/utf8"
)

// form is one way in which a text is read.
type form struct {
	key    []byte
	starts []start // by byte of key, and one more: what stands before it
	kinds  []kind  // by byte of key
	runs   []uint8 // by byte of key, how often the letter stood there; nil: the key is not shortened
}

// start says what stands before a byte of a key.
type start uint8

const (
	inside start = iota // the same word
	space               // white space, or the beginning
	joint               // other characters without any space, or a character that is a word by itself
	quote               // an apostrophe
)

// kind is how sure it is that a letter is meant.
type kind uint8

const (
	hard kind = iota // it is one
	soft             // a digit or a sign that often stands for it
	weak             // one that less often does
)

// spells are what digits and signs stand for.
var spells = map[rune]struct {
	letter string
	kind   kind
}{
	'0': {"o", soft}, '1': {"l", soft}, '3': {"e", soft}, '4': {"a", soft}, '5': {"s", weak}, '7': {"t", weak}, '8': {"b", weak}, '9': {"g", weak},
	'!': {"l", soft}, '|': {"l", soft}, '+': {"t", weak},
}

func (f *form) clear() { f.key, f.starts, f.kinds, f.runs = f.key[:0], f.starts[:0], f.kinds[:0], nil }

// add appends a skeleton, and reports whether there is anything of it.
func (f *form) add(piece string, before start, k kind) bool {
	n := len(f.key)
	for _, r := range piece {
		if unicode.IsMark(r) && f.decorates() || r < utf8.RuneSelf && ascii[r] == "" {
			continue
		}
		if r < utf8.RuneSelf && len(ascii[r]) == 1 { // a letter without its mark
			r = rune(ascii[r][0])
		}
		at := len(f.key)
		f.key = utf8.AppendRune(f.key, r)
		for i := at; i < len(f.key); i++ {
			s := inside
			if i == n {
				s = before
			}
			f.starts, f.kinds = append(f.starts, s), append(f.kinds, k)
		}
	}
	return len(f.key) > n
}

// decorates reports whether a mark that comes now is on a letter that is the same without.
func (f *form) decorates() bool {
	r, _ := utf8.DecodeLastRune(f.key)
	return len(f.key) == 0 || unicode.In(r, marked...)
}

// readable reports whether what is found from start to end has letters enough to be read as a word in spite of
// digits: two, and three if it ends with a digit that is rarely meant so. So "A55" and "455" are none.
func (f *form) readable(start, end int) bool {
	letters, other := 0, false
	for _, k := range f.kinds[start:end] {
		if k == hard {
			letters++
		} else {
			other = true
		}
	}
	return !other || letters >= 3 || letters == 2 && f.kinds[end-1] != weak
}

// each calls fn for the runs of equal letters of the key within a word.
func (f *form) each(fn func(at, size, run int)) {
	for i := 0; i < len(f.key); {
		_, n := utf8.DecodeRune(f.key[i:])
		run := 1
		for j := i + n; j+n <= len(f.key) && f.starts[j] == inside && string(f.key[j:j+n]) == string(f.key[i:i+n]); j += n {
			run++
		}
		fn(i, n, run)
		i += run * n
	}
}

// stretched reports whether letters are repeated as they are in hardly any word: one of them three times or
// more, or several.
func (f *form) stretched() bool {
	twice, more := 0, false
	f.each(func(_, _, run int) {
		if run > 1 {
			twice++
		}
		more = more || run > 2
	})
	return more || twice > 1
}

// short returns the form with one letter in the place of equal ones.
func (f *form) short() *form {
	s := &form{runs: []uint8{}}
	f.each(func(at, size, run int) {
		for i := at; i < at+size; i++ {
			s.key, s.starts, s.kinds = append(s.key, f.key[i]), append(s.starts, f.starts[i]), append(s.kinds, f.kinds[i])
			s.runs = append(s.runs, uint8(min(run, 255)))
		}
	})
	s.starts = append(s.starts, space)
	return s
}

// once returns the key with one letter in the place of equal ones, and how many there were of each.
func (f *form) once() (key []byte, runs []uint8) {
	s := f.short()
	return s.key, s.runs
}
