// Protoc-gen-tickroom is a protoc and buf plugin that writes the Go side of a
// game's schema: plain structs for its messages, with everything that tickroom
// needs to store, compare and send them. docs/schema.md explains schemas.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/tickroom/tickroom/proto/internal/gen"
)

func main() {
	protogen.Options{}.Run(gen.Generate)
}
