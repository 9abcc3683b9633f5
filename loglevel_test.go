package main

import (
	"os"
	"testing"
)

// TestLogAsAsked sees that no level is logged that Terraform would throw away, and that none is missing.
func TestLogAsAsked(t *testing.T) { //nolint:paralleltest // it is about the environment
	for _, test := range []struct {
		set      map[string]string
		sdk, own string
	}{
		{nil, "OFF", "OFF"},
		{map[string]string{"TF_LOG": "TRACE"}, "TRACE", "TRACE"},
		{map[string]string{"TF_LOG": "JSON"}, "TRACE", "TRACE"},
		{map[string]string{"TF_LOG": "info"}, "info", "info"},
		{map[string]string{"TF_LOG_CORE": "TRACE"}, "OFF", "OFF"},
		{map[string]string{"TF_LOG_PROVIDER": "DEBUG"}, "DEBUG", "DEBUG"},
		{map[string]string{"TF_LOG": "ERROR", "TF_LOG_PROVIDER": "DEBUG"}, "DEBUG", "DEBUG"},
		{map[string]string{"TF_LOG": "DEBUG", "TF_LOG_SDK": "ERROR"}, "ERROR", "DEBUG"},
		{map[string]string{"TF_LOG_PROVIDER_PVESEC": "INFO"}, "OFF", "INFO"},
	} {
		for _, name := range append([]string{"TF_LOG", "TF_LOG_CORE", "TF_LOG_PROVIDER"}, loggers...) {
			t.Setenv(name, test.set[name])
		}
		if err := logAsAsked(); err != nil {
			t.Fatal(err)
		}
		if sdk, own := os.Getenv("TF_LOG_SDK"), os.Getenv("TF_LOG_PROVIDER_PVESEC"); sdk != test.sdk || own != test.own {
			t.Errorf("%v: the SDK logs at %s and the provider at %s, want %s and %s", test.set, sdk, own, test.sdk, test.own)
		}
	}
}
