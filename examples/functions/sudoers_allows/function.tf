# In a check, a test or a precondition: what is promised is allowed, what is dangerous is not
locals {
  policy = <<-EOT
    agent ALL=(root) NOPASSWD: /usr/sbin/qm ^(start|status) 2[0-9]{3}$
  EOT
}

check "agent" {
  assert {
    condition     = provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm start 2001")
    error_message = "agent can no longer start machine 2001"
  }
  assert {
    condition     = !provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm set 2001 --args x")
    error_message = "agent can set the arguments of a machine, which leads to root"
  }
}
