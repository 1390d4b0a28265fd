package room

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// ears is a game that notes what it is told of its topics.
type ears struct {
	r     *world.Room
	heard []string
}

func (*ears) Join(*world.Player, []byte) error { return nil }
func (*ears) Leave(*world.Player)              {}
func (*ears) Tick()                            {}
func (e *ears) Deaf(topic string)              { e.heard = append(e.heard, "deaf "+topic) }

func (e *ears) Hears(topic string, missed bool) {
	e.heard = append(e.heard, fmt.Sprintf("hears %s %d %v", topic, e.r.ShowEpoch(), missed))
}

// TestHearingAShow has a house told of its show and of the bus, in all orders.
func TestHearingAShow(t *testing.T) {
	t.Parallel()
	const topic = "show/quiz/one"
	carried := func(missed bool) func(*Engine) {
		return func(e *Engine) {
			e.mail.arrived = append(e.mail.arrived, bus.Arrival{Topic: topic, Missed: missed})
		}
	}
	away := func(e *Engine) {
		e.mail.arrived = append(e.mail.arrived, bus.Arrival{Topic: topic, Deaf: true})
	}
	other := func(e *Engine) { e.mail.arrived = append(e.mail.arrived, bus.Arrival{Topic: "room/house"}) }
	show := func(epochs ...uint64) func(*Engine) {
		return func(e *Engine) {
			for _, epoch := range epochs {
				e.mail.shown.note(epoch)
			}
		}
	}
	deaf, hears := "deaf "+topic, func(epoch int, missed bool) string { return fmt.Sprintf("hears %s %d %v", topic, epoch, missed) }
	for name, steps := range map[string][]struct {
		do   func(*Engine)
		want []string
	}{
		"the bus first":      {{carried(false), []string{deaf}}, {show(7), []string{hears(7, false)}}},
		"the show first":     {{show(7), nil}, {carried(false), []string{hears(7, false)}}},
		"neither":            {{away, []string{deaf}}, {show(0), nil}, {show(7), nil}, {carried(false), []string{hears(7, false)}}},
		"the show goes":      {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {show(0), []string{deaf}}, {show(0), nil}, {show(8), []string{hears(8, false)}}},
		"another show comes": {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {show(8), []string{deaf, hears(8, false)}}},
		"it was gone":        {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {show(0, 7), []string{deaf, hears(7, false)}}, {show(7), nil}},
		"the bus goes":       {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {away, []string{deaf}}, {show(8), nil}, {carried(true), []string{hears(8, true)}}},
		"both go":            {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {away, []string{deaf}}, {show(0), nil}, {carried(true), nil}, {show(7), []string{hears(7, true)}}},
		"messages are missed": {{show(7), nil}, {carried(false), []string{hears(7, false)}}, {carried(true), []string{hears(7, true)}}, {carried(false), nil},
			{show(0), []string{deaf}}, {carried(true), nil}, {show(7), []string{hears(7, true)}}},
		"other topics": {{other, []string{"hears room/house 0 false"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &ears{}
			e, err := New("house", world.Kind{Name: "quiz", Schema: &schema.Schema{}, New: func(r *world.Room) (world.Game, error) {
				g.r = r
				r.Listen(topic, world.Now)
				return g, nil
			}}, 1, nil, Config{ShowTopics: []string{topic, "show/quiz-show/one"}}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range steps {
				s.do(e)
				if err := e.Step(&metrics.Counts{}); err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(g.heard) != fmt.Sprint(s.want) {
					t.Errorf("step %d: told %q; want %q", i, g.heard, s.want)
				}
				g.heard = nil
			}
		})
	}
}
