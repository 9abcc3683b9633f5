// Package values turns Terraform's values into Go's and back, checks them, and reports what is wrong with them. It
// knows no resource.
package values
