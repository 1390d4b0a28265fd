package roomservice

import (
	"context"
	"errors"
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
	topic, err := s.topic(ctx, m, typ)
	if err != nil {
		return nil, err
	}
	number, err := s.o.Bus.Post(ctx, &bus.Draft{Topic: topic, Key: m.GetKey(), ID: typ.ID, Type: typ.Name, Data: data})
	switch {
	case errors.Is(err, bus.ErrFull):
		return nil, retry(failed(connect.CodeResourceExhausted, "too many messages wait to be posted"), later)
	case err != nil && ctx.Err() == nil:
		s.o.Logger.Warn("a backend's message can't be posted now", "service", callerOf(ctx).Name, "topic", topic, "error", err)
		return nil, retry(failed(connect.CodeUnavailable, "the bus can't be reached: nobody knows whether the message was posted; post it again with the same key in %d s", int(later.Seconds())), later)
	case err != nil:
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.RoomServicePostResponse{Topic: topic, Number: number}), nil
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
	typ, c := s.o.Messages.Find(m.GetMessage()), callerOf(ctx)
	if typ == nil || !mayAny(c, typ.Kinds) {
		var known []string
		for _, kind := range s.o.Registry.Kinds() {
			if c.MayKind(kind) {
				known = append(known, s.o.Messages.Names(kind)...)
			}
		}
		return nil, nil, failed(connect.CodeInvalidArgument, "message %q: there is none of that name; there are: %s", short(m.GetMessage()), list(known))
	}
	data := m.GetData()
	var err error
	if m.GetJson() != nil {
		var text []byte
		if text, err = m.GetJson().MarshalJSON(); err == nil {
			data, err = typ.FromJSON(text)
		}
	} else {
		err = typ.Check(data)
	}
	if err != nil {
		what := "data"
		if m.GetJson() != nil {
			what = "json"
		}
		return nil, nil, failed(connect.CodeInvalidArgument, "%s: %v", what, err)
	}
	q.must(len(data) <= world.MaxPost, "the message has %d bytes; there can be %d", len(data), world.MaxPost)
	return typ, data, q.err
}

func mayAny(c *caller, kinds []string) bool {
	for _, k := range kinds {
		if c.MayKind(k) {
			return true
		}
	}
	return false
}

// list lists names for people, each once.
func list(names []string) string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			out = append(out, n)
		}
		seen[n] = true
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// topic returns where a message goes.
func (s *Service) topic(ctx context.Context, m *tickroomv1.RoomServicePostRequest, typ *messages.Type) (string, error) {
	var q request
	switch to := m.GetTo().(type) {
	case *tickroomv1.RoomServicePostRequest_Room:
		r, err := s.find(ctx, to.Room)
		if err != nil {
			return "", err
		}
		q.must(typ.Of(r.Kind), "message %s: rooms of kind %s have no such message; they have: %s", typ.Name, r.Kind, list(s.o.Messages.Names(r.Kind)))
		return world.RoomTopic(r.ID), q.err
	case *tickroomv1.RoomServicePostRequest_Player:
		q.id("player", to.Player)
		topic := world.PlayerTopic(to.Player)
		if q.err == nil {
			err := world.CheckTopic(topic)
			q.must(err == nil, "player %q can't be posted to: %v", short(to.Player), err)
		}
		return topic, q.err
	case *tickroomv1.RoomServicePostRequest_Topic:
		s.checkTopic(ctx, &q, to.Topic)
		return to.Topic, q.err
	}
	return "", failed(connect.CodeInvalidArgument, "to whom? give room, player or topic, one of the three")
}

// checkTopic checks a topic that a backend has named. Who is bound to kinds may post to those whose
// second part is one of them, as in gifts/danmaku/main.
func (s *Service) checkTopic(ctx context.Context, q *request, topic string) {
	err := world.CheckTopic(topic)
	q.must(err == nil, "topic: %v", err)
	for _, own := range ownTopics {
		q.must(!strings.HasPrefix(topic, own), "topic %q: those that begin with %s are not for backends; a room or a player is posted to by the fields of these names", short(topic), own)
	}
	if c := callerOf(ctx); len(c.Kinds) > 0 {
		parts := strings.Split(topic, "/")
		q.must(len(parts) > 1 && c.MayKind(parts[1]), "topic %q: the token is bound to kinds, and may post to topics such as WORD/%s/NAME", short(topic), c.Kinds[0])
	}
}
