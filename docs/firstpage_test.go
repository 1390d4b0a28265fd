package docs

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestYourFirstPage does what docs/your-first-page.md says: makes the game, changes it,
// builds it, and looks at what its program serves. web/e2e plays one in a browser.
func TestYourFirstPage(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	s := scratch{t, filepath.Join(t.TempDir(), "stars")}
	done := map[string]int{}
	for _, b := range blocks(t, "your-first-page.md") {
		what, name, _ := strings.Cut(b.info, "=")
		done[what]++
		switch what {
		case "new":
			// As in a checkout, from which it finds the libraries.
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", strings.ReplaceAll(b.text, "../stars", s.dir))
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", b.text, err, out)
			}
		case "file":
			s.write(name, b.text)
		case "edit":
			s.edit(name, b.text)
		case "in":
			text, err := os.ReadFile(filepath.Join(s.dir, name))
			s.check(err)
			if !strings.Contains(string(text), b.text) {
				t.Errorf("this is not in %s:\n%s", name, b.text)
			}
		case "run":
			s.run("bash", "-e", "-c", runTool(b.text))
		}
	}
	if done["new"] != 1 || done["edit"] < 8 || done["in"] < 6 || done["run"] != 4 || done["file"] != 1 {
		t.Errorf("the page has other blocks than it had: %v", done)
	}
	if out := s.run("gofmt", "-l", "."); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	s.run("go", "vet", "./...")
	s.run("bash", "-e", "-c", isTool)

	server := exec.Command(filepath.Join(s.dir, "bin", "stars"), "serve", "--listen", "127.0.0.1:0", "--admin", "")
	server.Dir = s.dir
	addr := startServer(t, server)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + addr + "/")
	s.check(err)
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(page), "<title>Stars</title>") || !strings.Contains(string(page), "/assets/") {
		t.Errorf("%v: %s", err, page)
	}
	s.run("bin/stars", "bots", "--server", "http://"+addr, "--kind", "stars", "--clients", "4", "--duration", "1s", "--hash-every", "1")
}
