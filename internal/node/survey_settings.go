package node

// The sections of a survey with SurveyQuery.Settings.
const (
	SectionUnits           = "units"           // systemctl show: Id, LoadState, ActiveState and UnitFileState of services
	SectionListeners       = "listeners"       // ss -tulpn
	SectionModes           = "modes"           // records "TYPE MODE UID GID SIZE MTIME PATH", each ended by NUL
	SectionKernel          = "kernel"          // lines FILE:VALUE below /proc/sys, and of the kernel's command line
	SectionVulnerabilities = "vulnerabilities" // lines NAME:STATE of the flaws of the processor
	SectionMounts          = "mounts"          // proc(5), mounts
	SectionInstalled       = "installed"       // lines STATE PACKAGE VERSION, parted by tabs
	SectionUpdates         = "updates"         // apt-get -s dist-upgrade
	SectionAptConfig       = "aptconfig"       // apt-config dump, of the settings that checks know
	SectionConfig          = "config"          // lines FILE LINE TEXT, parted by tabs, of configuration files
	SectionCertificates    = "certificates"    // a line "File: PATH" before each certificate in PEM
)

// SettingsSections are all of them.
func SettingsSections() []string {
	return []string{SectionUnits, SectionListeners, SectionModes, SectionKernel, SectionVulnerabilities, SectionMounts, SectionInstalled, SectionUpdates, SectionAptConfig, SectionConfig, SectionCertificates}
}
