# What a policy means, with no node and no credentials: in a check, a test or a review
data "pvesec_sudoers_analysis" "agent" {
  policy  = <<-EOT
    agent ALL=(root) NOPASSWD: /usr/sbin/qm ^(start|status) 2[0-9]{3}$
  EOT
  subject = "agent"
  never   = ["touches root@pam", "edits sudoers", "/usr/sbin/qm set *"]
  always  = ["/usr/sbin/qm start 2001"]
}

check "agent_is_no_root" {
  assert {
    condition     = data.pvesec_sudoers_analysis.agent.compliant
    error_message = join("\n", data.pvesec_sudoers_analysis.agent.findings[*].example)
  }
}
