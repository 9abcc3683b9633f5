package escalation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
)

// decodeFile reads a file of the embedded data. A field that nobody knows is an error.
func decodeFile(data fs.FS, name string, into any) error {
	content, err := fs.ReadFile(data, name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding %s: %w", name, err)
	}
	return nil
}
