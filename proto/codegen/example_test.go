package codegen_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tickroom/tickroom/proto/codegen"
)

// The code of a game's server and of its page, from the schema alone.
func ExampleGenerate() {
	dir, err := os.MkdirTemp("", "codegen")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	schema := `syntax = "proto3";
package dodge.v1;
import "tickroom/v1/options.proto";
option go_package = "example.com/dodge/proto/dodge/v1;dodgev1";

// Ball is somebody on the field.
message Ball {
  option (tickroom.v1.component) = 1;
  float x = 1 [(tickroom.v1.field) = {step: 0.125}];
}
`
	proto := filepath.Join(dir, "proto")
	if err := os.MkdirAll(filepath.Join(proto, "dodge", "v1"), 0o777); err != nil {
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(filepath.Join(proto, "dodge", "v1", "dodge.proto"), []byte(schema), 0o666); err != nil {
		fmt.Println(err)
		return
	}
	changed, err := codegen.Generate(context.Background(), codegen.Config{Proto: proto, Go: proto, TypeScript: filepath.Join(dir, "page")})
	for _, name := range changed {
		rel, _ := filepath.Rel(dir, name)
		fmt.Println(filepath.ToSlash(rel))
	}
	fmt.Println(err)
	// Output:
	// page/dodge/v1/dodge.tickroom.ts
	// proto/dodge/v1/dodge.tickroom.go
	// <nil>
}
