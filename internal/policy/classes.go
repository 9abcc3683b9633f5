package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Classes gives a request for each combination of host and target that policies tell apart for a subject, root first: each
// host that they name and any other, each user and group that they name as target and, where the caller has the choice, an
// ordinary one. Host, if it is given in the question, is the only one.
func Classes(q Question, trees ...*sudoers.Tree) []Request {
	hosts := []string{q.Host}
	users, groups := []string{"root"}, []string{}
	add := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, tree := range trees {
		for _, g := range Grants(tree, q.Subject) {
			for _, h := range g.Hosts {
				if q.Host == "" && h.Kind == sudoers.MemberWord {
					add(&hosts, h.Name)
				}
			}
			if g.RunAs == nil {
				continue
			}
			for _, u := range g.RunAs.Users {
				switch u.Kind {
				case sudoers.MemberWord:
					add(&users, u.Name)
				case sudoers.MemberAll, sudoers.MemberAlias, sudoers.MemberGroup, sudoers.MemberNetgroup:
					add(&users, ordinaryUser)
				}
			}
			for _, group := range g.RunAs.Groups {
				if group.Kind == sudoers.MemberWord {
					add(&groups, group.Name)
				} else {
					add(&groups, ordinaryUser)
				}
			}
		}
	}
	env := q.Env
	if env == nil {
		env = Debian(sudoers.Version{})
	}
	var requests []Request
	for _, host := range hosts {
		for _, user := range users {
			target := env.account(user)
			requests = append(requests, Request{Subject: q.Subject, Host: host, Env: q.Env, RunAsUser: &target})
		}
		for _, group := range groups {
			requests = append(requests, Request{Subject: q.Subject, Host: host, Env: q.Env, RunAsGroup: group})
		}
	}
	return requests
}

// ordinaryUser stands for the accounts and groups that a policy does not name.
const ordinaryUser = "nobody"
