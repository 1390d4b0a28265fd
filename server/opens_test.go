package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world/quiz"
)

// quizHello is the hello of somebody who comes to a quiz, with a token.
func quizHello(show, token string) *tickroomv1.Hello {
	return &tickroomv1.Hello{Kind: "quiz", Token: token, Options: map[string]string{"show": show}, Data: (&quizv1.Entry{}).AppendProto(nil)}
}

// TestStrangersOpenNoShows comes to quizzes that have no file, by all ways: nothing is made or claimed. A host
// opens one, and then it is there for all.
func TestStrangersOpenNoShows(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	read := func(_ context.Context, file string) ([]byte, error) {
		if file != "shows/friday.yaml" {
			return nil, errors.New("no such file: " + file)
		}
		return []byte("start_with: 2\nquestions:\n- {text: one, options: [a, b], answer: B}\n"), nil
	}
	srv, log := startLogged(t, func(c *config.Config) {
		a.config(c)
		c.KindOptions = map[string]map[string]string{"quiz-show": {"file": "shows/*.yaml"}}
	}, quiz.Kind(), quiz.ShowKind(read))
	ann := a.of("ann")
	elsewhere := a.mint(identity.Grant{Player: "eve", Roles: identity.Player | identity.Host, Shows: []string{"monday"}})
	for _, show := range []string{"main", "tuesday", strings.Repeat("x", 64)} {
		refused(t, srv, quizHello(show, ann), noSuchRoom, "there is no show")
	}
	refused(t, srv, quizHello("tuesday", elsewhere), noSuchRoom, "there is no show") // hosts another one
	m := seek(t, srv, matchmaker.Options{Token: ann})
	for what, call := range map[string]func() error{
		"quick join": func() error {
			_, err := m.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "quiz", Options: map[string]string{"show": "tuesday"}})
			return err
		},
		"create": func() error {
			_, err := m.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "quiz", Options: map[string]string{"show": "tuesday"}})
			return err
		},
	} {
		if err := call(); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, kind := range []string{"quiz", "quiz-show"} {
		if rooms := adminRooms(t, srv.AdminAddr().String(), kind); len(rooms) > 0 {
			t.Errorf("strangers have had rooms made: %v", rooms)
		}
	}
	log.wants(t, "level=WARN", "why=show_not_opened", `reason="there is no show`)
	if log.has("level=ERROR") {
		t.Error("the log has errors")
	}
	let := func(show, token string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		c, err := client.Dial(ctx, "ws://"+srv.Addr().String()+server.Path, client.Options{Config: client.Config{Kind: "quiz", Schema: quizv1.Schema, Options: asks(show), Token: token}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close(client.CloseNormal, "") })
	}
	let("friday", ann) // it has a file
	let("tuesday", a.mint(identity.Grant{Player: "host", Roles: identity.Player | identity.Host, Shows: []string{"tuesday"}}))
	let("tuesday", a.of("bob"))
}

// TestShowsPerAddress has clients of one address open shows by their names, up to the bound. The show of those
// who name none does not count.
func TestShowsPerAddress(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.Access.ShowsPerAddress, c.Access.Exempt = 3, nil }, tallyKinds(4)...)
	addr := srv.Addr().String()
	view(t, addr, "")
	for i := range 3 {
		view(t, addr, fmt.Sprint("show", i))
	}
	refused(t, srv, &tickroomv1.Hello{Kind: "tally", Options: asks("show3")}, tooMany, "too many shows")
	view(t, addr, "show1") // it is there
}
