package pvesim

import (
	"regexp"
	"strconv"
	"strings"
)

// cleanPathPattern is what any ACL path may consist of.
var cleanPathPattern = regexp.MustCompile(`^[A-Za-z0-9.\-_/]+$`)

var slashes = regexp.MustCompile(`/+`)

// normalisePath folds slashes, cuts the one at the end and adds the one in front.
// ok is false when the path is empty or holds a character that no path may hold.
func normalisePath(path string) (normal string, ok bool) {
	if !truthy(path) {
		return "", false
	}
	path = strings.TrimSuffix(slashes.ReplaceAllString(path, "/"), "/")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path, cleanPathPattern.MatchString(path)
}

// aclPathGrammar lists the ACL paths of every supported release; names are never
// checked for existence. A number is checked by validACLPath.
var aclPathGrammar = []*regexp.Regexp{
	regexp.MustCompile(`^/$`),
	regexp.MustCompile(`^/(access|nodes|pool|storage|vms|mapping|sdn)$`),
	regexp.MustCompile(`^/access/(groups|realm)(/[A-Za-z0-9.\-_]+)?$`),
	regexp.MustCompile(`^/(nodes|storage)/[A-Za-z0-9.\-_]+$`),
	regexp.MustCompile(`^/pool(/[A-Za-z0-9.\-_]+){1,3}$`),
	regexp.MustCompile(`^/vms/[1-9][0-9]{2,}$`),
	regexp.MustCompile(`^/mapping(/[A-Za-z0-9.\-_]+){1,2}$`),
	regexp.MustCompile(`^/sdn/zones(/[A-Za-z0-9.\-_]+(/[A-Za-z0-9.\-_]+)?)?$`),
	regexp.MustCompile(`^/sdn/controllers(/[A-Za-z0-9\-_]+)?$`),
	regexp.MustCompile(`^/sdn/(dns|ipams)(/[A-Za-z0-9]+)?$`),
}

var (
	vnetTagPath  = regexp.MustCompile(`^/sdn/zones/[A-Za-z0-9.\-_]+/[A-Za-z0-9.\-_]+/([1-9][0-9]{0,3})$`)
	fabricPath   = regexp.MustCompile(`^/sdn/fabrics(/[A-Za-z0-9]+)?$`)
	routingPaths = regexp.MustCompile(`^/sdn/(prefix-lists|route-maps)(/[A-Za-z0-9]+)?$`)
)

// validACLPath tells whether a release accepts a normalised path in an ACL.
func validACLPath(path, version string) bool {
	for _, pattern := range aclPathGrammar {
		if pattern.MatchString(path) {
			return true
		}
	}
	if m := vnetTagPath.FindStringSubmatch(path); m != nil {
		tag, err := strconv.Atoi(m[1])
		return err == nil && tag >= 1
	}
	if fabricPath.MatchString(path) {
		return version != Version84
	}
	return routingPaths.MatchString(path) && version == Version92
}
