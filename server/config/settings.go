package config

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/internal/strictyaml"
)

// EnvPrefix begins the names of the environment variables that are read.
const EnvPrefix = "TICKROOM_"

// Names that are not those of a plain setting.
const (
	fileFlag    = "config"      // --config, TICKROOM_CONFIG: the file
	optionsFlag = "kind-option" // --kind-option kind.option=value
	optionsEnv  = EnvPrefix + "KIND_OPTIONS"
	kindsKey    = "kinds" // in the file
	modesKey    = "modes"
	// simulationKey is for tickroom matchsim, which reads the same file.
	simulationKey = "simulation"
)

// Setting is one thing that a server can be told.
type Setting struct {
	// Key is its place in the file: "log.level" is level within log.
	Key string
	// Default is its value where nothing is said, and Allowed says which ones it may have;
	// nothing: all of its type.
	Default, Allowed string
	// Doc is what it means: a phrase, or some sentences.
	Doc string

	field strictyaml.Field // of a Config
}

// Flag returns the setting's flag, without dashes.
func (s Setting) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.Key) }

// Env returns the setting's environment variable.
func (s Setting) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// Settings lists what a server can be told, but the options of room kinds and the
// modes.
func Settings() []Setting { return Default().settings() }

func (c *Config) settings() []Setting {
	var out []Setting
	for _, f := range strictyaml.Fields(c) {
		out = append(out, Setting{f.Key, f.Default(), f.Allowed(), docs[f.Name], f})
	}
	return out
}

// AddFlags adds a flag for each setting, and --config and --kind-option.
func AddFlags(fs *pflag.FlagSet) {
	fs.StringP(fileFlag, "c", "", "YAML file with settings")
	for _, s := range Settings() {
		f := fs.VarPF(&flagValue{Field: s.field}, s.Flag(), "", s.help())
		switch f.DefValue {
		case "true", "false":
			f.NoOptDefVal = "true"
		case "0s":
			f.DefValue = ""
		}
	}
	fs.StringArray(optionsFlag, nil, "option of a room kind, as walkers.players=10; may be repeated (see tickroom kinds)")
}

// help returns what the setting means, with the words that are allowed if it does not
// name them. Bounds are left to the errors.
func (s Setting) help() string {
	words, ok := strings.CutPrefix(s.Allowed, "one of ")
	for word := range strings.SplitSeq(words, ", ") {
		if ok && !strings.Contains(s.Doc, word) {
			return s.Doc + "; one of " + words
		}
	}
	return s.Doc
}

// flagValue is a setting's value on the command line. A list that is given several
// times has all of the items.
type flagValue struct {
	strictyaml.Field
	given bool
}

func (v *flagValue) Set(text string) error {
	if v.given && v.Append(text) {
		return nil
	}
	v.given = true
	return v.Field.Set(text)
}

// setOption takes kind.option=value.
func (c *Config) setOption(text string) error {
	name, value, ok := strings.Cut(text, "=")
	kind, option, ok2 := strings.Cut(name, ".")
	if !ok || !ok2 || kind == "" || option == "" {
		return fmt.Errorf("kind option %q: write it as kind.option=value, for example walkers.players=10", text)
	}
	c.option(kind, option, value)
	return nil
}

func (c *Config) option(kind, name, value string) {
	if c.KindOptions[kind] == nil {
		c.KindOptions[kind] = map[string]string{}
	}
	c.KindOptions[kind][name] = value
}
