package gen_test

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/tickroom/tickroom/proto/internal/gen"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

const sdkDir = "../../../web/sdk" // the client library from here

// sdkSources returns the .proto files that the client library has code of, by the
// folder that it is in.
func sdkSources(t *testing.T) map[string][]string {
	t.Helper()
	_, games := sources(t)
	by := map[string][]string{"src/gen": {}, "test/gen": {}}
	for _, g := range games {
		switch {
		case strings.HasPrefix(g, "tickroom/"):
			by["src/gen"] = append(by["src/gen"], g)
		case strings.HasPrefix(g, "internal/testschema/"):
			by["test/gen"] = append(by["test/gen"], g)
		}
	}
	return by
}

// TestTypeScriptIsFresh holds the modules of games in the client library against
// the generator.
func TestTypeScriptIsFresh(t *testing.T) {
	t.Parallel()
	for dir, names := range sdkSources(t) {
		ts := gen.TypeScript{Runtime: map[string]string{"src/gen": "../game.js", "test/gen": "../../src/game.js"}[dir]}
		p, err := protogen.Options{}.New(request(t, names, "paths=source_relative"))
		if err != nil {
			t.Fatal(err)
		}
		if err := ts.Generate(p); err != nil {
			t.Fatal(err)
		}
		generated := map[string]bool{}
		for _, f := range p.Response().File {
			name := filepath.Join(sdkDir, dir, f.GetName())
			generated[name] = true
			committed, err := os.ReadFile(name)
			if err != nil {
				t.Errorf("%v\nrun: make generate", err)
			} else if diff := cmp.Diff(string(committed), f.GetContent()); diff != "" {
				t.Errorf("%s is stale (- committed, + generated):\n%s\nrun: make generate", name, diff)
			}
		}
		for _, name := range tsFiles(t, filepath.Join(sdkDir, dir), ".tickroom.ts") {
			if !generated[name] {
				t.Errorf("%s has no .proto file that it comes from; remove it", name)
			}
		}
	}
}

// TestFieldOptionsAreFresh holds what the client library knows of the options of fields
// against the generator.
func TestFieldOptionsAreFresh(t *testing.T) {
	t.Parallel()
	p, err := protogen.Options{}.New(request(t, []string{"tickroom/v1/frame.proto"}, "paths=source_relative"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gen.FieldOptions(p); err != nil {
		t.Fatal(err)
	}
	files := p.Response().File
	if len(files) != 1 {
		t.Fatalf("%d files are generated, want 1", len(files))
	}
	name := filepath.Join(sdkDir, "src/gen", files[0].GetName())
	committed, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v\nrun: make generate", err)
	}
	if diff := cmp.Diff(string(committed), files[0].GetContent()); diff != "" {
		t.Errorf("%s is stale (- committed, + generated):\n%s\nrun: make generate", name, diff)
	}
}

// TestTypeScriptMessagesAreFresh holds what protoc-gen-es has written against the
// .proto files, by the descriptors in it: Node isn't needed for that.
func TestTypeScriptMessagesAreFresh(t *testing.T) {
	t.Parallel()
	source := regexp.MustCompile(`@generated from file (\S+) `)
	encoded := regexp.MustCompile(`fileDesc\("([^"]+)"`)
	for dir, names := range sdkSources(t) {
		if dir == "src/gen" {
			names = []string{"tickroom/v1/frame.proto", "tickroom/v1/matchmaking.proto"}
		}
		want := map[string]bool{}
		for _, n := range names {
			want[n] = true
		}
		files, err := protosrc.Compile(t.Context(), names, os.DirFS(protoDir))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tsFiles(t, filepath.Join(sdkDir, dir), "_pb.ts") {
			code, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			from, desc := source.FindSubmatch(code), encoded.FindSubmatch(code)
			if from == nil || desc == nil {
				t.Errorf("%s does not look like the work of protoc-gen-es", name)
				continue
			}
			if !want[string(from[1])] {
				t.Errorf("%s has no .proto file that it comes from; remove it", name)
				continue
			}
			delete(want, string(from[1]))
			b, err := base64.RawStdEncoding.DecodeString(string(desc[1]))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(b, got); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			file := protodesc.ToFileDescriptorProto(files.FindFileByPath(string(from[1])))
			if diff := cmp.Diff(bare(file), bare(got), protocmp.Transform()); diff != "" {
				t.Errorf("%s is stale (- .proto file, + committed):\n%s\nrun: make generate", name, diff)
			}
		}
		for n := range want {
			t.Errorf("there is no TypeScript of %s in %s\nrun: make generate", n, dir)
		}
	}
}

// bare returns a descriptor without what the library leaves out: the source, the
// options of schemas, and names that follow from others.
func bare(f *descriptorpb.FileDescriptorProto) *descriptorpb.FileDescriptorProto {
	f = proto.CloneOf(f)
	f.SourceCodeInfo = nil
	f.Dependency = nil
	var messages func(ms []*descriptorpb.DescriptorProto)
	messages = func(ms []*descriptorpb.DescriptorProto) {
		for _, m := range ms {
			m.Options = nil
			for _, f := range m.Field {
				f.JsonName = nil
				// What is left of options is whether a list is packed.
				packed := f.GetOptions().GetPacked()
				set := f.GetOptions() != nil && f.Options.Packed != nil
				f.Options = nil
				if set {
					f.Options = &descriptorpb.FieldOptions{Packed: &packed}
				}
			}
			messages(m.NestedType)
		}
	}
	messages(f.MessageType)
	return f
}

func tsFiles(t *testing.T, dir, suffix string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, suffix) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// oneTS generates the module of one file.
func oneTS(t *testing.T, body string) string {
	t.Helper()
	out, err := generateBy(t, gen.TypeScript{}.Generate, []txtar.File{{Name: "a/b/a.proto", Data: []byte(`syntax = "proto3";
package my.duel.v2;
import "tickroom/v1/options.proto";
option go_package = "example.com/a";
` + body)}})
	if err != nil {
		t.Fatal(err)
	}
	return out["a/b/a.tickroom.ts"]
}

func TestTypeScriptNames(t *testing.T) {
	t.Parallel()
	// Names of the game's own that the module needs otherwise, or that can't be
	// names in TypeScript.
	got := oneTS(t, `
enum Kind {
  KIND_NONE = 0;
  KIND_2D = 1;
}
message Delete {
  option (tickroom.v1.command) = {id: 1, reply: "Reply"};
}
message Input {
  option (tickroom.v1.command) = {id: 2};
  Kind kind = 1;
}
message Reply { string to_string = 1; }
message Row {
  option (tickroom.v1.component) = 1;
  uint32 entity = 1;
  Kind kind = 2;
  repeated bytes x_2_y = 3; // */ trailing
  uint32 old = 4 [deprecated = true];
}
message Nothing { option (tickroom.v1.component) = 3; }`)
	for _, want := range []string{
		"import { Kind as Kind$, command, component, enumeration, field, message, type Message } from '@tickroom/client';",
		"declare namespace Enums {\n  enum Kind {\n    KIND_NONE = 0,\n    KIND_2D = 1,\n  }\n}\n",
		"export type Input = Message<'my.duel.v2.Input'> & {\n  kind: Kind;\n};",
		"export const kind = 'duel';",
		"enumeration<typeof Enums.Kind>({\n  KIND_NONE: 0,\n  KIND_2D: 1,\n});",
		"export const delete$ = /* @__PURE__ */ command(1, DeleteMessage, ReplyMessage);",
		"export const input$ = /* @__PURE__ */ command(2, InputMessage);",
		"[1, 'toString$', 'string'],\n]);",
		"  entity$: number;\n  kind: Kind;\n  /** *\\/ trailing */\n  x2Y: readonly Uint8Array[];\n  /** @deprecated It is marked as deprecated in the schema. */\n  old: number;\n",
		"field(1, 'entity', Kind$.Uint, 'entity$'),",
		"field(3, 'x_2_y', Kind$.Bytes, 'x2Y', { repeated: true }),",
		"export type Nothing = object;",
		"nothing: /* @__PURE__ */ component<Nothing>(3, 'Nothing', [\n  ]),",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in:\n%s", want, got)
		}
	}
}

// TestTypeScriptHasNothingUnused holds modules to the compilers' noUnusedLocals: whatever is imported
// or kept to the module is used in it.
func TestTypeScriptHasNothingUnused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a command without a reply, and a message for nobody": `
message Play { option (tickroom.v1.command) = {id: 1}; uint32 card = 1; }
message Played { uint32 left = 1; }`,
		"messages that hold each other": `
message Play { option (tickroom.v1.command) = {id: 1, reply: "Played"}; }
message Played { In in = 1; }
message In { In next = 1; }
message Out { Other other = 1; }
message Other { Out out = 1; }`,
		"a component alone": `
message Card { option (tickroom.v1.component) = 1; uint32 rank = 1; }`,
		"a component, and a message for nobody": `
message Card { option (tickroom.v1.component) = 1; uint32 rank = 1; }
message Played { uint32 left = 1; }`,
		"a component without fields": `
message Card { option (tickroom.v1.component) = 1; }`,
		"an event and a reply with components in them": `
message Card { option (tickroom.v1.component) = 1; uint32 rank = 1; }
message Dealt { option (tickroom.v1.event) = {id: 1}; repeated Card cards = 1; Hand hand = 2; }
message Hand { option (tickroom.v1.component) = 2; repeated uint32 ranks = 1; }
message Ask { option (tickroom.v1.command) = {id: 1, reply: "Answer"}; }
message Answer { Card card = 1; }`,
		"an event and an enum": `
message Dealt { option (tickroom.v1.event) = {id: 1}; Suit suit = 1; }
enum Suit { SUIT_UNSPECIFIED = 0; }`,
		"an event, and a message between rooms": `
message Dealt { option (tickroom.v1.event) = {id: 1}; In in = 1; }
message Gift { option (tickroom.v1.message) = {id: 1}; In in = 1; Hidden hidden = 2; Seen seen = 3; }
message Hidden { uint32 n = 1; }
message In { uint32 n = 1; }
message Seen { uint32 n = 1; }
message Unused { Seen seen = 1; }`,
		"an input, and what is no part of anything": `
message Move { option (tickroom.v1.input) = true; }
message Join { Deep deep = 1; }
message Deep { repeated uint32 n = 1; }`,
	} {
		got := oneTS(t, body)
		var locals []string
		for _, m := range regexp.MustCompile(`(?m)^import \{ (.*) \} from`).FindAllStringSubmatch(got, -1) {
			for part := range strings.SplitSeq(strings.ReplaceAll(m[1], "type ", ""), ", ") {
				if _, as, ok := strings.Cut(part, " as "); ok {
					part = as
				}
				locals = append(locals, part)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:import type \* as|const) (\w+)`).FindAllStringSubmatch(got, -1) {
			locals = append(locals, m[1])
		}
		if strings.Contains(got, "= Message<") != slices.Contains(locals, "Message") {
			t.Errorf("%s: the type Message is not imported if it is used, or the other way round:\n%s", name, got)
		}
		for _, value := range regexp.MustCompile(`\b\w+Message\b`).FindAllString(got, -1) {
			if !slices.Contains(locals, value) {
				t.Errorf("%s: %s is used, and is nowhere:\n%s", name, value, got)
			}
		}
		for _, l := range locals {
			uses := regexp.MustCompile(`(?m)\b`+regexp.QuoteMeta(l)+`\b`).FindAllString(got, -1)
			if l == "message" || l == "event" || l == "command" || l == "component" {
				uses = append(regexp.MustCompile(`\b`+l+`[(<]`).FindAllString(got, -1), "import")
			}
			if len(uses) < 2 {
				t.Errorf("%s: %s is not used:\n%s", name, l, got)
			}
		}
	}
}

// TestTypeScriptPassesMessagesOver sees that pages know nothing of messages between rooms.
func TestTypeScriptPassesMessagesOver(t *testing.T) {
	t.Parallel()
	got := oneTS(t, `
message Dealt { option (tickroom.v1.event) = {id: 1}; In in = 1; Used used = 2; }
message Gift { option (tickroom.v1.message) = {id: 1}; In in = 1; Hidden hidden = 2; }
message Used { option (tickroom.v1.message) = {id: 2}; }
message Hidden { uint32 n = 1; }
message In { uint32 n = 1; }`)
	for _, known := range []string{"Dealt", "In", "Used"} {
		if !strings.Contains(got, "export type "+known+" ") {
			t.Errorf("%s is missing:\n%s", known, got)
		}
	}
	if strings.Contains(got, "Gift") || strings.Contains(got, "Hidden") {
		t.Errorf("a message between rooms is there:\n%s", got)
	}
}

func TestTypeScriptRuntime(t *testing.T) {
	t.Parallel()
	files := []txtar.File{{Name: "a/b/a.proto", Data: []byte(`syntax = "proto3";
package a;
import "tickroom/v1/options.proto";
option go_package = "example.com/a";
message M { option (tickroom.v1.component) = 1; }`)}}
	for runtime, want := range map[string]string{"": "@tickroom/client", "./game.js": "../../game.js", "../game.js": "../../../game.js", "other": "other"} {
		out, err := generateBy(t, gen.TypeScript{Runtime: runtime}.Generate, files)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out["a/b/a.tickroom.ts"], "from '"+want+"';") {
			t.Errorf("%q: %s", runtime, out["a/b/a.tickroom.ts"])
		}
	}
}

func TestTypeScriptRefuses(t *testing.T) {
	t.Parallel()
	_, err := generateBy(t, gen.TypeScript{}.Generate, []txtar.File{{Name: "a.proto", Data: []byte(`syntax = "proto3";
package a;
option go_package = "example.com/a";
message M { map<string, string> m = 1; }`)}})
	if err == nil || !strings.Contains(err.Error(), "maps are not supported") {
		t.Error(err)
	}
}
