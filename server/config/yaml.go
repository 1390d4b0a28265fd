package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/world"
)

// YAML returns the configuration as a file that Load reads, with what each setting
// means. Secret values are left out, also of the kinds' options: those whose names tell, and those
// of which hidden reports true, which may be nil.
func (c *Config) YAML(hidden func(kind, option string) bool) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{}
	for _, s := range c.settings() {
		at, name := root, s.Key
		if section, rest, ok := strings.Cut(s.Key, "."); ok {
			if at = sections[section]; at == nil {
				at = &yaml.Node{Kind: yaml.MappingNode}
				sections[section] = at
				add(root, section, at, "")
			}
			name = rest
		}
		add(at, name, s.node(), s.Doc)
	}

	kinds := &yaml.Node{Kind: yaml.MappingNode}
	for _, kind := range slices.Sorted(maps.Keys(c.KindOptions)) {
		opts := &yaml.Node{Kind: yaml.MappingNode}
		for _, o := range slices.Sorted(maps.Keys(c.KindOptions[kind])) {
			v := c.KindOptions[kind][o]
			if new(world.Kind).SecretOption(o) || hidden != nil && hidden(kind, o) {
				v = secret.Redacted
			}
			n := &yaml.Node{}
			n.SetString(v)
			add(opts, o, n, "")
		}
		add(kinds, kind, opts, "")
	}
	add(root, kindsKey, kinds, "options of the room kinds; `tickroom kinds` lists them")
	if c.modes != nil {
		add(root, modesKey, c.modes, "modes of matches; docs/matchmaking.md lists their fields")
	}

	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return b.Bytes(), nil
}

func add(to *yaml.Node, name string, value *yaml.Node, doc string) {
	k := &yaml.Node{}
	k.SetString(name)
	k.HeadComment = wrap(doc)
	to.Content = append(to.Content, k, value)
}

// wrap breaks text into lines that are read well.
func wrap(text string) string {
	var b strings.Builder
	width := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && width+1+len(word) > 90:
			b.WriteByte('\n')
			width = 0
		case i > 0:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	return b.String()
}

func (s Setting) node() *yaml.Node {
	text := s.field.String()
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	switch {
	case s.field.List():
		n = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, item := range s.field.Items() {
			c := &yaml.Node{}
			c.SetString(item)
			n.Content = append(n.Content, c)
		}
	case s.field.Text():
		n.SetString(text)
		if text == "" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	return n
}
