package posture

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// WorldOf is PVE's access control with these rights, as package escalation looks for ways to root in it.
func WorldOf(rights *proxmox.Rights) escalation.World {
	return escalation.World{
		PVE8:    rights.Knows("VM.Monitor"),
		Groups:  rights.Groups(),
		Members: func(group string) []string { return userIDs(rights.Members(group)) },
		Rights: func(id string, groups ...string) escalation.Rights {
			if len(groups) == 0 {
				return rightsOf(rights, id)
			}
			user := newUser
			if id != "" {
				user = proxmox.UserID(id)
			}
			return rightsOf(rights.Joining(user, groups), string(user))
		},
	}
}

// newUser is a user of no name that exists, like nobody: PVE refuses a slash in a name.
const newUser = proxmox.UserID("new/user@pve")

// rightsOf asks for the rights on each path once.
func rightsOf(rights *proxmox.Rights, authID string) escalation.Rights {
	at := map[string]map[string]proxmox.Right{}
	return escalation.Rights{
		Key:   rights.Key(authID),
		Paths: rights.Paths(authID),
		Has: func(path, privilege string) bool {
			here, asked := at[path]
			if !asked {
				here = rights.At(authID, path)
				at[path] = here
			}
			_, has := here[privilege]
			return has
		},
	}
}

func userIDs(users []proxmox.UserID) []string {
	all := make([]string, len(users))
	for i, user := range users {
		all[i] = string(user)
	}
	return all
}
