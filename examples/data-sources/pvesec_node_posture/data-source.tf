# In every plan: do the nodes still pass what agent's sudo must never be able to do?
data "pvesec_node_posture" "agent" {
  subjects = ["agent"]
  profile  = "level1"

  waiver {
    check  = "PVESEC-C0903"
    reason = "the vendor's tool logs in with a password until it is replaced"
    until  = "2030-12-31"
  }
}

check "posture" {
  assert {
    condition = length([
      for r in data.pvesec_node_posture.agent.results : r
      if r.status == "fail" && r.severity == "critical" && r.family == "escalation"
    ]) == 0
    error_message = data.pvesec_node_posture.agent.summary
  }
}
