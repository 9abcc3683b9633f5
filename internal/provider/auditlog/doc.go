// Package auditlog holds the logging of sudo's use on nodes.
package auditlog
