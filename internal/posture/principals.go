package posture

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// The ids of principals.
func accountID(node, name string) string { return "linux_account:" + node + "/" + untrusted.Line(name) }
func groupID(node, name string) string   { return "linux_group:" + node + "/" + untrusted.Line(name) }
func everyoneID(node string) string      { return "everyone:" + node }
func rootID(node string) string          { return "root:" + node }

// who is the principal of an account: root itself for the account root, and for a name that no account has.
func (v view) who(name string) string {
	if a := v.account(name); a == nil || a.Name == "root" && a.UID == 0 {
		return rootID(v.Name)
	}
	return accountID(v.Name, name)
}

// principal is the principal of one account. A second one of a name has its user id with it.
func (v view) principal(a *Account) string {
	if v.account(a.Name) != a {
		return accountID(v.Name, fmt.Sprintf("%s#%d", a.Name, a.UID))
	}
	return v.who(a.Name)
}

// ofUID is the principal of a user id, "" where no account has it.
func (v view) ofUID(uid int) string {
	a := v.byUID[uid]
	switch {
	case uid == 0:
		return rootID(v.Name)
	case a == nil:
		return ""
	}
	return v.principal(a)
}

func (v view) userName(uid int) string {
	if a := v.byUID[uid]; a != nil {
		return untrusted.Line(a.Name)
	}
	return fmt.Sprintf("#%d", uid)
}

func (v view) groupName(gid int) string {
	if group := v.groups[gid]; group != nil {
		return untrusted.Line(group.name)
	}
	return fmt.Sprintf("#%d", gid)
}
