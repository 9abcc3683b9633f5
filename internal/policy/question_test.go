package policy

import "testing"

// TestShellLine has command lines as a person types them.
func TestShellLine(t *testing.T) {
	t.Parallel()
	web := &Subject{Name: "www-data"}
	for _, test := range []struct {
		request Request
		line    Line
		want    string
	}{
		{Request{}, NewLine("/usr/bin/id"), "sudo /usr/bin/id"},
		{Request{}, NewLine("/usr/bin/id", ""), "sudo /usr/bin/id ''"},
		{Request{}, NewLine("/usr/bin/cat", "/a b", "$x", "it's"), `sudo /usr/bin/cat /a b '$x' 'it'\''s'`},
		{Request{}, NewLine("/usr/bin/cat", "/a\x01b'\\", "\n", "\xff", "ü"), `sudo /usr/bin/cat $'/a\x01b\'\\' $'\x0a' $'\xff' 'ü'`},
		{Request{RunAsUser: web}, NewLine("/usr/bin/id", "-u"), "sudo -u www-data /usr/bin/id -u"},
		{Request{RunAsUser: web, RunAsGroup: "adm"}, NewLine("/usr/bin/id"), "sudo -u www-data -g adm /usr/bin/id"},
		{Request{RunAsGroup: "adm"}, NewLine("/usr/bin/id"), "sudo -g adm /usr/bin/id"},
		{Request{}, NewLine("sudoedit", "/etc/motd"), "sudo -e /etc/motd"},
		{Request{}, Line{Command: "/usr/sbin/nft", Args: "-c -f /etc/x y", HasArgs: true, One: "-f /etc/x"}, "sudo /usr/sbin/nft -c '-f /etc/x' y"},
		{Request{}, Line{Command: "/usr/bin/wall", Args: "a b", HasArgs: true, One: "a b"}, "sudo /usr/bin/wall 'a b'"},
		{Request{}, NewLine("list"), "sudo -l -U root"},
		{Request{RunAsUser: web}, NewLine("list"), "sudo -l -U www-data"},
	} {
		if got := ShellLine(test.request, test.line); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
