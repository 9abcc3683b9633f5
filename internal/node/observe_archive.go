package node

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
)

// archive reads the contents of several files from an archive of tar, base64 lines up to the frame "archived". An
// archive with which tar was not content does not count: the node then reads the files one by one.
func (r *reader) archive(f frame) error {
	var wanted int
	if _, err := fmt.Sscanf(f.arg(0), "%d", &wanted); err != nil {
		return fmt.Errorf("%w: an archive of %q files", errMalformed, f.arg(0))
	}
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	switch {
	case err != nil:
		return err
	case f.word != "archived":
		return fmt.Errorf("%w: %q instead of the end of an archive", errMalformed, f.word)
	case f.arg(0) != "":
		return nil
	}
	files := tar.NewReader(base64.NewDecoder(base64.StdEncoding, &body))
	for ; ; wanted-- {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: an archive of files: %w", errMalformed, err)
		}
		if err := r.archived("/"+header.Name, header, files); err != nil {
			return err
		}
	}
	if wanted != 0 {
		return fmt.Errorf("%w: an archive without all files", errMalformed)
	}
	return nil
}

// archived takes one file of an archive. The node told its state before.
func (r *reader) archived(name string, header *tar.Header, content io.Reader) error {
	st, seen := r.o.Files[name]
	sub, asked := r.asked(name)
	switch {
	case !seen || !asked || st.Type != TypeRegular || st.SHA256 != "":
		return fmt.Errorf("%w: an archive with %q", errMalformed, name)
	case header.Typeflag != tar.TypeReg:
		r.fail(sub, name, "another process put something else in its place while it was read")
		return nil
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("%w: an archive with %q: %w", errMalformed, name, err)
	}
	r.put(name, holding(data))
	return nil
}

// asked finds the call whose answer holds the content of a path.
func (r *reader) asked(name string) (subject, bool) {
	for _, sub := range r.subjects {
		switch {
		case sub.call == "file" && sub.name == name, sub.call == "tree" && (sub.name == name || sub.name == path.Dir(name)):
			return sub, true
		}
	}
	return subject{}, false
}
