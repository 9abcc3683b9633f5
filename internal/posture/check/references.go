package check

// What expectations come from. Section numbers are those of the releases that are named.
const (
	cis12   = "CIS Debian Linux 12 Benchmark v1.1.0"
	cis13   = "CIS Debian Linux 13 Benchmark v1.0.0"
	pve8    = "Proxmox VE 8.x Hardening Guide (HomeSecExplorer) v0.9.4"
	pve9    = "Proxmox VE 9.x Hardening Guide (HomeSecExplorer) v0.9.1"
	pveBook = "Proxmox VE Administration Guide"
)

// cis refers to the sections of the two benchmarks; "" where one has none.
func cis(on12, on13 string) (list []Reference) {
	if on12 != "" {
		list = append(list, Reference{cis12, on12})
	}
	if on13 != "" {
		list = append(list, Reference{cis13, on13})
	}
	return list
}

// guide refers to a section of the hardening guides for PVE 8 and 9, which number it alike.
func guide(section string) []Reference { return []Reference{{pve8, section}, {pve9, section}} }

// manual refers to a manual page.
func manual(page, section string) []Reference { return []Reference{{page, section}} }
