package words

import (
	"strconv"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	f := NewFilter([]string{"ass", "shit", "fuck*", "shabi", "微信", "法轮功", "слово", "*spam*", "paypal", "  ", "!!"})
	if len(f.Rejected) != 1 || f.Rejected[0] != "!!" {
		t.Errorf("rejected: %q", f.Rejected)
	}
	for _, c := range []struct{ text, word string }{
		{"what an ass", "ass"},
		{"first class", ""},
		{"assassin", ""},
		{"a s s", "ass"},
		{"a.s-s", "ass"},
		{"a🙂s🙂s", "ass"},
		{"this hit the wall", ""}, // its parts are parts of words
		{"s h i t", "shit"},
		{"S\u200bH\u200bI\u200bT", "shit"},
		{"ｓｈｉｔ", "shit"},                         // wide
		{"𝓼𝓱𝓲𝓽", "shit"},                         // mathematical
		{"ѕһіт", "shit"},                         // Cyrillic that looks like it, but for the last letter
		{"śhît", "shit"},                         // marks
		{"s\u0336h\u0336i\u0336t\u0336", "shit"}, // struck through
		{"shiiiiiit", "shit"},
		{"$hit", "shit"},
		{"fucking", "fuck*"},
		{"f u c k i n g", "fuck*"},
		{"unfuck", ""},
		{"sha bi", "shabi"},
		{"sha bird", ""},
		{"ShA-Bi!", "shabi"},
		{"加微信吧", "微信"},
		{"加 微 、信 吧", "微信"},
		{"微\u200d信", "微信"},
		{"法.轮.功", "法轮功"},
		{"法律", ""},
		{"СЛОВО", "слово"},
		{"antispammer", "*spam*"},
		{"раураl", "paypal"},
		{"PAYPAI", "paypal"}, // a capital I is an l to the eye
		{"", ""},
		{"🙂", ""},
	} {
		if got, _ := f.Find(Normalise(c.text)); got != c.word {
			t.Errorf("%q (%s): %q, want %q", c.text, Normalise(c.text).Key(), got, c.word)
		}
	}
	var none *Filter
	if _, ok := none.Find(Normalise("x")); ok || NewFilter(nil).Len() != 0 {
		t.Error("no list finds something")
	}
}

// TestALongList is built bit by bit, and all of it counts.
func TestALongList(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 1200 {
		list = append(list, "w"+strings.Repeat("x", 1+i/26/26)+string(rune('a'+i/26%26))+string(rune('a'+i%26))+"q")
	}
	b := NewBuild(list)
	steps := 1
	var f *Filter
	for f = b.Step(); f == nil; f = b.Step() {
		steps++
	}
	if steps != 3 || f.Len() != 1200 {
		t.Errorf("it took %d steps, and has %d words", steps, f.Len())
	}
	for _, i := range []int{0, 499, 500, 999, 1199} {
		if got, _ := f.Find(Normalise("a " + list[i] + " b")); got == "" {
			t.Errorf("word %d, %s, is not found", i, list[i])
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"666", "6666666", "６６６", " 66 6"},
		{"哈哈哈", "哈哈哈哈哈哈哈", "哈哈 哈"},
		{"GG", "gg", "g g!", "Ｇｇ"},
		{"🙂🙂", "🙂🙂🙂🙂"},
	} {
		for _, s := range same[1:] {
			if Normalise(s).Digest() != Normalise(same[0]).Digest() {
				t.Errorf("%q and %q are not the same", s, same[0])
			}
		}
	}
	for _, pair := range [][2]string{{"good", "god"}, {"🙂", "🙃"}, {"哈", "呵"}, {"a", "b"}} {
		if Normalise(pair[0]).Digest() == Normalise(pair[1]).Digest() {
			t.Errorf("%q and %q are the same", pair[0], pair[1])
		}
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, word string
		want       bool
	}{{"I want to WIN !", "win", true}, {"抽 奖", "抽奖", true}, {"no", "yes", false}, {"🎉🎉", "🎉", true}, {"x", "🎉", false}} {
		if got := Normalise(c.text).Contains(Normalise(c.word)); got != c.want {
			t.Errorf("%q in %q: %v", c.word, c.text, got)
		}
	}
}

// FuzzFind looks that no text makes the filter fail, and that the same text with what can't be seen
// in between is judged alike.
func FuzzFind(f *testing.F) {
	filter := NewFilter([]string{"ass", "fuck*", "微信", "*ab", "a\u0301"})
	f.Add("a s s")
	f.Add("加微信")
	f.Add("\u0301\u0301aaab")
	f.Add(strings.Repeat("\u0336", 100))
	f.Fuzz(func(t *testing.T, s string) {
		n := Normalise(s)
		if len(n.starts) != len(n.key)+1 {
			t.Fatalf("%q: %d places for %d bytes", s, len(n.starts), len(n.key))
		}
		filter.Find(n)
		n.Digest()
	})
}

func BenchmarkFind(b *testing.B) {
	list := make([]string, 0, 10000)
	for i := range 10000 {
		list = append(list, "word"+strconv.FormatInt(int64(i)*7919, 36)+string(rune(0x4e00+i)))
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			NewFilter(list)
		}
	})
	f := NewFilter(list)
	var t Text
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			t.Set("哈哈哈 this is a comment of usual length 666")
			f.Find(&t)
		}
	})
}
