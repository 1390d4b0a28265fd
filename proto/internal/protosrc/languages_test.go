package protosrc

import (
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/reflect/protodesc"
)

// TestLanguages sees that each file of the protocol says what its code is called in the
// languages that would otherwise find awkward names for it.
func TestLanguages(t *testing.T) {
	t.Parallel()
	const proto = "../.."
	names, err := filepath.Glob(proto + "/tickroom/v1/*.proto")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for i, name := range names {
		if names[i], err = filepath.Rel(proto, name); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Compile(t.Context(), names, os.DirFS(proto))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		o := protodesc.ToFileDescriptorProto(f).GetOptions()
		for option, c := range map[string]struct{ got, want string }{
			"csharp_namespace":  {o.GetCsharpNamespace(), "Tickroom.V1"},
			"java_package":      {o.GetJavaPackage(), "io.github.tickroom.v1"},
			"objc_class_prefix": {o.GetObjcClassPrefix(), "TRM"},
			"php_namespace":     {o.GetPhpNamespace(), `Tickroom\V1`},
			"ruby_package":      {o.GetRubyPackage(), "Tickroom::V1"},
			"swift_prefix":      {o.GetSwiftPrefix(), "Tickroom"},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s is %q; it should be %q", f.Path(), option, c.got, c.want)
			}
		}
		if !o.GetJavaMultipleFiles() {
			t.Errorf("%s: java_multiple_files should be true", f.Path())
		}
	}
}
