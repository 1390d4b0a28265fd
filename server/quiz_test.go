package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world/quiz"
)

// contestant is a client in a quiz.
type contestant struct {
	t *testing.T
	*client.Client
	mine atomic.Pointer[quizv1.Mine]
}

func contest(t *testing.T, addr, name string, entry *quizv1.Entry) *contestant {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := &contestant{t: t}
	got, err := client.Dial(ctx, "ws://"+addr+server.Path, client.Options{
		Config: client.Config{Kind: "quiz", Name: name, Schema: quizv1.Schema, HashEvery: 1, Options: map[string]string{"show": "one"}, Data: entry.AppendProto(nil)},
		Setup: func(s *client.Session) {
			client.OnEvent(s, func(m *quizv1.Mine, _ uint32) { c.mine.Store(new(*m)) }) // the event is the session's
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { got.Close(client.CloseNormal, "") })
	c.Client = got
	return c
}

// rows returns what a contestant sees of the show and the question.
func (c *contestant) rows() (show quizv1.Show, q quizv1.Question, clock quizv1.Clock) {
	c.View(func(r *replica.Replica) {
		for _, row := range replica.All[quizv1.Show](r) {
			show = *row
		}
		for _, row := range replica.All[quizv1.Question](r) {
			q = *row
		}
		for _, row := range replica.All[quizv1.Clock](r) {
			clock = *row
		}
	})
	return show, q, clock
}

func (c *contestant) answer(option uint32) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	_, err := client.Call[quizv1.Answer, quizv1.AnswerReply](ctx, c.Client, &quizv1.Answer{Question: 1, Option: option, Run: 1})
	return err
}

// TestQuiz plays a show of a file in two houses, over real connections.
func TestQuiz(t *testing.T) {
	t.Parallel()
	read := func(_ context.Context, file string) ([]byte, error) {
		if file != "shows/one.yaml" {
			return nil, errors.New("no such file: " + file)
		}
		return []byte("mode: elimination\nstart_with: 2\nseconds: 60\npause: 1\nmax_credit: 0\nquestions:\n- {text: one, options: [a, b], answer: B}\n"), nil
	}
	srv := start(t, func(c *config.Config) {
		c.KindOptions = map[string]map[string]string{"quiz": {"players": "1", "role": ""}, "quiz-show": {"file": "shows/*.yaml"}}
	}, quiz.Kind(), quiz.ShowKind(read))
	addr := srv.Addr().String()
	ann, bob := contest(t, addr, "Ann", &quizv1.Entry{}), contest(t, addr, "Bob", &quizv1.Entry{})
	host := contest(t, addr, "Host", &quizv1.Entry{Host: true})
	if ann.Welcome().GetRoom() == bob.Welcome().GetRoom() {
		t.Fatal("two contestants are in a house for one")
	}
	for i, c := range []*contestant{ann, bob} {
		until(t, "the question opens", func() bool {
			show, q, clock := c.rows()
			if show.Phase != quizv1.Phase_PHASE_OPEN || q.Number != 1 {
				return false
			}
			now := float64(clock.At) + (c.ServerTick(time.Now())-float64(clock.Tick))*50_000
			return now > float64(q.OpensAt)+100_000
		})
		if err := c.answer(uint32(i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := client.Call[quizv1.Conduct, quizv1.ConductReply](ctx, host.Client, &quizv1.Conduct{Act: quizv1.Act_ACT_REVEAL}); err != nil {
		t.Fatal(err)
	}
	until(t, "both are ranked", func() bool {
		a, b := ann.mine.Load(), bob.mine.Load()
		return a != nil && b != nil && a.Rank == 2 && b.Rank == 1 && a.Among == 2 && b.Verdict == quizv1.Verdict_VERDICT_RIGHT && !a.Alive
	})
	if _, q, _ := ann.rows(); q.Key != 2 {
		t.Errorf("the key shows as %b", q.Key)
	}
}
