package gen

import (
	"strings"
	"unicode"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tickroom/tickroom/proto/schema"
)

// kindOf returns a package's own name: the last part that is no version.
func kindOf(pkg protoreflect.FullName) string {
	parts := strings.Split(string(pkg), ".")
	for len(parts) > 1 && isVersion(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	return parts[len(parts)-1]
}

func isVersion(s string) bool {
	return len(s) > 1 && s[0] == 'v' && s[1] >= '0' && s[1] <= '9'
}

// enumNames returns the names that protoc-gen-es has for an enum's values: without
// the enum's own name, if all have it in front.
func enumNames(e *protogen.Enum) []string {
	var prefix strings.Builder
	for i, c := range string(e.Desc.Name()) {
		if i > 0 && unicode.IsUpper(c) {
			prefix.WriteByte('_')
		}
		prefix.WriteRune(unicode.ToLower(c))
	}
	prefix.WriteByte('_')
	var full, short []string
	for _, v := range e.Values {
		name := string(v.Desc.Name())
		full = append(full, name)
		if rest := name[min(prefix.Len(), len(name)):]; strings.HasPrefix(strings.ToLower(name), prefix.String()) && rest != "" && (rest[0] < '0' || rest[0] > '9') {
			short = append(short, rest)
		}
	}
	if len(short) == len(full) {
		return short
	}
	return full
}

// tsType returns the type of a field's values in rows.
func (f *field) tsType() string {
	var one string
	switch f.kind {
	case schema.Bool:
		one = "boolean"
	case schema.Int64, schema.Uint64:
		one = "bigint"
	case schema.String:
		one = "string"
	case schema.Bytes:
		one = "Uint8Array"
	case schema.Enum:
		if one = "number"; f.Enum.GoIdent.GoImportPath == f.Parent.GoIdent.GoImportPath {
			one = tsName(f.Enum.Desc)
		}
	default:
		one = "number"
	}
	if f.Desc.IsList() {
		return "readonly " + one + "[]"
	}
	return one
}

// tsProperty returns a field as a property of the type of a message that is no component.
func (f *field) tsProperty() string {
	key := camelCase(string(f.Desc.Name()))
	switch m := f.Message; {
	case m != nil && f.Desc.IsList():
		return key + ": " + tsName(m.Desc) + "[]"
	case m != nil:
		return key + "?: " + tsName(m.Desc) + " | undefined" // for exactOptionalPropertyTypes
	}
	return key + ": " + strings.TrimPrefix(f.tsType(), "readonly ")
}

// tsName returns the name that protoc-gen-es has for a message or an enum.
func tsName(d protoreflect.Descriptor) string {
	full := strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+".")
	name := strings.ReplaceAll(full, ".", "_")
	if tsReserved[name] {
		name += "$"
	}
	return name
}

// camelCase returns the property that protoc-gen-es has for a field.
func camelCase(name string) string {
	var b strings.Builder
	up := false
	for _, c := range name {
		switch {
		case c == '_':
			up = true
			continue
		case unicode.IsDigit(c):
		case up:
			c = unicode.ToUpper(c)
		}
		up = false
		b.WriteRune(c)
	}
	switch name := b.String(); name {
	case "constructor", "toString", "toJSON", "valueOf":
		return name + "$"
	default:
		return name
	}
}

// fieldKey returns a component's field as a property of rows, which have one of
// their own.
func fieldKey(f *field) string {
	switch name := camelCase(string(f.Desc.Name())); name {
	case "entity", "__proto__":
		return name + "$"
	default:
		return name
	}
}

func lowerFirst(s string) string {
	return strings.ToLower(s[:1]) + s[1:]
}

func quote(s string) string { return "'" + s + "'" } // of names, which hold no quotes

// tsReserved has the words that can't name a value or a type.
var tsReserved = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`break case catch class const continue debugger default delete do else enum export
		extends false finally for function if import in instanceof new null return super switch this throw true try
		typeof var void while with yield implements interface let package private protected public static await async
		any boolean bigint never number object string symbol unknown undefined globalThis Object`) {
		words[w] = true
	}
	return words
}()
