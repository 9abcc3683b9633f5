// Package assessment brings together what the checks say of nodes and of the cluster: the results of a profile with
// waivers, the score, the comparison with an earlier assessment, and the reports: Markdown, SARIF, HTML and JSON. It
// reads no clock.
package assessment
