package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/cli"
	"github.com/tickroom/tickroom/proto/codegen"
)

func newGenerate() *cobra.Command {
	cfg := codegen.Config{}
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate the Go and TypeScript code of a game's schema",
		Long: `Generate the code of a game's schema, from all .proto files below a directory: the Go
code for the server beside them, and the TypeScript for the page, if there is one.

Nothing else has to be installed for that. It writes what the plugin protoc-gen-tickroom
would under protoc or buf. Files that are as they should be are left alone.`,
		Example: `  tickroom generate                           # proto/ to proto/, and to page/src/gen
  tickroom generate --ts web/src/gen          # where the page's code goes
  tickroom generate --proto schemas --go schemas --ts ""`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("ts") {
				if info, err := os.Stat("page"); err != nil || !info.IsDir() {
					cfg.TypeScript = ""
				}
			}
			if !cmd.Flags().Changed("go") {
				cfg.Go = cfg.Proto
			}
			if cfg.Go == "" && cfg.TypeScript == "" {
				return cli.UsageError(fmt.Errorf("neither --go nor --ts says where code goes; give one of them"))
			}
			changed, err := codegen.Generate(cmd.Context(), cfg)
			for _, name := range changed {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Proto, "proto", "proto", "`directory` of the .proto files, from which imports are seen")
	f.StringVar(&cfg.Go, "go", "", "`directory` for the Go code (default: that of the .proto files)")
	f.StringVar(&cfg.TypeScript, "ts", "page/src/gen", "`directory` for the TypeScript; none if it is empty, or left out and there is no page")
	f.StringVar(&cfg.Runtime, "runtime", "", "`module` of the client library in the TypeScript (default @tickroom/client)")
	f.SortFlags = false
	return cmd
}
