package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// compare describes each file in which the committed tree differs from the rendered one, in order of their names.
func compare(rendered, committed fs.FS) ([]string, error) {
	want, err := readTree(rendered)
	if err != nil {
		return nil, err
	}
	have, err := readTree(committed)
	if err != nil {
		return nil, err
	}
	var differences []string
	for name, text := range want {
		switch committedText, ok := have[name]; {
		case !ok:
			differences = append(differences, name+": missing")
		case !bytes.Equal(committedText, text):
			differences = append(differences, fmt.Sprintf("%s:%d: differs from here on", name, firstDifference(committedText, text)))
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			differences = append(differences, name+": no longer generated")
		}
	}
	slices.Sort(differences)
	return differences, nil
}

// readTree reads all files of a tree, by name. A tree that does not exist is empty.
func readTree(tree fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tree, name)
		files[name] = text
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	return files, nil
}

// firstDifference returns the number of the first line, from 1, in which two different texts differ.
func firstDifference(a, b []byte) int {
	as, bs := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	line := 0
	for line < len(as) && line < len(bs) && as[line] == bs[line] {
		line++
	}
	return line + 1
}
