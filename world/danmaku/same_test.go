package danmaku

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// TestTheSameAgain plays a show twice, and looks that everybody is sent the same: nothing hangs on the order of maps,
// on a clock or on addresses.
func TestTheSameAgain(t *testing.T) {
	t.Parallel()
	first, second := play(t), play(t)
	if first != second {
		a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d is\n%s\nand then\n%s", i, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, and then %d", len(a), len(b))
	}
	if n := strings.Count(first, "\n"); n < 500 {
		t.Errorf("there are %d lines only", n)
	}
}

func play(t *testing.T) string {
	f := newFleet(t, 2, nil)
	mod := f.viewer(0, "Mod", "host")
	var all []*gametest.Player
	for i := range 60 {
		p := f.viewer(i%2, fmt.Sprint("p", i))
		all = append(all, p)
		do(t, p, &danmakuv1.Follow{Authors: []uint64{author(mod), author(all[i/2]), author(all[i/3])}})
	}
	do(t, mod, &danmakuv1.OpenPoll{Question: "?", Choices: []string{"a", "b", "c"}, Seconds: 5})
	do(t, mod, &danmakuv1.OpenLottery{Word: "win", Places: 5, Seconds: 6})
	for i := range 10 {
		do(t, mod, &danmakuv1.Silence{Author: author(all[40+2*i]), Seconds: uint32(1 + i%3)})
	}
	f.run(5)
	var b strings.Builder
	for step := range 60 {
		for i, p := range all {
			if (i+step)%7 == 0 {
				_ = sayErr(p, fmt.Sprintf("win @p%d %d", (i*step)%60, step/3))
			}
			if step == i%10 {
				_ = gametest.Order(p, &danmakuv1.Vote{Poll: 1, Choice: uint32(1 + i%3)})
			}
		}
		f.backend(fmt.Sprint(step), &danmakuv1.Gift{PlayerId: fmt.Sprint("id-p", step%9), Name: fmt.Sprint("p", step%9), Gift: "rose", Value: uint64(step)})
		if step == 30 {
			for _, p := range all[50:] {
				p.Leave()
			}
			all = all[:50]
		}
		f.run(1)
		for _, p := range all {
			for _, c := range gametest.Events[danmakuv1.Comment](p) {
				fmt.Fprintln(&b, p.Name, "comment", *c)
			}
			for _, g := range gametest.Events[danmakuv1.Gifted](p) {
				fmt.Fprintln(&b, p.Name, "gift", *g)
			}
			for _, s := range gametest.Events[danmakuv1.Standing](p) {
				fmt.Fprintln(&b, p.Name, "standing", *s)
			}
		}
	}
	for _, p := range all[:2] {
		fmt.Fprintln(&b, *row[danmakuv1.Lottery](t, p), *row[danmakuv1.Audience](t, p))
		for _, c := range rowsOf[danmakuv1.Choice](p) {
			fmt.Fprintln(&b, *c)
		}
		for _, d := range rowsOf[danmakuv1.Drops](p) {
			fmt.Fprintln(&b, *d)
		}
		for _, g := range rowsOf[danmakuv1.Giver](p) {
			fmt.Fprintln(&b, *g)
		}
		fmt.Fprintln(&b, p.Replica().Hash())
	}
	return b.String()
}
