package cli

import (
	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/holdings"
	"github.com/tickroom/tickroom/server/config"
)

func newLimits() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Print what one address and one player can hold of the server at most",
		Long: `Print what one address, one player and all together can hold of the server that serve
would run with the same flags, environment and file, and which settings say so. What
has no limit is warned of.`,
		Example: `  tickroom limits --config tickroom.yaml`,
		Args:    NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return holdings.Write(cmd.OutOrStdout(), cfg)
		},
	}
	config.AddFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}
