# In a test or a check: a new version of the policy allows nothing that the old one did not
locals {
  old = <<-EOT
    agent ALL=(root) NOPASSWD: /usr/sbin/qm ^(start|status) 2[0-9]{3}$
  EOT
  new = <<-EOT
    agent ALL=(root) NOPASSWD: /usr/sbin/qm ^status 2[0-9]{3}$
  EOT
}

check "no_new_access" {
  assert {
    condition     = contains(["equal", "narrower"], provider::pvesec::sudoers_compare(local.old, local.new, "agent").verdict)
    error_message = join("\n", provider::pvesec::sudoers_compare(local.old, local.new, "agent").newly_allowed)
  }
}
