// Package access holds what is about PVE's access control: users, API tokens, and the lists of both.
package access
