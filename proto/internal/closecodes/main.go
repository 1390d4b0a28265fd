// Closecodes makes from proto/tickroom/v1/close.proto what others know of close codes:
// the tables of the Go and the TypeScript client, those in the documentation, and a JSON
// file for clients in other languages. make generate runs it at the repository's root.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(context.Background(), "."); err != nil {
		fmt.Fprintln(os.Stderr, "closecodes:", err)
		os.Exit(1)
	}
}

// run writes all files anew in the repository whose root is given.
func run(ctx context.Context, root string) error {
	files, err := outputs(ctx, root)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// outputs returns what each file should hold, by its path from the root.
func outputs(ctx context.Context, root string) (map[string][]byte, error) {
	t, err := read(ctx, os.DirFS(filepath.Join(root, "proto")))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, o := range []struct {
		name string
		make func(*table) ([]byte, error)
	}{
		{"proto/gen/closecode/closecode.go", goPackage},
		{"proto/closecodes.json", jsonFile},
		{"web/sdk/src/gen/closecodes.ts", typescriptNames},
		{"web/sdk/src/gen/closerules.ts", typescriptRules},
	} {
		if files[o.name], err = o.make(t); err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
	}
	for _, name := range []string{"docs/protocol.md", "web/sdk/README.md"} {
		page, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		if files[name], err = t.fill(page); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
