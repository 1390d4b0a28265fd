package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Load gives the defaults, with the settings of the file over them that --config
// or TICKROOM_CONFIG names, over those the environment's, and over those the
// flags' (see AddFlags). flags may be nil. environ is like os.Environ's result;
// nil means that result.
//
// What can't be read, is not known, or fails Validate, is an error that names the
// place, says what is wrong, with the value, and what to do.
func Load(flags *pflag.FlagSet, environ []string) (*Config, error) {
	if environ == nil {
		environ = os.Environ()
	}
	c := Default()
	settings := c.settings()
	ko := koanf.New(".")
	options := map[string]map[string]string{}

	if path := filePath(flags, environ); path != "" {
		if err := ko.Load(file.Provider(path), &fileParser{path: path, settings: settings, options: options, into: c}); err != nil {
			if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
				return nil, fmt.Errorf("the configuration file can't be read: %w", err)
			}
			return nil, err
		}
	}
	if err := loadEnv(ko, settings, options, environ); err != nil {
		return nil, err
	}
	if flags != nil {
		if err := loadFlags(ko, settings, options, flags); err != nil {
			return nil, err
		}
	}

	if err := ko.Unmarshal("", c); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	c.KindOptions = options
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func filePath(flags *pflag.FlagSet, environ []string) (path string) {
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, EnvPrefix+"CONFIG="); ok {
			path = v
		}
	}
	if flags != nil {
		if f := flags.Lookup(fileFlag); f != nil && f.Changed {
			path = f.Value.String()
		}
	}
	return path
}

// serviceLink matches the variables that Kubernetes sets in every container for
// a service called tickroom, or tickroom-something. They are none of ours.
var serviceLink = regexp.MustCompile(`^TICKROOM_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func loadEnv(ko *koanf.Koanf, settings []Setting, options map[string]map[string]string, environ []string) error {
	var errs []error
	names := []string{EnvPrefix + "CONFIG", optionsEnv}
	byEnv := map[string]Setting{}
	for _, s := range settings {
		names = append(names, s.Env())
		byEnv[s.Env()] = s
	}
	take := func(name, text string) (string, any) {
		s, ok := byEnv[name]
		switch {
		case name == EnvPrefix+"CONFIG":
		case name == optionsEnv:
			for o := range strings.SplitSeq(text, ",") {
				if o = strings.TrimSpace(o); o == "" {
					continue
				}
				if err := setOption(options, o); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
				}
			}
		case ok:
			v, err := s.parse(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				return "", nil
			}
			return s.Key, v
		case !serviceLink.MatchString(name):
			errs = append(errs, fmt.Errorf("%s: there is no such setting%s", name, didYouMean(name, names)))
		}
		return "", nil
	}
	err := ko.Load(env.Provider(".", env.Opt{
		Prefix: EnvPrefix, TransformFunc: take, EnvironFunc: func() []string { return environ },
	}), nil)
	return errors.Join(append(errs, err)...)
}

func loadFlags(ko *koanf.Koanf, settings []Setting, options map[string]map[string]string, flags *pflag.FlagSet) error {
	byFlag := map[string]Setting{}
	for _, s := range settings {
		byFlag[s.Flag()] = s
	}
	err := ko.Load(posflag.ProviderWithFlag(flags, ".", nil, func(f *pflag.Flag) (string, any) {
		return byFlag[f.Name].Key, posflag.FlagVal(flags, f)
	}), nil)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if flags.Lookup(optionsFlag) == nil {
		return nil
	}
	list, err := flags.GetStringArray(optionsFlag)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	for _, o := range list {
		if err := setOption(options, o); err != nil {
			return fmt.Errorf("--%s: %w", optionsFlag, err)
		}
	}
	return nil
}

func setOption(options map[string]map[string]string, text string) error {
	kind, option, value, err := parseOption(text)
	if err != nil {
		return err
	}
	if options[kind] == nil {
		options[kind] = map[string]string{}
	}
	options[kind][option] = value
	return nil
}

func didYouMean(name string, names []string) string {
	if n := nearest(name, names); n != "" {
		return "; did you mean " + n + "?"
	}
	return "; `tickroom config` lists them all"
}

// fileParser reads the YAML file for koanf, strictly, and takes the options of
// room kinds, and the modes, out of it.
type fileParser struct {
	path     string
	settings []Setting
	options  map[string]map[string]string
	into     *Config // its modes
	text     []byte
	top      []string // keys
}

// Marshal is there for koanf's sake.
func (p *fileParser) Marshal(map[string]any) ([]byte, error) {
	return nil, errors.New("config: the file is only read")
}

// Unmarshal gives the settings in a file. Its errors name the line.
func (p *fileParser) Unmarshal(b []byte) (map[string]any, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("%s: %s", p.path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	out := map[string]any{}
	if len(doc.Content) == 0 {
		return out, nil
	}
	var errs []error
	p.text = b
	for i := 0; i < len(doc.Content[0].Content); i += 2 {
		p.top = append(p.top, doc.Content[0].Content[i].Value)
	}
	p.mapping(doc.Content[0], "", out, &errs)
	return out, errors.Join(errs...)
}

func (p *fileParser) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.path, n.Line, fmt.Sprintf(format, args...))
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entries calls fn for each key of a mapping, of which there may be none.
func (p *fileParser) entries(n *yaml.Node, what string, errs *[]error, fn func(key string, k, v *yaml.Node)) {
	n = resolve(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		*errs = append(*errs, p.errorf(n, "%s must hold settings, one `key: value` a line", what))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], resolve(n.Content[i+1])
		if seen[k.Value] {
			*errs = append(*errs, p.errorf(k, "%s is there twice in %s", k.Value, what))
			continue
		}
		seen[k.Value] = true
		fn(k.Value, k, v)
	}
}

func (p *fileParser) mapping(n *yaml.Node, prefix string, out map[string]any, errs *[]error) {
	what := strings.TrimSuffix(prefix, ".")
	if what == "" {
		what = "the file"
	}
	p.entries(n, what, errs, func(name string, k, v *yaml.Node) {
		key := prefix + name
		switch key {
		case kindsKey:
			p.kinds(v, errs)
			return
		case modesKey:
			modes, err := mode.Parse(p.path, p.text, p.top...)
			if err != nil {
				*errs = append(*errs, err)
			}
			p.into.Modes, p.into.modes = modes, v
			return
		case simulationKey:
			return
		}
		i := slices.IndexFunc(p.settings, func(s Setting) bool { return s.Key == key })
		switch {
		case i >= 0:
			val, err := p.value(p.settings[i], v)
			if err != nil {
				*errs = append(*errs, err)
				return
			}
			out[name] = val
		case slices.ContainsFunc(p.settings, func(s Setting) bool { return strings.HasPrefix(s.Key, key+".") }):
			sub := map[string]any{}
			p.mapping(v, key+".", sub, errs)
			out[name] = sub
		default:
			names := []string{kindsKey, modesKey}
			for _, s := range p.settings {
				names = append(names, s.Key)
			}
			*errs = append(*errs, p.errorf(k, "there is no setting %q%s", key, didYouMean(key, names)))
		}
	})
}

func (p *fileParser) value(s Setting, n *yaml.Node) (any, error) {
	_, list := s.value.(*[]string)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		_, text := s.value.(*string)
		_, hidden := s.value.(*secret.Text)
		if text || hidden || list {
			v, err := s.parse("")
			return v, err
		}
		return nil, p.errorf(n, "%s: a value is missing", s.Key)
	case n.Kind == yaml.ScalarNode:
		v, err := s.parse(n.Value)
		if err != nil {
			return nil, p.errorf(n, "%s", err)
		}
		return v, nil
	case n.Kind == yaml.SequenceNode && list:
		items := []string{}
		for _, c := range n.Content {
			if c = resolve(c); c.Kind != yaml.ScalarNode {
				return nil, p.errorf(c, "%s must be a list of plain values", s.Key)
			}
			items = append(items, c.Value)
		}
		return items, nil
	}
	return nil, p.errorf(n, "%s must be a plain value", s.Key)
}

func (p *fileParser) kinds(n *yaml.Node, errs *[]error) {
	p.entries(n, kindsKey, errs, func(kind string, _, v *yaml.Node) {
		opts := map[string]string{}
		p.entries(v, kindsKey+"."+kind, errs, func(option string, k, v *yaml.Node) {
			if v.Kind != yaml.ScalarNode {
				*errs = append(*errs, p.errorf(k, "%s.%s.%s must be a plain value", kindsKey, kind, option))
				return
			}
			opts[option] = v.Value
		})
		if p.options[kind] == nil {
			p.options[kind] = opts
		} else {
			maps.Copy(p.options[kind], opts)
		}
	})
}
