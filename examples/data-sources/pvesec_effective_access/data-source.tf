# What everyone can do on the nodes and in Proxmox VE now
data "pvesec_effective_access" "now" {}

# Paths to root that need no more than an account on a node
check "no_way_for_everyone" {
  assert {
    condition     = alltrue([for s in data.pvesec_effective_access.now.access : !s.leads_to_root if s.kind == "everyone"])
    error_message = join("\n", [for p in data.pvesec_effective_access.now.paths : p.text if startswith(p.from, "everyone:")])
  }
}

# The change that takes root from most subjects
output "change_first" {
  value = try(data.pvesec_effective_access.now.cuts[0].remedy, "nothing")
}
