package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

const source = "tickroom/v1/close.proto"

// table is what close.proto holds.
type table struct {
	Source   string
	Advices  []advice
	Codes    []code // by number
	Unlisted []codeRange
}

// advice is a value of the enum Advice.
type advice struct {
	value tickroomv1.Advice
	Name  string // such as ComeBackLater
	Words string // such as "come back later"
	About string // its comment
}

// rule is what a client does about a code.
type rule struct {
	*tickroomv1.CloseRule
	Advice advice
}

// code is a value of the enum CloseCode.
type code struct {
	rule
	Number int
	Name   string // such as ROOM_FULL
	About  string // its comment
}

// codeRange is a rule for codes that are not listed.
type codeRange struct {
	rule
	First, Last uint32
}

// Camel returns the code's name as Go and TypeScript have it.
func (c code) Camel() string { return camel(c.Name) }

// read compiles close.proto below a root of .proto files.
func read(ctx context.Context, root fs.FS) (*table, error) {
	files, err := protosrc.Compile(ctx, []string{source}, root)
	if err != nil {
		return nil, err
	}
	req, err := protosrc.Request("", files)
	if err != nil {
		return nil, err
	}
	plugin, err := protogen.Options{}.New(req)
	if err != nil {
		return nil, err
	}
	t := &table{Source: "proto/" + source}
	for _, e := range plugin.FilesByPath[source].Enums {
		switch e.Desc.Name() {
		case "Advice":
			t.addAdvices(e)
		case "CloseCode":
			if err := t.addCodes(e); err != nil {
				return nil, err
			}
		}
	}
	if len(t.Codes) == 0 || len(t.Unlisted) == 0 {
		return nil, fmt.Errorf("%s has no close codes, or no rule for those that are not listed", t.Source)
	}
	slices.SortFunc(t.Codes, func(a, b code) int { return cmp.Compare(a.Number, b.Number) })
	return t, nil
}

func (t *table) addAdvices(e *protogen.Enum) {
	for _, v := range e.Values {
		name := strings.TrimPrefix(string(v.Desc.Name()), "ADVICE_")
		if v.Desc.Number() == 0 {
			continue
		}
		t.Advices = append(t.Advices, advice{
			tickroomv1.Advice(v.Desc.Number()), camel(name), strings.ToLower(strings.ReplaceAll(name, "_", " ")), sentence(v.Comments),
		})
	}
}

func (t *table) addCodes(e *protogen.Enum) error {
	ranges, _ := proto.GetExtension(e.Desc.Options(), tickroomv1.E_Unlisted).([]*tickroomv1.CloseRange)
	for _, r := range ranges {
		rule, err := t.rule(fmt.Sprintf("%d to %d", r.GetFirst(), r.GetLast()), r.GetClose())
		if err != nil {
			return err
		}
		t.Unlisted = append(t.Unlisted, codeRange{rule, r.GetFirst(), r.GetLast()})
	}
	for _, v := range e.Values {
		if v.Desc.Number() == 0 {
			continue
		}
		name := strings.TrimPrefix(string(v.Desc.Name()), "CLOSE_CODE_")
		said, _ := proto.GetExtension(v.Desc.Options(), tickroomv1.E_Close).(*tickroomv1.CloseRule)
		rule, err := t.rule(name, said)
		if err != nil {
			return err
		}
		about := sentence(v.Comments)
		if about == "" {
			return fmt.Errorf("%s has no comment, which the tables need", name)
		}
		t.Codes = append(t.Codes, code{rule, int(v.Desc.Number()), name, about})
	}
	return nil
}

func (t *table) rule(name string, r *tickroomv1.CloseRule) (rule, error) {
	i := slices.IndexFunc(t.Advices, func(a advice) bool { return a.value == r.GetAdvice() })
	switch {
	case i < 0:
		return rule{}, fmt.Errorf("%s has no advice: give it the option (close)", name)
	case r.GetText() == "":
		return rule{}, fmt.Errorf("%s has no text", name)
	case r.GetWaitMs() > 60_000:
		return rule{}, fmt.Errorf("%s has clients wait for %d ms, more than a minute", name, r.GetWaitMs())
	}
	return rule{r, t.Advices[i]}, nil
}

// sentence returns a comment in one line.
func sentence(c protogen.CommentSet) string {
	return strings.Join(strings.Fields(string(c.Leading)), " ")
}

// camel returns ROOM_FULL as RoomFull.
func camel(name string) string {
	var b strings.Builder
	for _, w := range strings.Split(name, "_") {
		b.WriteString(w[:1] + strings.ToLower(w[1:]))
	}
	return b.String()
}
