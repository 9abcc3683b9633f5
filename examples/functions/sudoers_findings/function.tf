# In a check, a test or a precondition: nothing in the policy leads to root
locals {
  reviewed = <<-EOT
    agent ALL=(root) NOPASSWD: /usr/sbin/qm ^(start|status) 2[0-9]{3}$
  EOT
}

check "no_way_to_root" {
  assert {
    condition     = !anytrue([for f in provider::pvesec::sudoers_findings(local.reviewed, "agent") : f.root_equivalent])
    error_message = join("\n", [for f in provider::pvesec::sudoers_findings(local.reviewed, "agent") : "${f.id}: ${f.example}"])
  }
}
