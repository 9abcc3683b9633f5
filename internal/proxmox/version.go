package proxmox

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// Version is what GET /version tells.
type Version struct {
	Release string // "9.1"
	Version string // "9.1.2"
}

// AtLeast tells whether the release is major.minor or later. A release that
// cannot be read counts as new.
func (v Version) AtLeast(major, minor int) bool {
	text := v.Release
	if text == "" {
		text = v.Version
	}
	first, rest, _ := strings.Cut(text, ".")
	second, _, _ := strings.Cut(rest, ".")
	second, _, _ = strings.Cut(second, "-")
	haveMajor, err := strconv.Atoi(first)
	if err != nil {
		return true
	}
	haveMinor, err := strconv.Atoi(second)
	if err != nil {
		haveMinor = 0
	}
	return haveMajor > major || haveMajor == major && haveMinor >= minor
}

// String returns the version as PVE's web interface shows it.
func (v Version) String() string {
	if v.Version != "" {
		return v.Version
	}
	return v.Release
}

// Version asks for the server's version, once per Client.
func (c *Client) Version(ctx context.Context) (Version, error) {
	v, err := shared(ctx, c, "version", func(l *lists) **Version { return &l.version },
		func(v *Version) bool { return v == nil }, c.fetchVersion)
	if err != nil {
		return Version{}, err
	}
	return *v, nil
}

func (c *Client) fetchVersion(ctx context.Context) (*Version, error) {
	var raw struct {
		Release string `json:"release"`
		Version string `json:"version"`
	}
	if err := c.read(ctx, "/version", &raw); err != nil {
		return nil, err
	}
	if raw.Release == "" && raw.Version == "" {
		return nil, errors.New("GET /version: the answer has no version: find out what answers there")
	}
	return &Version{Release: raw.Release, Version: raw.Version}, nil
}
