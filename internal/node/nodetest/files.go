package nodetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write puts a file under Root, with its parents.
func (s *Server) Write(tb testing.TB, path, content string, mode os.FileMode) {
	tb.Helper()
	full := filepath.Join(s.Root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(full, mode); err != nil {
		tb.Fatal(err)
	}
}

// Tool puts a shell script on the path, in place of a tool of the node.
func (s *Server) Tool(tb testing.TB, name, script string) {
	tb.Helper()
	s.Write(tb, filepath.Join("test/bin", name), "#!/bin/sh\n"+script+"\n", 0o755)
}

// Remove removes a file under Root.
func (s *Server) Remove(tb testing.TB, path string) {
	tb.Helper()
	if err := os.Remove(filepath.Join(s.Root, path)); err != nil {
		tb.Fatal(err)
	}
}

// Read returns a file under Root, or "(absent)".
func (s *Server) Read(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(s.Root, path))
	if errors.Is(err, os.ErrNotExist) {
		return "(absent)"
	}
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// List describes everything under Root/path: type, mode and content, for comparing before and after.
func (s *Server) List(tb testing.TB, path string) string {
	tb.Helper()
	var b strings.Builder
	err := filepath.Walk(filepath.Join(s.Root, path), func(p string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", info.Mode(), strings.TrimPrefix(p, s.Root))
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", data)
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " -> %s", to)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
