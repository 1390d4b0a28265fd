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
		if got, _ := f.Find(Normalise(c.text), true); got != c.word {
			t.Errorf("%q (%s): %q, want %q", c.text, Normalise(c.text).Key(), got, c.word)
		}
	}
	var none *Filter
	if _, ok := none.Find(Normalise("x"), true); ok || NewFilter(nil).Len() != 0 {
		t.Error("no list finds something")
	}
}

// TestSpellings has blocked words as people spell them who know that they are blocked.
func TestSpellings(t *testing.T) {
	t.Parallel()
	f := NewFilter([]string{"shit", "bitch", "ass", "fuck*", "nigger", "abc", "porn", "penis", "puta", "bum", "كلب", "1488", "merde", "сука", "κακα"})
	for text, word := range map[string]string{
		"ᴀʙᴄ": "abc", "ＡＢＣ": "abc", "ⓐⓑⓒ": "abc", "🅐🅑🅒": "abc", "🅰🅱🅲": "abc", "🇦🇧🇨": "abc", "ᵃᵇᶜ": "abc", "ₐbc": "abc", "𝐀𝐁𝐂": "abc",
		"ꜱʜɪᴛ": "shit", "ＳＨＩＴ": "shit", "sh1t": "shit", "5h1t": "shit", "$h1t": "shit", "sh!t": "shit", "sh|t": "shit", "5 h 1 t": "shit", "sh17": "", "shi7": "shit",
		"4ss": "ass", "@ss": "ass", "a$$": "ass", "4$$": "ass", "b1tch": "bitch", "b!tch!": "bitch", "n1gg3r": "nigger", "ni99er": "nigger", "p0rn": "porn", "pen1s": "penis", "put4": "puta",
		"s̸h̸i̸t̸": "shit", "ŝĥîť": "shit", "s\u20ddh\u20ddit": "shit", "şħɨŧ": "shit", "şhıt": "shit", "ѕհіt": "shit", "Ꮪhit": "shit", "ѕнıт": "shit",
		"asss": "ass", "assssss": "ass", "aasss": "ass", "sshhiitt": "shit", "shhhit": "shit", "fuuuuck": "fuck*", "ffuucckk": "fuck*", "f u c k": "fuck*", "fu ck": "fuck*", "sh.it": "shit", "sh-it": "shit", "s_h_i_t": "shit",
		"كـــلب": "كلب", "كَلْب": "كلب", "الكلب": "", "1488": "1488", "１４８８": "1488", "١٤٨٨": "1488", "14888": "", "MERDE!": "merde", "m3rde": "merde", "cyкa": "сука", "κάκα": "κακα",
	} {
		if got, _ := f.Find(Normalise(text), true); got != word {
			t.Errorf("%q (%s): %q, want %q", text, Normalise(text).Key(), got, word)
		}
	}
	for _, text := range []string{"sh1t", "5h1t", "4ss", "sh!t"} {
		if got, found := f.Find(Normalise(text), false); found {
			t.Errorf("%q is %q though digits are no letters", text, got)
		}
	}
}

// TestInnocent has texts with nothing in them, though there are letters of blocked words in a row.
func TestInnocent(t *testing.T) {
	t.Parallel()
	f := NewFilter([]string{
		"ass", "shit", "whore", "penis", "anal", "puta", "bum", "com", "tit", "cum", "god", "loo", "sob", "abc", "cock", "hoe", "bite", "pute", "con", "cul", "nique", "kos", "كس", "سكس", "性交", "法轮功", "操", "微信", "88", "sex", "hell",
	})
	for _, text := range []string{
		// English.
		"First class, passed the assessment", "The pen is mightier", "Who're you?", "He's hit the ball", "it's hit or miss", "an all-time best", "an al dente", "put a smile on", "burn it, modern corn",
		"as soon as possible", "good, so good!", "good book, all zoo", "Scunthorpe and Essex", "the title, a tithe", "cucumber, document", "whose shoes", "cocktail in Hancock", "hello!", "sooo nice", "yeees, nooo wayyy",
		"A55 and B52 road", "my Galaxy A55", "AS5 and MP3, H2O, covid19", "he'll be there", "s. p. q. r.", "Is it as S-Bahn says?",
		// French.
		"il a pu te voir", "c'est l'assaut", "une habitude, un contexte", "la bitte d'amarrage", "j'ai assez d'air", "calcul exact, culture", "unique en son genre", "le comte content",
		// Chinese.
		"主播今天真好看", "这个性格交流很好", "法国的轮船功能", "体操很好看吗", "微笑的信", "性 价比交给你", "ni hao ma", "加油 666",
		// Arabic.
		"السلام عليكم ورحمة الله", "كيف حالك اليوم", "كسر الباب", "مكسب كبير", "سَكَنٌ جميل",
		// Numbers.
		"100", "1000000", "455", "4 5 5", "2024-01-05", "+49 170 455100", "3.14159", "10:00 - 11:00", "$100", "100% 5/5", "1001 nights", "880", "1888", "7h15 0h30",
		// German, Turkish, Russian, Japanese, Korean.
		"Masse und Klasse, Assel", "asla bitmez", "страхуй себя", "今日は最高です", "안녕하세요",
	} {
		if strings.Contains(text, "体操") { // a character that is blocked is blocked wherever it is
			continue
		}
		if got, found := f.Find(Normalise(text), true); found {
			t.Errorf("%q (%s) has %q in it", text, Normalise(text).Key(), got)
		}
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
		if got, _ := f.Find(Normalise("a "+list[i]+" b"), true); got == "" {
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
		n.spelt()
		for _, form := range []*form{&n.form, n.short()} {
			if len(form.starts) != len(form.key)+1 || len(form.kinds) != len(form.key) {
				t.Fatalf("%q: %d places and %d kinds for %d bytes", s, len(form.starts), len(form.kinds), len(form.key))
			}
		}
		filter.Find(n, true)
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
			f.Find(&t, true)
		}
	})
}
