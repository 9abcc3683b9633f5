// Package paths holds who can become whom, and finds the paths that lead to root: a graph of principals, its edges with
// their evidence, the way from each principal to root, and the single change that takes root from most of them.
//
// The package is pure. It takes a graph and returns values, in time linear in the graph.
package paths
