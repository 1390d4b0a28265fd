package danmaku

import (
	"slices"
	"strings"
	"testing"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

func gift(change func(*danmakuv1.Gift)) *danmakuv1.Gift {
	g := &danmakuv1.Gift{PlayerId: "ann", Name: "Ann", Gift: "rose", Title: "Rose", Count: 3, Value: 30}
	if change != nil {
		change(g)
	}
	return g
}

func paid(change func(*danmakuv1.PaidComment)) *danmakuv1.PaidComment {
	c := &danmakuv1.PaidComment{PlayerId: "ann", Name: "Ann", Text: "hello", Amount: 500, Currency: "EUR"}
	if change != nil {
		change(c)
	}
	return c
}

// TestCheckPost has what backends may post, and what makes no sense, with the field that is told.
func TestCheckPost(t *testing.T) {
	t.Parallel()
	const gifts, words = "gifts/danmaku/tonight", "words/danmaku"
	for name, c := range map[string]struct {
		topic string
		m     schema.Posted
		show  string
		says  string // empty: it is good
	}{
		"a gift":             {gifts, gift(nil), "tonight", ""},
		"one without title":  {gifts, gift(func(g *danmakuv1.Gift) { g.Title, g.Name, g.Value = "", "", 0 }), "tonight", ""},
		"the most":           {gifts, gift(func(g *danmakuv1.Gift) { g.Count, g.Value = 1e6, 1e12 }), "tonight", ""},
		"nothing in it":      {gifts, &danmakuv1.Gift{}, "", "playerId is missing"},
		"no player":          {gifts, gift(func(g *danmakuv1.Gift) { g.PlayerId = "" }), "", "playerId is missing"},
		"a long player":      {gifts, gift(func(g *danmakuv1.Gift) { g.PlayerId = strings.Repeat("a", 129) }), "", "playerId: it has 129 bytes"},
		"an odd player":      {gifts, gift(func(g *danmakuv1.Gift) { g.PlayerId = "a\nb" }), "", "control characters"},
		"a long name":        {gifts, gift(func(g *danmakuv1.Gift) { g.Name = strings.Repeat("n", 33) }), "", "name: it has 33 characters"},
		"a name of marks":    {gifts, gift(func(g *danmakuv1.Gift) { g.Name = "a" + strings.Repeat("\u0301", 400) }), "", "name: "},
		"no gift":            {gifts, gift(func(g *danmakuv1.Gift) { g.Gift = "" }), "", "gift is missing"},
		"none of it":         {gifts, gift(func(g *danmakuv1.Gift) { g.Count = 0 }), "", "count is 0; it must be from 1 to 1000000"},
		"too many of it":     {gifts, gift(func(g *danmakuv1.Gift) { g.Count = 1<<32 - 1 }), "", "count is 4294967295"},
		"worth too much":     {gifts, gift(func(g *danmakuv1.Gift) { g.Value = 1<<64 - 1 }), "", "value is 18446744073709551615"},
		"a long title":       {gifts, gift(func(g *danmakuv1.Gift) { g.Title = strings.Repeat("t", 33) }), "", "title: "},
		"to another topic":   {"presents/danmaku/tonight", gift(nil), "", "it goes to gifts/danmaku/NAME"},
		"to a room":          {"room/danmaku-1", gift(nil), "", "it goes to gifts/danmaku/NAME"},
		"to no show":         {"gifts/danmaku/", gift(nil), "", "topic: the name of the show"},
		"an odd show":        {"gifts/danmaku/a/b", gift(nil), "", "topic: the name of the show"},
		"a super chat":       {gifts, paid(nil), "tonight", ""},
		"one without words":  {gifts, paid(func(c *danmakuv1.PaidComment) { c.Text = "" }), "tonight", ""},
		"an empty one":       {gifts, &danmakuv1.PaidComment{}, "", "playerId is missing"},
		"not paid":           {gifts, paid(func(c *danmakuv1.PaidComment) { c.Amount = 0 }), "", "amount is 0"},
		"paid too much":      {gifts, paid(func(c *danmakuv1.PaidComment) { c.Amount = 1e12 + 1 }), "", "amount is 1000000000001"},
		"in no currency":     {gifts, paid(func(c *danmakuv1.PaidComment) { c.Currency = "" }), "", "currency is missing"},
		"an odd currency":    {gifts, paid(func(c *danmakuv1.PaidComment) { c.Currency = "doubloons" }), "", "currency: it has 9 bytes"},
		"a long one":         {gifts, paid(func(c *danmakuv1.PaidComment) { c.Text = strings.Repeat("x", 201) }), "", "text: it has 201 characters"},
		"pinned for years":   {gifts, paid(func(c *danmakuv1.PaidComment) { c.Seconds = 1e6 }), "", "seconds is 1000000"},
		"an order":           {gifts, &danmakuv1.Order{By: "shop", Announce: &danmakuv1.Announce{Text: "Sale!"}}, "tonight", ""},
		"an order to mute":   {gifts, &danmakuv1.Order{Silence: &danmakuv1.Silence{Seconds: 60}, AuthorPlayerId: "bob"}, "tonight", ""},
		"one to mute nobody": {gifts, &danmakuv1.Order{Silence: &danmakuv1.Silence{Seconds: 60}}, "", "authorPlayerId"},
		"to unmute nobody":   {gifts, &danmakuv1.Order{Unsilence: &danmakuv1.Unsilence{}}, "", "authorPlayerId"},
		"to delete nothing":  {gifts, &danmakuv1.Order{Delete: &danmakuv1.Delete{}}, "", "delete.comment is 0"},
		"to pin an unknown":  {gifts, &danmakuv1.Order{Pin: &danmakuv1.PinComment{Comment: 7}}, "", "in the field comment"},
		"an empty order":     {gifts, &danmakuv1.Order{}, "", "it says 0 things"},
		"two orders in one":  {gifts, &danmakuv1.Order{Delete: &danmakuv1.Delete{Comment: 1}, Record: &danmakuv1.Record{}}, "", "it says 2 things"},
		"a poll of one":      {gifts, &danmakuv1.Order{OpenPoll: &danmakuv1.OpenPoll{Question: "?", Choices: []string{"a"}}}, "", "choices"},
		"a list":             {words, &danmakuv1.Words{Words: []string{"x"}}, "", ""},
		"a list of a show":   {words + "/later", &danmakuv1.Words{Words: []string{"x"}}, "", ""},
		"a part of a list":   {words, &danmakuv1.Words{Part: 2, Parts: 3}, "", ""},
		"a part too many":    {words, &danmakuv1.Words{Part: 4, Parts: 3}, "", "part is 4"},
		"part 0 of some":     {words, &danmakuv1.Words{Parts: 3}, "", "part is 0"},
		"many parts":         {words, &danmakuv1.Words{Part: 1, Parts: 65}, "", "parts is 65"},
		"a list to gifts":    {gifts, &danmakuv1.Words{}, "", "lists of blocked words go to"},
		"a gift to a list":   {words, gift(nil), "", "it goes to gifts/"},
	} {
		show, err := Kind(Outside{}).Inbox.Check(c.topic, c.m)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || err == nil && show != c.show {
			t.Errorf("%s: show %q, %v; want show %q, %q", name, show, err, c.show, c.says)
		}
	}
	house := Kind(Outside{})
	for _, m := range danmakuv1.Schema.Messages {
		if want := slices.Contains([]uint32{1, 2, 3, 4}, m.ID); house.Takes(m.ID) != want {
			t.Errorf("backends may post %s: %v", m.Name, house.Takes(m.ID))
		}
	}
}
