package policy

import "testing"

func TestCanonical(t *testing.T) {
	t.Parallel()
	env := Debian(PVE9)
	for path, want := range map[string]string{
		"/bin/cat": "/usr/bin/cat", "/usr//bin/cat": "/usr/bin/cat", "/usr/bin/../bin/./cat": "/usr/bin/cat",
		"/sbin/x": "/usr/sbin/x", "/../x": "/x", "/x": "/x", "/opt/bin/x": "/opt/bin/x", "/bin/../x": "/usr/x",
	} {
		if got := env.Canonical(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	circle := &Environment{Links: map[string]string{"/a": "/b", "/b": "/a"}}
	if got := circle.Canonical("/a/x"); got == "" {
		t.Error("a circle of links")
	}
}
