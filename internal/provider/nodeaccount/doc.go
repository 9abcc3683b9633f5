// Package nodeaccount holds the Linux accounts behind operators and agents, on nodes.
package nodeaccount
