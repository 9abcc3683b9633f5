// Package session is what a run of Terraform shares between its resources: the API client, the connections to the
// nodes, which nodes there are and which of them answer. It also holds what every resource on nodes does alike.
package session
