package preset

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// TestUnnamedPreset: a file that the list of presets does not name is an error.
func TestUnnamedPreset(t *testing.T) {
	t.Parallel()
	with := fstest.MapFS{"data/forgotten.json": {Data: []byte("{}")}}
	entries, err := fs.ReadDir(data, "data")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := fs.ReadFile(data, "data/"+entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		with["data/"+entry.Name()] = &fstest.MapFile{Data: text}
	}
	if _, err := loadAll(with); err == nil || !strings.Contains(err.Error(), "data/forgotten.json") {
		t.Errorf("loadAll: %v", err)
	}
	delete(with, "data/forgotten.json")
	if _, err := loadAll(with); err != nil {
		t.Error(err)
	}
}
