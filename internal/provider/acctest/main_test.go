package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// logDir is where the runs of terraform log, a file for each test.
var logDir string

// TestMain has every run of terraform, and the provider within it, log all that they can say to a file of its test, and keep its working
// directory: run searches both for secrets.
func TestMain(m *testing.M) {
	if measured := os.Getenv(measuredVariable); measured != "" {
		measure(measured)
	}
	dir, err := os.MkdirTemp("", "pvesec-acctest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	logDir = filepath.Join(dir, "log")
	for _, made := range []string{logDir, filepath.Join(dir, "tmp")} {
		if err := os.Mkdir(made, 0o700); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for name, value := range map[string]string{
		"TF_LOG": "TRACE", "TF_ACC_LOG": "TRACE", "TF_LOG_PATH_MASK": filepath.Join(logDir, "%s.log"),
		// The test framework itself logs each configuration, with what is secret in it.
		"TF_LOG_SDK_HELPER_RESOURCE": "OFF",
		"TF_ACC_PERSIST_WORKING_DIR": "1", "TF_ACC_TEMP_DIR": filepath.Join(dir, "tmp"),
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = max(status, 1)
	}
	os.Exit(status)
}

// logOf is the log of a test, as the test framework names it.
func logOf(t *testing.T) string {
	t.Helper()
	return filepath.Join(logDir, strings.ReplaceAll(t.Name(), "/", "__")+".log")
}
