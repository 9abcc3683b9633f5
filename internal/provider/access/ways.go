package access

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// waysToRoot compares the rights with the rules of package escalation. Steps over the members of groups count, in any
// number.
func waysToRoot(rights *proxmox.Rights, authID string) []escalation.Finding {
	w := &waysOf{rights: rights, leads: map[string]bool{}}
	w.leads[authID] = false // groups can form a circle
	return w.from(authID)
}

// waysOf finds ways to root, with what is known of the users that can be taken over on the way.
type waysOf struct {
	rights *proxmox.Rights
	leads  map[string]bool // by user; false also for one that is looked at
	groups map[string]bool // those whose rights lead to root
}

func (w *waysOf) from(authID string) []escalation.Finding {
	at := map[string]map[string]proxmox.Right{}
	return escalation.FindPrivileges(escalation.Held{
		Paths: w.rights.Paths(authID),
		PVE8:  w.rights.Knows("VM.Monitor"),
		Has: func(path, privilege string) bool {
			here, asked := at[path]
			if !asked {
				here = w.rights.At(authID, path)
				at[path] = here
			}
			_, has := here[privilege]
			return has
		},
		PowerfulMember: w.powerfulMember,
		PowerfulGroup:  w.powerful,
		AnyMember: func(group string) string {
			for _, member := range w.rights.Members(group) {
				return string(member)
			}
			return ""
		},
	})
}

// powerfulMember is a member of a group that leads to root, without the users that are looked at.
func (w *waysOf) powerfulMember(group string) string {
	for _, member := range w.rights.Members(group) {
		if member.IsRootPAM() {
			return string(member)
		}
		leads, known := w.leads[string(member)]
		if !known {
			w.leads[string(member)] = false
			leads = len(w.from(string(member))) > 0
			w.leads[string(member)] = leads
		}
		if leads {
			return string(member)
		}
	}
	return ""
}

// anyone is a user of no name that exists: PVE refuses a slash in a name.
const anyone = proxmox.UserID("any/one@pve")

// powerful tells whether the rights of a group lead to root, for a user that has no others, and no member leads there
// already.
func (w *waysOf) powerful(group string) bool {
	leads, known := w.groups[group]
	if !known {
		if w.groups == nil {
			w.groups = map[string]bool{}
		}
		w.groups[group] = false // the rights of a group can be about the group itself
		of := &waysOf{rights: w.rights.With(proxmox.Principal{UserID: anyone, Groups: []string{group}}), leads: map[string]bool{string(anyone): false}, groups: w.groups}
		leads = len(of.from(string(anyone))) > 0
		w.groups[group] = leads
	}
	return leads && w.powerfulMember(group) == ""
}
