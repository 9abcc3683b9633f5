package program

// Effect is what a command line does, in the one vocabulary that findings, statements, presets and posture share.
type Effect string

// Effects that are ways to root.
const (
	// Undescribed is the effect of what nobody has described: unknown is not safe.
	Undescribed Effect = "undescribed"

	RunsCode    Effect = "runs-code"
	Interactive Effect = "interactive"
	LoadsCode   Effect = "loads-code"
	KernelCode  Effect = "kernel-code"
	WritesFile  Effect = "writes-file"
	GivesFile   Effect = "gives-file"
	ReadsSecret Effect = "reads-secret"
	GrantsRoot  Effect = "grants-root"
	PVERoot     Effect = "pve-root"
	Mounts      Effect = "mounts"
	GuestRoot   Effect = "guest-root"
)

// Effects that are no way to root by themselves. Statements ask for them, and some of them are disruptive.
const (
	ChangesAccounts  Effect = "changes-accounts"
	ChangesPVEAccess Effect = "changes-pve-access"
	TouchesRootPAM   Effect = "touches-root-pam"
	StartsUnit       Effect = "starts-unit"
	StopsUnit        Effect = "stops-unit"
	MasksUnit        Effect = "masks-unit"
	StopsPVE         Effect = "stops-pve"
	ChangesPackages  Effect = "changes-packages"
	ChangesNetwork   Effect = "changes-network"
	DestroysData     Effect = "destroys-data"
	ChangesStorage   Effect = "changes-storage"
	StopsGuest       Effect = "stops-guest"
	ChangesGuest     Effect = "changes-guest"
	LosesGuest       Effect = "loses-guest"
	TampersLog       Effect = "tampers-log"
	StopsLogging     Effect = "stops-logging"
	ChangesTime      Effect = "changes-time"
	PowersOff        Effect = "powers-off"
	ChangesKernel    Effect = "changes-kernel"
	ChangesCluster   Effect = "changes-cluster"
	ReadsLog         Effect = "reads-log"
	ChangesConfig    Effect = "changes-config"
	BecomesUser      Effect = "becomes-user"
	ChangesSudo      Effect = "changes-sudo"
	HidesRecords     Effect = "hides-records"
)

// Severity says how bad an effect is for the node.
type Severity string

// The severities, the worst first. Critical and high are ways to root; critical needs nothing else.
const (
	Critical   Severity = "critical"
	High       Severity = "high"
	Medium     Severity = "medium"
	Disruptive Severity = "disruptive"
	Harmless   Severity = "none"
)

// EffectInfo is what a reader is told about an effect.
type EffectInfo struct {
	Effect   Effect
	ID       string // of the finding, for an operation that has no id of its own
	Severity Severity
	Title    string // a clause: "runs a program or script of the caller's choice"
	Why      string
	Fix      string // for an operation that has none
}

// Root tells whether the effect is a way to root.
func (i *EffectInfo) Root() bool { return i.Severity == Critical || i.Severity == High }

var effects = []*EffectInfo{
	{Undescribed, "PVESEC-E0060", High, "runs arguments that nobody has described",
		"pvesec knows what the described operations of a program do. This command line is none of them, so it may do anything.",
		"Grant the exact command line that is needed. If it is a program or a use that pvesec does not know, put it into a script owned by root that takes no arguments."},
	{RunsCode, "PVESEC-E0061", Critical, "runs a program, script or code of the caller's choice",
		"Code that the caller chooses runs as root.",
		"Put the one task into a script owned by root that takes no arguments, for example /usr/local/sbin/nightly, and grant that: /usr/local/sbin/nightly \"\"."},
	{Interactive, "PVESEC-E0062", Critical, "opens a program from which a shell can be started",
		"Pagers, editors, shells and many clients start a shell, or write any file, on a key press.",
		"Grant a command that prints and ends, for example /usr/bin/tail ^-n [0-9]{1,4} /var/log/syslog$. To edit a file, grant sudoedit of that one file."},
	{LoadsCode, "PVESEC-E0063", Critical, "loads a library, plugin or hook of the caller's choice",
		"Code that the caller chooses runs inside a process of root.",
		"Grant the command without the option that names the library or directory."},
	{KernelCode, "PVESEC-E0064", Critical, "loads code into the kernel",
		"Code in the kernel is above root.",
		"Let root load modules at boot, with a file in /etc/modules-load.d."},
	{WritesFile, "PVESEC-E0065", Critical, "writes a file that root executes or reads as configuration, or one of the caller's choice",
		"A user who can write a file as root and choose its name or content is root: sudo, cron, systemd, the shell and the loader read such files.",
		"Name the file exactly, in a directory that only root writes to and from which root neither executes nor configures anything."},
	{GivesFile, "PVESEC-E0066", Critical, "changes the owner, mode or capabilities of a file that matters",
		"A file of root's that the caller may write, or a program that becomes set-id, gives root.",
		"Name the file exactly, and only files that root neither executes nor reads as configuration."},
	{ReadsSecret, "PVESEC-E0067", High, "reads a file that only root may read",
		"Keys, password hashes and tickets of root are among those files: /etc/pve/priv/authkey.key signs a session of root@pam.",
		"Name the files exactly, with absolute paths, for example /usr/bin/cat /var/log/syslog."},
	{GrantsRoot, "PVESEC-E0068", High, "gives an account the rights of root",
		"A member of sudo, disk, shadow or docker, an account with user id 0, and a user who knows an administrator's password are root.",
		"Let administrators manage accounts, or grant the exact change to one named account that has no such rights: /usr/sbin/usermod -L bob."},
	{PVERoot, "PVESEC-E0069", High, "gives access to Proxmox VE that leads to root",
		"A user who can act as root@pam or as an Administrator can run commands on every node.",
		"Manage access with pvesec_restricted_user, or pin the user, path and role."},
	{Mounts, "PVESEC-E0070", High, "mounts a file system or directory of the caller's choice",
		"A foreign file system brings set-id programs; a mount over a directory of root's replaces its files.",
		"Put the mount into /etc/fstab and grant it by its mount point: /usr/bin/mount /mnt/backup."},
	{GuestRoot, "PVESEC-E0071", High, "gives a guest access to the node",
		"Raw arguments, hook scripts, devices and directories of the node, and privileged containers, reach the node as root.",
		"Grant the options that are needed, for example /usr/sbin/qm ^set 2[0-9]{3} --(memory|balloon) [0-9]{1,7}$."},
	{TampersLog, "PVESEC-E0072", Medium, "changes or removes records",
		"Who removes records hides what he did.",
		"Let logrotate remove old logs, or name a log that is no record of security."},
	{StopsLogging, "PVESEC-E0073", Medium, "stops or reconfigures logging",
		"What is done after that is not recorded.",
		"Leave logging and audit services out of the grant."},
	{MasksUnit, "PVESEC-E0074", Disruptive, "disables or masks a service", "", ""},
	{ChangesPackages, "PVESEC-E0075", Disruptive, "installs, removes or upgrades packages", "", ""},
	{ChangesAccounts, "PVESEC-E0076", Disruptive, "changes accounts", "", ""},
	{ChangesPVEAccess, "PVESEC-E0077", Disruptive, "changes access to Proxmox VE", "", ""},
	{TouchesRootPAM, "PVESEC-E0078", High, "changes root@pam",
		"root@pam is the owner of the cluster. Its password, tokens and second factors give everything.",
		"Leave root@pam out of the grant."},
	{StartsUnit, "PVESEC-E0079", Harmless, "starts a service", "", ""},
	{StopsUnit, "PVESEC-E0080", Disruptive, "stops or restarts a service", "", ""},
	{StopsPVE, "PVESEC-E0081", Disruptive, "stops a service of Proxmox VE", "", ""},
	{ChangesNetwork, "PVESEC-E0082", Disruptive, "changes the network", "", ""},
	{DestroysData, "PVESEC-E0083", Disruptive, "destroys or formats disks, volumes or backups", "", ""},
	{ChangesStorage, "PVESEC-E0084", Disruptive, "changes storage", "", ""},
	{StopsGuest, "PVESEC-E0085", Disruptive, "stops a guest", "", ""},
	{ChangesGuest, "PVESEC-E0086", Harmless, "changes a guest", "", ""},
	{LosesGuest, "PVESEC-E0087", Disruptive, "destroys a guest or its data", "", ""},
	{ChangesTime, "PVESEC-E0088", Disruptive, "changes the time", "", ""},
	{PowersOff, "PVESEC-E0089", Disruptive, "powers off or restarts the node", "", ""},
	{ChangesKernel, "PVESEC-E0090", Disruptive, "changes settings of the kernel", "", ""},
	{ChangesCluster, "PVESEC-E0091", Disruptive, "changes the cluster", "", ""},
	{ReadsLog, "PVESEC-E0092", Harmless, "reads logs", "", ""},
	{BecomesUser, "PVESEC-E0094", Harmless, "runs a command as another account", "", ""},
	{ChangesSudo, "PVESEC-E0095", Disruptive, "removes sudo with what it allows", "", ""},
	{HidesRecords, "PVESEC-E0096", Harmless, "may keep records from being written, or hide or lose some", "", ""},
	{ChangesConfig, "PVESEC-E0093", Disruptive, "changes configuration of the node", "", ""},
}

var effectsByName = func() map[Effect]*EffectInfo {
	byName := make(map[Effect]*EffectInfo, len(effects))
	for _, e := range effects {
		byName[e.Effect] = e
	}
	return byName
}()

// Effects are all effects in the order of their ids.
func Effects() []*EffectInfo { return effects }

// Info is what a reader is told about the effect; nil for a word that is no effect.
func (e Effect) Info() *EffectInfo { return effectsByName[e] }
