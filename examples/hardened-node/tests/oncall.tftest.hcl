# terraform test: the plan proves what the policy allows, with no node and no credentials.

variables {
  oncall_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k oncall@example"
}

run "oncall" {
  command = plan

  # What the nodes hold: no test without nodes can know.
  expect_failures = [check.oncall_is_not_root]

  assert {
    condition     = !pvesec_sudoers_policy.oncall.analysis.root_equivalent && length(pvesec_sudoers_policy.oncall.analysis.findings) == 0
    error_message = "The administrator on call can become root: ${join(", ", pvesec_sudoers_policy.oncall.analysis.findings[*].example)}"
  }
  assert {
    condition     = provider::pvesec::sudoers_allows(pvesec_sudoers_policy.oncall.content, "oncall", "/usr/sbin/qm shutdown 2001")
    error_message = "The administrator on call cannot shut down a guest."
  }
  assert {
    condition     = !pvesec_sshd_policy.strict.password_authentication && pvesec_audit_logging.all.require_logging
    error_message = "A password lets somebody in, or sudo runs what it cannot record."
  }
}
