// Protoc-gen-tickroom is a protoc and buf plugin that writes a game's side of
// its schema. In Go, which is the default, plain structs for its messages, with
// everything that tickroom needs to store, compare and send them. With the
// option lang=ts, the module from which a page's client library knows the game;
// runtime=<module> names that library, if it isn't @tickroom/client. With
// lang=ts-options, a part of that library itself.
// docs/schema.md explains schemas.
package main

import (
	"flag"
	"fmt"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/tickroom/tickroom/proto/internal/gen"
)

func main() {
	var (
		flags   flag.FlagSet
		lang    = flags.String("lang", "go", "go, ts or ts-options")
		runtime = flags.String("runtime", "", "the module of the client library, for ts")
	)
	protogen.Options{ParamFunc: flags.Set}.Run(func(p *protogen.Plugin) error {
		switch *lang {
		case "go":
			return gen.Generate(p)
		case "ts":
			return gen.TypeScript{Runtime: *runtime}.Generate(p)
		case "ts-options":
			return gen.FieldOptions(p)
		}
		return fmt.Errorf("lang is %q: use go, ts or ts-options", *lang)
	})
}
