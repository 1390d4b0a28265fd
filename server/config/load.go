package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/internal/strictyaml"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// listed is where all settings are to be found.
const listed = "`tickroom config` lists them all"

// Load returns the defaults, with the settings of the file over them that --config
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
	if path := filePath(flags, environ); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("the configuration file can't be read: %w", err)
		}
		if err := c.readFile(path, text); err != nil {
			return nil, err
		}
	}
	if err := c.readEnv(environ); err != nil {
		return nil, err
	}
	if flags != nil {
		if err := c.readFlags(flags); err != nil {
			return nil, err
		}
	}
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

// readFile takes the settings of a file, the options of room kinds, and the modes.
func (c *Config) readFile(path string, text []byte) error {
	d, top := strictyaml.Parse(path, text)
	d.Hint = listed
	top.Fields(c)
	kinds := top.Sub(kindsKey)
	for _, kind := range kinds.Keys() {
		options := kinds.Sub(kind)
		for _, name := range options.Keys() {
			var value string
			options.Value(name, &value)
			c.option(kind, name, value)
		}
	}
	modes := top.Sub(modesKey)
	top.Has(simulationKey)
	top.Done()
	d.Check("", c)
	errs := []error{d.Err()}
	if len(modes.Keys()) > 0 {
		var err error
		c.modes = top.Node(modesKey)
		c.Modes, err = mode.Parse(path, text, top.Keys()...)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// serviceLink matches the variables that Kubernetes sets in every container for
// a service called tickroom, or tickroom-something. They are none of ours.
var serviceLink = regexp.MustCompile(`^TICKROOM_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func (c *Config) readEnv(environ []string) error {
	var errs []error
	names := []string{EnvPrefix + "CONFIG", optionsEnv}
	byEnv := map[string]Setting{}
	for _, s := range c.settings() {
		names = append(names, s.Env())
		byEnv[s.Env()] = s
	}
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		s, ok := byEnv[name]
		switch {
		case !strings.HasPrefix(name, EnvPrefix), name == EnvPrefix+"CONFIG":
		case ok:
			if err := s.field.Set(text); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		case name == optionsEnv:
			for o := range strings.SplitSeq(text, ",") {
				if o = strings.TrimSpace(o); o == "" {
					continue
				}
				if err := c.setOption(o); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
				}
			}
		case !serviceLink.MatchString(name):
			hint := listed
			if n := strictyaml.Nearest(name, names); n != "" {
				hint = "did you mean " + n + "?"
			}
			errs = append(errs, fmt.Errorf("%s: there is no such setting; %s", name, hint))
		}
	}
	return errors.Join(errs...)
}

// readFlags takes the flags that were given, of those that AddFlags has added.
func (c *Config) readFlags(flags *pflag.FlagSet) error {
	for _, s := range c.settings() {
		if f := flags.Lookup(s.Flag()); f != nil && f.Changed {
			if v, ok := f.Value.(*flagValue); ok {
				s.field.SetFrom(v.Field)
			}
		}
	}
	if flags.Lookup(optionsFlag) == nil {
		return nil
	}
	list, err := flags.GetStringArray(optionsFlag)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	for _, o := range list {
		if err := c.setOption(o); err != nil {
			return fmt.Errorf("--%s: %w", optionsFlag, err)
		}
	}
	return nil
}
