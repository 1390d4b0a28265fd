package service

import (
	"errors"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Filter returns whether rooms are as a query wants them, for those who know all rooms: beside what
// players ask for there are private, closed and node. Empty: all are. The error says what is wrong
// with the query.
func Filter(text string) (func(r *store.Listing) bool, error) {
	if text == "" {
		return func(*store.Listing) bool { return true }, nil
	}
	q, err := query.Compile(text)
	if err != nil {
		return nil, errors.New(query.Detail(err))
	}
	return func(r *store.Listing) bool {
		return q.Match(&query.Subject{}, subject(r, map[string]any{"private": r.Private, "closed": r.Closed, "node": r.Node}))
	}, nil
}
