package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A page has a line "<!-- close codes: KIND, made by make generate -->" above each table
// and "<!-- end of close codes -->" below it.
const (
	beginMark = "<!-- close codes: "
	endMark   = "<!-- end of close codes -->"
)

// fill puts the tables into a page.
func (t *table) fill(page []byte) ([]byte, error) {
	var out bytes.Buffer
	filled := 0
	for rest := page; ; filled++ {
		before, after, found := bytes.Cut(rest, []byte(beginMark))
		out.Write(before)
		if !found {
			break
		}
		mark, body, _ := bytes.Cut(after, []byte("\n"))
		_, rest, found = bytes.Cut(body, []byte(endMark))
		if !found {
			return nil, fmt.Errorf("there is no %q after %s", endMark, mark)
		}
		kind, _, _ := strings.Cut(string(mark), ",")
		table, ok := map[string]func() string{"all": t.allTable, "advice": t.adviceTable, "library": t.libraryTable}[kind]
		if !ok {
			return nil, fmt.Errorf("there is no table %q: there are all, advice and library", kind)
		}
		fmt.Fprintf(&out, "%s%s\n\n%s\n%s", beginMark, mark, table(), endMark)
	}
	if filled == 0 {
		return nil, fmt.Errorf("there is no %q", beginMark)
	}
	return out.Bytes(), nil
}

// allTable is for those who write a client.
func (t *table) allTable() string {
	var b strings.Builder
	b.WriteString("| code | meaning | what to do | keeps |\n| --- | --- | --- | --- |\n")
	for _, c := range t.Codes {
		fmt.Fprintf(&b, "| %d %s | %s | %s | %s |\n", c.Number, c.Name, cell(c.About), c.todo(), c.keeps())
	}
	for _, r := range t.Unlisted {
		what := fmt.Sprintf("%d to %d", r.First, r.Last)
		if r.First == 0 {
			what = "any other"
		}
		fmt.Fprintf(&b, "| %s | not listed here | %s | %s |\n", what, r.todo(), r.keeps())
	}
	return b.String()
}

// adviceTable says what the advice means.
func (t *table) adviceTable() string {
	var b strings.Builder
	b.WriteString("| what to do | |\n| --- | --- |\n")
	for _, a := range t.Advices {
		fmt.Fprintf(&b, "| %s | %s |\n", a.Words, cell(a.About))
	}
	return b.String()
}

// libraryTable is for those who write pages: the codes of tickroom's own that end a room.
func (t *table) libraryTable() string {
	var b strings.Builder
	b.WriteString("| code | meaning | what the library does |\n| --- | --- | --- |\n")
	ends := []string{"StayAway", "GetNewSeat", "GetNewToken"}
	for _, c := range t.Codes {
		if c.Number < 4000 {
			continue
		}
		does := c.todo()
		if slices.Contains(ends, c.Advice.Name) {
			does = "**" + does + "**"
		}
		fmt.Fprintf(&b, "| %d `%s` | %s | %s |\n", c.Number, c.Camel(), cell(c.About), does)
	}
	return b.String()
}

func (r rule) todo() string {
	s := r.Advice.Words
	if r.GetWaitMs() > 0 {
		s += ", after " + wait(r.GetWaitMs())
	}
	if r.GetOtherRoom() && r.Advice.Name != "JoinAnotherRoom" {
		s += ", or join another room"
	}
	return s
}

func (r rule) keeps() string {
	var list []string
	if r.GetKeepsSession() {
		list = append(list, "session")
	}
	if r.GetKeepsSeat() {
		list = append(list, "seat")
	}
	return strings.Join(list, ", ")
}

// cell returns a comment as it stands in a table.
func cell(s string) string { return strings.ReplaceAll(strings.TrimSuffix(s, "."), "|", `\|`) }
