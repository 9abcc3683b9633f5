// Package posture holds the data sources about what is true on nodes and in PVE now. They read and change nothing.
package posture
