# terraform test: the plan proves what the policy allows, with no node and no credentials.

run "operator" {
  command = plan

  assert {
    condition     = !pvesec_sudoers_policy.agent.analysis.root_equivalent && length(pvesec_sudoers_policy.agent.analysis.findings) == 0
    error_message = "The operator can become root: ${join(", ", pvesec_sudoers_policy.agent.analysis.findings[*].example)}"
  }
  assert {
    condition     = provider::pvesec::sudoers_allows(pvesec_sudoers_policy.agent.content, "agent", "/usr/sbin/qm start 2001")
    error_message = "The operator cannot start its guests."
  }
  assert {
    condition     = !provider::pvesec::sudoers_allows(pvesec_sudoers_policy.agent.content, "agent", "/usr/sbin/qm start 100")
    error_message = "The operator starts the guests of others."
  }
  assert {
    condition     = contains(pvesec_audit_logging.agent.subjects, pvesec_sudoers_policy.agent.subject)
    error_message = "What the operator does is not recorded."
  }
}
