package gen_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// one generates the Go code of one file without its head.
func one(t *testing.T, body string) string {
	t.Helper()
	out, err := generate(t, []txtar.File{{Name: "a.proto", Data: []byte(`syntax = "proto3";
package a;
import "tickroom/v1/options.proto";
option go_package = "example.com/a";
` + body)}})
	if err != nil {
		t.Fatal(err)
	}
	return out["a.tickroom.go"]
}

func TestEnumAlias(t *testing.T) {
	t.Parallel()
	got := one(t, `
enum Gear {
  option allow_alias = true;
  NONE = 0;
  // Out of gear.
  NEUTRAL = 0;
  FIRST = 1 [deprecated = true]; // slow
}`)
	for _, want := range []string{
		"// Gear is the enum a.Gear.\ntype Gear int32",
		"\tGear_NONE Gear = 0\n\t// Out of gear.\n\tGear_NEUTRAL Gear = 0\n",
		"\t// Deprecated: it is marked as deprecated in the schema.\n\tGear_FIRST Gear = 1 // slow\n",
		"case Gear_NONE:\n\t\treturn \"NONE\"\n\tcase Gear_FIRST:",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "case Gear_NEUTRAL") || strings.Contains(got, "Schema") {
		t.Errorf("an alias has a case, or a package without roles a Schema:\n%s", got)
	}
}

func TestFieldNames(t *testing.T) {
	t.Parallel()
	// The names that clash get underscores, one more where that clashes too.
	got := one(t, `
message M {
  uint32 same_as = 1;
  uint32 SameAs_ = 2;
  uint32 _hidden = 3;
  uint32 snake_case_2_it = 4;
  uint32 EventID = 5;
}`)
	for _, want := range []string{"SameAs_ ", "SameAs__ ", "XHidden ", "SnakeCase_2It ", "EventID_ "} {
		if !strings.Contains(got, "\t"+want) {
			t.Errorf("missing field %q in:\n%s", want, got)
		}
	}
}

func TestImportedEnum(t *testing.T) {
	t.Parallel()
	out, err := generate(t, []txtar.File{
		{Name: "a.proto", Data: []byte(`syntax = "proto3";
package a;
import "imported.proto";
option go_package = "example.com/a";
message M {
  b.Mood mood = 1;
  repeated b.Mood moods = 2;
}`)},
		{Name: "imported.proto", Data: []byte(`syntax = "proto3";
package b;
option go_package = "example.com/b";
enum Mood {
  NONE = 0;
}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 || !strings.Contains(out["a.tickroom.go"], "Moods []b.Mood") || !strings.Contains(out["a.tickroom.go"], `"example.com/b"`) {
		t.Error(out)
	}
}

func TestNothingToGenerate(t *testing.T) {
	t.Parallel()
	out, err := generate(t, []txtar.File{{Name: "a.proto", Data: []byte("syntax = \"proto3\";\noption go_package = \"example.com/a\";\n")}})
	if err != nil || len(out) != 0 {
		t.Error(out, err)
	}
}
