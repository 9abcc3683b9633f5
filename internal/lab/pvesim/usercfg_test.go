package pvesim

import "testing"

// TestUserCfgRewrite reads what another admin may have written and writes it back:
// PVE drops what it does not understand.
func TestUserCfgRewrite(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, version, in, want string }{
		{"root@pam is always there", Version91, "", "user:root@pam:1:0::::::\n\n\n\n\n"},
		{
			"spaces around fields, comments and unknown lines go", Version91,
			"# remark\n\nuser: a@pve :1:0::: a@example.org :  note%3A 1  ::\nnonsense:x\n",
			"user:a@pve:1:0:::a@example.org:note%3A 1::\nuser:root@pam:1:0::::::\n\n\n\n\n",
		},
		{
			"a token without a user and a member that does not exist are dropped", Version91,
			"token:ghost@pve!x1:0:1::\ngroup:g:ghost@pve,root@pam::\n",
			"user:root@pam:1:0::::::\n\ngroup:g:root@pam::\n\n\n\n",
		},
		{"the group 0 is false", Version91, "group:0:::\n", "user:root@pam:1:0::::::\n\n\n\n\n"},
		{
			"a privilege of PVE 8 goes in PVE 9", Version91, "role:R:VM.Audit,VM.Monitor:\n",
			"user:root@pam:1:0::::::\n\n\n\nrole:R:VM.Audit:\n\n",
		},
		{
			"and stays in PVE 8", Version84, "role:R:VM.Audit,VM.Monitor:\n",
			"user:root@pam:1:0::::::\n\n\n\nrole:R:VM.Audit,VM.Monitor:\n\n",
		},
		{
			"principals with the same roles share a line, root@pam is never written", Version91,
			"group:g:::\nacl:1:/vms//:root@pam,@g:PVEAuditor:\nacl:1:/vms:@g:NoRole:\nacl:0:/:@g:PVEAuditor,Administrator:\n",
			"user:root@pam:1:0::::::\n\ngroup:g:::\n\n\n\nacl:0:/:@g:Administrator,PVEAuditor:\nacl:1:/vms:@g:PVEAuditor:\n",
		},
		{
			"pools keep their members", Version91, "pool:p:c:101,100:local:\n",
			"user:root@pam:1:0::::::\n\n\npool:p:c:100,101:local:\n\n\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := parseUserConfig(tt.in, privilegesOf(tt.version)).String()
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if again := parseUserConfig(got, privilegesOf(tt.version)).String(); again != got {
				t.Errorf("written twice:\n%s\nonce:\n%s", again, got)
			}
		})
	}
}

func TestTextFields(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":            "",
		"0":           "",
		"00":          "00",
		"a:b%\tä€":    "a%3Ab%25%09%C3%A4%E2%82%AC",
		"plain & 'x'": "plain & 'x'",
		"del\x7f":     "del%7F",
	} {
		got := encodeText(in)
		if got != want {
			t.Errorf("encodeText(%q) = %q, want %q", in, got, want)
		}
		if back := decodeText(got); back != in && in != "0" {
			t.Errorf("decodeText(%q) = %q, want %q", got, back, in)
		}
	}
	if got := decodeText("100%"); got != "100%" {
		t.Errorf("text that PVE did not write was changed to %q", got)
	}
}
