package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

func newKinds(kinds []world.Kind) *cobra.Command {
	return &cobra.Command{
		Use:   "kinds",
		Short: "List the kinds of rooms, their schemas and their options",
		Long: `List the kinds of rooms: for each its name and what it is, the fingerprint of its
schema, how a room goes on where its journal is kept (journal.rooms), and its options with
their defaults. Two builds with the same fingerprint have
the same schema; with another one clients of the older build read what they know.`,
		Example: `  tickroom kinds
  tickroom serve --kind-option walkers.players=50`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 3, ' ', 0)
			for i, k := range kinds {
				if i > 0 {
					fmt.Fprintln(w)
				}
				// Without tabs, so that the table's columns don't follow it.
				fmt.Fprintf(w, "%s: %s\n", k.Name, k.Doc)
				fmt.Fprintf(w, "  schema %016x\n", k.Schema.Fingerprint())
				fmt.Fprintf(w, "  after the end of its server it %s\n", durable(k))
				for _, o := range k.Options {
					doc := o.Doc
					if o.Clients {
						doc += " (clients may choose it)"
					}
					fmt.Fprintf(w, "  %s.%s=%s\t%s\n", k.Name, o.Name, o.Default, doc)
				}
			}
			return w.Flush()
		},
	}
}

// durable says how rooms of a kind go on after the end of their server, if their journals are kept.
func durable(k world.Kind) string {
	if k.Backstage || k.New == nil {
		return "is made anew"
	}
	if r, _, err := world.NewRoom(k, world.Setup{Seed: 1}); err == nil && r.Saves() {
		return "goes on by checkpoints, in another build as well"
	}
	return "goes on by replay, in the same build"
}

func newConfig(kinds []world.Kind) *cobra.Command {
	hidden := func(kind, option string) bool {
		k := new(world.Kind)
		if i := slices.IndexFunc(kinds, func(k world.Kind) bool { return k.Name == kind }); i >= 0 {
			k = &kinds[i]
		}
		return k.SecretOption(option)
	}
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration that serve would run with",
		Long: `Print, as YAML, the configuration that serve would run with, given the same flags,
environment and file. What is printed can be used as a file. Secrets are left out.`,
		Example: `  tickroom config > tickroom.yaml             # a file to start from
  tickroom config --config tickroom.yaml      # check it`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			b, err := cfg.YAML(hidden)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	config.AddFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tickroom %s%s, %s, %s/%s\n",
				server.BuildVersion(), revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// revision returns the commit that the program was built from, if it is known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ", changed"
		}
	}
	if rev == "" {
		return ""
	}
	return fmt.Sprintf(" (%.12s%s)", rev, dirty)
}
