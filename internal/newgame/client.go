package newgame

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// clientFile is where a game has the client library, packed.
const clientFile = "page/vendor/tickroom-client.tgz"

// sourceMap is the line that names a source map, which is left out.
var sourceMap = regexp.MustCompile(`(?m)^//# sourceMappingURL=.*\n?\z`)

// pack returns the checkout's client library as npm installs it, or nil for a release. It
// is built first, if that has not been done.
func (s *source) pack(ctx context.Context) ([]byte, error) {
	if s.checkout == "" {
		return nil, nil
	}
	sdk := filepath.Join(s.checkout, "web", "sdk")
	cmd := exec.CommandContext(ctx, "node", filepath.Join("scripts", "prepare.mjs"))
	cmd.Dir = sdk
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the client library in %s can't be built: %w\n%s", sdk, err, out)
	}
	manifest, err := clientManifest(filepath.Join(sdk, "package.json"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"package.json": manifest}
	var order []string // as they come from the directory, which is sorted
	err = fs.WalkDir(os.DirFS(sdk), "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".map") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(sdk, filepath.FromSlash(name)))
		order, files[name] = append(order, name), sourceMap.ReplaceAll(text, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tarball(append([]string{"package.json"}, order...), files)
}

// clientManifest returns the library's package.json without what is of use in a checkout
// alone.
func clientManifest(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage // what is in it keeps its order, which counts in exports
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	delete(m, "scripts")
	delete(m, "devDependencies")
	return json.MarshalIndent(m, "", "  ")
}

// tarball packs files as npm pack does, without times, so that the same files make the
// same bytes.
func tarball(order []string, files map[string][]byte) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	t := tar.NewWriter(z)
	for _, name := range order {
		h := &tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name])), Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	err := z.Close()
	return packed.Bytes(), err
}
