resource "pvesec_audit_logging" "agent" {
  subjects = ["agent"]
}

data "pvesec_audit_health" "trail" {
  since      = "7d"
  depends_on = [pvesec_audit_logging.agent]
}

check "audit_trail" {
  assert {
    condition     = data.pvesec_audit_health.trail.healthy
    error_message = join("\n", data.pvesec_audit_health.trail.problems)
  }
  assert {
    condition     = lookup(data.pvesec_audit_health.trail.denials, "agent", 0) < 20
    error_message = "sudo refused ${lookup(data.pvesec_audit_health.trail.denials, "agent", 0)} commands to agent within 7 days."
  }
}
