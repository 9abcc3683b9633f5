package posture

import (
	"path"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// dotfiles are what the shells and sshd of an account read in its home when it logs in. Sources: bash(1), zsh(1),
// profile of dash(1), sshd(8) ~/.ssh/rc, pam_env(8).
var dotfiles = []string{
	".bash_aliases", ".bash_login", ".bash_logout", ".bash_profile", ".bashrc", ".pam_environment", ".profile", ".ssh/environment", ".ssh/rc", ".zlogin", ".zprofile", ".zshenv", ".zshrc",
}

// homePathsOf are the files and directories by which everyone who changes them becomes an account: its home, what its
// shell reads there, its keys, and its shell.
func (n *Node) homePathsOf(a *Account) []string {
	if a.homePaths != nil || !a.LogsIn() {
		return a.homePaths
	}
	list := []string{}
	if strings.HasPrefix(a.Home, "/") {
		home := path.Clean(a.Home)
		list = append(list, home, path.Join(home, ".ssh"))
		for _, name := range dotfiles {
			list = append(list, strings.TrimSuffix(home, "/")+"/"+name)
		}
	}
	if strings.HasPrefix(a.Shell, "/") {
		list = append(list, path.Clean(a.Shell))
	}
	for _, file := range n.keyFilesOf(a) {
		if strings.HasPrefix(file, "/") {
			list = append(list, file)
		}
	}
	a.homePaths = list
	return list
}

// homePaths are those of all accounts.
func (n *Node) homePaths() []string {
	var list []string
	for _, a := range n.Accounts {
		list = append(list, n.homePathsOf(a)...)
	}
	return n.clean("homes of accounts", list)
}

// addHomes adds who can change what an account reads when it logs in. He becomes that account.
func (v view) addHomes(f *fileSteps) {
	for _, a := range v.Accounts {
		name, id := untrusted.Line(a.Name), v.principal(a)
		for _, p := range v.homePathsOf(a) {
			for _, w := range v.writers(p) {
				if w.id == id {
					continue
				}
				f.add(w, id, "file", p, "may change "+untrusted.Line(p)+", by which "+name+" logs in or works", "")
			}
		}
	}
}
