//go:build !unix

package journalfile

import "os"

// lockFile opens a file. Nobody is kept from using the folder here.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
