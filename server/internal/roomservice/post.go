package roomservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/messages"
	"github.com/tickroom/tickroom/world"
)

// ownTopics begin the topics that backends do not post to by name.
var ownTopics = []string{"room/", "player/", "show/", "houses/", "node/"}

// Post posts a message.
func (s *Service) Post(ctx context.Context, req *connect.Request[tickroomv1.RoomServicePostRequest]) (*connect.Response[tickroomv1.RoomServicePostResponse], error) {
	m := req.Msg
	typ, data, err := s.message(ctx, m)
	if err != nil {
		return nil, err
	}
	to, err := s.address(ctx, m, typ)
	if err != nil {
		return nil, err
	}
	draft := &bus.Draft{Topic: to.topic, Key: m.GetKey(), ID: typ.ID, Type: typ.Name, Data: data}
	post := s.o.Bus.Post
	opens, err := s.makesSense(ctx, to, typ, data)
	if errors.Is(err, errNoShow) && draft.Key != "" {
		// It may be the repetition of a call that was answered while the show was there.
		noShow := err
		post = func(ctx context.Context, d *bus.Draft) (uint64, error) {
			n, err := s.o.Bus.Posted(ctx, d)
			if n == 0 && err == nil {
				err = noShow
			}
			return n, err
		}
	} else if err != nil {
		return nil, err
	}
	number, err := post(ctx, draft)
	switch {
	case errors.Is(err, errNoShow):
		return nil, err
	case errors.Is(err, bus.ErrKey):
		return nil, failed(connect.CodeAlreadyExists, "key %q: another message was posted to %s with it, and stays as it is; a key is for one message and its repetitions", short(m.GetKey()), short(to.topic))
	case errors.Is(err, bus.ErrFull):
		return nil, retry(failed(connect.CodeResourceExhausted, "too many messages wait to be posted"), later)
	case err != nil && ctx.Err() == nil:
		s.o.Logger.Warn("a backend's message can't be posted now", "service", callerOf(ctx).Name, "topic", to.topic, "error", err)
		return nil, retry(failed(connect.CodeUnavailable, "the bus can't be reached: nobody knows whether the message was posted; post it again with the same key in %d s", int(later.Seconds())), later)
	case err != nil:
		return nil, err
	}
	opens()
	return connect.NewResponse(&tickroomv1.RoomServicePostResponse{Topic: to.topic, Number: number}), nil
}

// message returns the type of a message, and the message encoded.
func (s *Service) message(ctx context.Context, m *tickroomv1.RoomServicePostRequest) (*messages.Type, []byte, error) {
	var q request
	key := m.GetKey()
	q.must(len(key) <= maxKey && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }),
		"key %q: it must have at most %d characters, all of printable ASCII without spaces", short(key), maxKey)
	q.must(m.GetMessage() != "", "message is missing: the full name of the message's type, such as mygame.v1.Gift")
	if q.err != nil {
		return nil, nil, q.err
	}
	typ, err := s.typeOf(callerOf(ctx), m.GetMessage())
	if err != nil {
		return nil, nil, err
	}
	data, what := m.GetData(), "data"
	if m.GetJson() != nil {
		what = "json"
		var text []byte
		if text, err = m.GetJson().MarshalJSON(); err == nil {
			data, err = typ.FromJSON(text)
		}
	} else {
		data, err = typ.Canonical(data)
	}
	if err != nil {
		return nil, nil, failed(connect.CodeInvalidArgument, "%s: %v", what, err)
	}
	q.must(len(data) <= world.MaxPost, "the message has %d bytes; there can be %d", len(data), world.MaxPost)
	return typ, data, q.err
}

// typeOf returns the type with a name, if backends may post messages of it, and the caller in
// particular.
func (s *Service) typeOf(c *caller, name string) (*messages.Type, error) {
	typ := s.o.Messages.Find(name)
	if typ != nil {
		takers := slices.DeleteFunc(slices.Clone(typ.Kinds), func(kind string) bool { return !s.o.Registry.Kind(kind).Takes(typ.ID) })
		switch {
		case slices.ContainsFunc(takers, c.MayKind):
			return typ, nil
		case len(takers) > 0:
			return nil, failed(connect.CodePermissionDenied, "message %s is for rooms of the kinds %s; the token is bound to the kinds %s", name, list(takers), list(c.Kinds))
		}
	}
	var known []string
	for _, kind := range s.o.Registry.Kinds() {
		if c.MayKind(kind) {
			known = append(known, s.takes(kind)...)
		}
	}
	if typ != nil {
		return nil, failed(connect.CodeInvalidArgument, "message %s: rooms tell it, and take it from no backend; they take: %s", name, list(known))
	}
	return nil, failed(connect.CodeInvalidArgument, "message %q: there is none of that name; there are: %s", short(name), list(known))
}

// takes returns the names of the messages that rooms of a kind take from backends, in order.
func (s *Service) takes(kind string) []string {
	k := s.o.Registry.Kind(kind)
	return slices.DeleteFunc(s.o.Messages.Names(kind), func(name string) bool { return !k.Takes(s.o.Messages.Find(name).ID) })
}

// maxListed is how many names are listed.
const maxListed = 12

// list lists names for people, each once, and not too many.
func list(names []string) string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			out = append(out, n)
		}
		seen[n] = true
	}
	switch {
	case len(out) == 0:
		return "none"
	case len(out) > maxListed:
		return strings.Join(out[:maxListed], ", ") + fmt.Sprintf(" and %d more", len(out)-maxListed)
	}
	return strings.Join(out, ", ")
}

// address is where a message goes.
type address struct {
	topic string
	// kinds are those of the rooms that may hear it, of which one must take it.
	kinds []string
}

// address returns where a message goes.
func (s *Service) address(ctx context.Context, m *tickroomv1.RoomServicePostRequest, typ *messages.Type) (address, error) {
	var q request
	switch to := m.GetTo().(type) {
	case *tickroomv1.RoomServicePostRequest_Room:
		r, err := s.find(ctx, to.Room)
		if err != nil {
			return address{}, err
		}
		k := s.o.Registry.Kind(r.Kind)
		q.must(k != nil && typ.Of(r.Kind) && k.Takes(typ.ID), "message %s: rooms of kind %s have no such message; they take: %s", typ.Name, r.Kind, list(s.takes(r.Kind)))
		return address{world.RoomTopic(r.ID), []string{r.Kind}}, q.err
	case *tickroomv1.RoomServicePostRequest_Player:
		q.id("player", to.Player)
		topic := world.PlayerTopic(to.Player)
		if q.err == nil {
			err := world.CheckTopic(topic)
			q.must(err == nil, "player %q can't be posted to: %v", short(to.Player), err)
		}
		return address{topic, typ.Kinds}, q.err
	case *tickroomv1.RoomServicePostRequest_Topic:
		if err := s.checkTopic(ctx, to.Topic); err != nil {
			return address{}, err
		}
		if kind := kindIn(to.Topic); typ.Of(kind) {
			return address{to.Topic, []string{kind}}, nil
		}
		return address{to.Topic, typ.Kinds}, nil
	}
	return address{}, failed(connect.CodeInvalidArgument, "to whom? give room, player or topic, one of the three")
}

// kindIn returns the second part of a topic, which names a kind of rooms in topics such as
// gifts/danmaku/main.
func kindIn(topic string) string {
	if parts := strings.Split(topic, "/"); len(parts) > 1 {
		return parts[1]
	}
	return ""
}

// checkTopic checks a topic that a backend has named. Who is bound to kinds may post to those whose
// second part is one of them.
func (s *Service) checkTopic(ctx context.Context, topic string) error {
	var q request
	err := world.CheckTopic(topic)
	q.must(err == nil, "topic: %v", err)
	for _, own := range ownTopics {
		q.must(!strings.HasPrefix(topic, own), "topic %q: those that begin with %s are not for backends; a room or a player is posted to by the fields of these names", short(topic), own)
	}
	if c := callerOf(ctx); q.err == nil && len(c.Kinds) > 0 && !(strings.Contains(topic, "/") && c.MayKind(kindIn(topic))) {
		return failed(connect.CodePermissionDenied, "topic %q: the token is bound to the kinds %s, and may post to topics such as WORD/%s/NAME", short(topic), list(c.Kinds), c.Kinds[0])
	}
	return q.err
}

// errNoShow is wrapped by the refusal of what is for a show that is not there.
var errNoShow = errors.New("there is no show")

// makesSense returns what is wrong with a message for all who might hear it; nil: nothing is, for one
// of them. opens is to be called once the message is posted.
func (s *Service) makesSense(ctx context.Context, to address, typ *messages.Type, data []byte) (opens func(), wrong error) {
	opens = func() {}
	for _, name := range to.kinds {
		k := s.o.Registry.Kind(name)
		if k == nil || !k.Takes(typ.ID) || !callerOf(ctx).MayKind(name) {
			continue
		}
		m := typ.New()
		err := m.UnmarshalProto(data)
		if err != nil { // as another library has read it, that can't be
			return nil, failed(connect.CodeInvalidArgument, "it is no %s: %v", typ.Name, err)
		}
		show, err := k.CheckPost(to.topic, m)
		switch {
		case err != nil:
			wrong = cmp.Or[error](wrong, failed(connect.CodeInvalidArgument, "%s: %v", typ.Name, err))
		case show != "" && !s.shows.known(ctx, name, show):
			wrong = cmp.Or[error](wrong, failed(connect.CodeFailedPrecondition, "topic %q: %w %q now, and nobody would see it: nothing was taken. It is there as soon as somebody watches, or CreateRoom has made a room of it; post it again then, with the same key", short(to.topic), errNoShow, short(show)))
		default:
			if show != "" && k.Inbox.Opens {
				opens = func() { s.o.Registry.HoldShow(name, show) }
			}
			return opens, nil
		}
	}
	return opens, wrong
}
