package architecture

// Room says what the packages of one directory may import.
type Room struct {
	// Uses names the rooms that this one may import, by directory. Packages of one room may import each other.
	Uses []string
	// Pure rooms import only the packages in pureImports and pure rooms, and never read the clock.
	Pure bool
	// Terraform is set where Terraform's plugin framework may be imported.
	Terraform bool
	// Lab is set where code that is not a test may import the lab.
	Lab bool
}

const (
	// command is the room of main.go: the directory of the module itself.
	command = "."
	lab     = "internal/lab"
	// provider is the room of the provider block; the families of resources and what they share have rooms of their own
	// below it.
	provider     = "internal/provider"
	access       = "internal/provider/access"
	sudo         = "internal/provider/sudo"
	auditlog     = "internal/provider/auditlog"
	nodeaccount  = "internal/provider/nodeaccount"
	posture      = "internal/provider/posture"
	sshd         = "internal/provider/sshd"
	memo         = "internal/provider/memo"
	session      = "internal/provider/session"
	values       = "internal/provider/values"
	providerTest = "internal/provider/acctest"
	// untrusted makes text of others fit to be read.
	untrusted = "internal/untrusted"
	// budget is what tests of any room demand of time and memory.
	budget = "internal/budget"
)

// House maps the directory of each room, relative to the module, to its rules. A package belongs to the room with the
// longest directory that contains it.
var House = map[string]Room{
	command:      {Uses: []string{provider}, Terraform: true},
	provider:     {Uses: []string{access, sudo, auditlog, nodeaccount, sshd, posture, memo, session, values, "internal/node", "internal/proxmox"}, Terraform: true},
	access:       {Uses: []string{memo, session, values, "internal/posture", "internal/escalation", "internal/proxmox", untrusted}, Terraform: true},
	sudo:         {Uses: []string{memo, session, values, "internal/review", "internal/hardening", "internal/escalation", "internal/policy", "internal/sudoers/document", "internal/sudoers", "internal/regular", "internal/node", untrusted}, Terraform: true},
	auditlog:     {Uses: []string{session, values, "internal/hardening", "internal/node", untrusted}, Terraform: true},
	nodeaccount:  {Uses: []string{session, values, "internal/hardening", "internal/node", untrusted}, Terraform: true},
	posture:      {Uses: []string{session, values, "internal/posture", "internal/paths", "internal/node", untrusted}, Terraform: true},
	sshd:         {Uses: []string{session, values, "internal/hardening", "internal/node", untrusted}, Terraform: true},
	memo:         {Uses: []string{session, values}, Terraform: true},
	session:      {Uses: []string{values, "internal/hardening", "internal/node", "internal/proxmox", untrusted}, Terraform: true},
	values:       {Uses: []string{"internal/node", untrusted}, Terraform: true},
	providerTest: {Uses: []string{provider, memo, "internal/hardening", "internal/escalation", "internal/policy", "internal/sudoers", "internal/node", "internal/proxmox"}, Terraform: true, Lab: true},

	"internal/review":     {Uses: []string{"internal/hardening", "internal/escalation", "internal/policy", "internal/sudoers", "internal/regular", untrusted}},
	"internal/posture":    {Uses: []string{"internal/hardening", "internal/proxmox", "internal/escalation", "internal/policy", "internal/sudoers", "internal/regular", "internal/paths", "internal/node", untrusted}},
	"internal/hardening":  {Uses: []string{"internal/node", "internal/policy", "internal/sudoers", untrusted}},
	"internal/proxmox":    {Uses: []string{untrusted}},
	"internal/escalation": {Uses: []string{"internal/policy", "internal/sudoers", "internal/regular"}, Pure: true},
	"internal/policy":     {Uses: []string{"internal/sudoers", "internal/regular"}, Pure: true},

	"internal/node":             {Uses: []string{untrusted}},
	"internal/sudoers/document": {Uses: []string{"internal/sudoers"}, Pure: true},
	"internal/sudoers":          {Uses: []string{"internal/regular"}, Pure: true},
	"internal/regular":          {Pure: true},
	"internal/paths":            {Pure: true},
	untrusted:                   {Pure: true},

	// Not part of what is released.
	lab:                     {Uses: []string{budget}, Lab: true},
	budget:                  {},
	"internal/demo":         {Uses: []string{"internal/proxmox", "internal/escalation", "internal/policy", "internal/node", "internal/sudoers"}, Lab: true},
	"internal/docsgen":      {Uses: []string{provider, "internal/posture", "internal/escalation", "internal/policy"}, Terraform: true},
	"internal/programnames": {Uses: []string{"internal/escalation"}},
	"internal/programgaps":  {Uses: []string{"internal/escalation"}},
	"internal/pvecommands":  {},
	"internal/architecture": {},
}

// pureImports are the packages of the standard library that a pure room may import: no files, processes, network
// (net/netip is addresses as values), environment, randomness or logging. Of package time, the functions in
// clockFunctions are refused.
var pureImports = map[string]bool{
	"bufio": true, "bytes": true, "cmp": true, "container/heap": true, "container/list": true, "context": true,
	"crypto/sha256": true, "crypto/sha512": true, "embed": true, "encoding": true, "encoding/base64": true,
	"encoding/binary": true, "encoding/hex": true, "encoding/json": true, "errors": true, "fmt": true, "hash": true,
	"hash/fnv": true, "io": true, "io/fs": true, "iter": true, "maps": true, "math": true, "math/big": true,
	"math/bits": true, "net/netip": true, "path": true, "regexp": true, "regexp/syntax": true, "slices": true, "sort": true,
	"strconv": true, "strings": true, "sync": true, "sync/atomic": true, "text/tabwriter": true, "text/template": true,
	"time": true, "unicode": true, "unicode/utf16": true, "unicode/utf8": true, "unique": true,
}

// clockFunctions are the functions and variables of package time that read the clock, wait for it, or read the
// machine's time zones.
var clockFunctions = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true,
	"NewTimer": true, "NewTicker": true, "LoadLocation": true, "Local": true,
}

// terraformModules are the import path prefixes of Terraform's plugin framework. Structured logging
// (terraform-plugin-log) and reading Terraform's own JSON are not among them.
var terraformModules = []string{
	"github.com/hashicorp/terraform-plugin-framework",
	"github.com/hashicorp/terraform-plugin-go",
	"github.com/hashicorp/terraform-plugin-sdk",
}
