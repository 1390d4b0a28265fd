// Package gen writes the Go code of a game's schema; protoc-gen-tickroom is its
// command. It checks a schema, says by file, line and column what it can't take,
// and writes <file>.tickroom.go beside each file that has messages or enums.
//
// It knows the wire no further than package schema does: generated code calls
// that package for everything that is not a plain loop over fields.
package gen

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	schemaPackage = protogen.GoImportPath("github.com/tickroom/tickroom/proto/schema")
	wirePackage   = protogen.GoImportPath("google.golang.org/protobuf/encoding/protowire")
)

// Generate writes the Go code of all files of a plugin's request, or returns
// what is wrong with them, one line for each refusal.
func Generate(p *protogen.Plugin) error {
	// All of this is refused, but by us, who say where it stands and what to do.
	p.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL | pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
	p.SupportedEditionsMinimum = descriptorpb.Edition_EDITION_PROTO2
	p.SupportedEditionsMaximum = descriptorpb.Edition_EDITION_2024

	games, errs := readGames(p)
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, g := range games {
		for i, f := range g.files {
			g.writeFile(p, f, i == 0)
		}
	}
	return nil
}

// game is one Go package of messages.
type game struct {
	importPath protogen.GoImportPath
	files      []*file
	messages   map[*protogen.Message]*message

	components, events, commands, posted []*message // by id
	input                                *message
}

type file struct {
	*protogen.File
	messages []*message // nested ones too, in the order of the file
	enums    []*protogen.Enum
}

// role is what a message's options make of it.
type role int

const (
	plain role = iota
	component
	input
	event
	command
	posted
)

func (r role) String() string {
	return [...]string{"plain message", "component", "input", "event", "command", "message"}[r]
}

type message struct {
	*protogen.Message
	name   string // within the package
	role   role
	id     uint32
	fields []*field // as declared

	reliable  bool     // of an event
	replyName string   // of a command, as in the option
	reply     *message // of a command; nil for none
}

// byNumber returns the fields in the order of their numbers, which is the order
// that they are encoded in.
func (m *message) byNumber() []*field {
	return slices.SortedFunc(slices.Values(m.fields), func(a, b *field) int {
		return cmp.Compare(a.Desc.Number(), b.Desc.Number())
	})
}

// readGames sorts the request's files by Go package and checks them.
func readGames(p *protogen.Plugin) ([]*game, []error) {
	var c checker
	var games []*game
	for _, f := range p.Files {
		if !f.Generate || len(f.Messages)+len(f.Enums) == 0 {
			continue
		}
		if !c.syntax(f) {
			continue
		}
		i := slices.IndexFunc(games, func(g *game) bool { return g.importPath == f.GoImportPath })
		if i < 0 {
			i = len(games)
			games = append(games, &game{importPath: f.GoImportPath, messages: map[*protogen.Message]*message{}})
		}
		games[i].files = append(games[i].files, &file{File: f})
	}
	for _, g := range games {
		slices.SortFunc(g.files, func(a, b *file) int { return cmp.Compare(a.Desc.Path(), b.Desc.Path()) })
		for _, f := range g.files {
			g.read(&c, f, f.Enums, f.Messages)
		}
		c.game(g)
		for _, f := range p.Files {
			if !f.Generate && f.GoImportPath == g.importPath && f.Desc.Package() == g.files[0].Desc.Package() {
				c.add(fmt.Errorf("%s: it belongs to the Go package %s as well: pass all files of a package to the plugin in one run", f.Desc.Path(), g.importPath))
			}
		}
	}
	return games, c.errs
}

// read takes in enums and messages, and those nested in them.
func (g *game) read(c *checker, f *file, enums []*protogen.Enum, messages []*protogen.Message) {
	f.enums = append(f.enums, enums...)
	for _, pm := range messages {
		if pm.Desc.IsMapEntry() {
			continue
		}
		m := c.message(pm)
		g.messages[pm] = m
		f.messages = append(f.messages, m)
		switch m.role {
		case component:
			g.components = append(g.components, m)
		case event:
			g.events = append(g.events, m)
		case command:
			g.commands = append(g.commands, m)
		case posted:
			g.posted = append(g.posted, m)
		case input:
			if g.input != nil {
				c.at(pm.Desc, optInput, "%s is the game's input already: a game has one", g.input.name)
			}
			g.input = m
		}
		g.read(c, f, pm.Enums, pm.Messages)
	}
}
