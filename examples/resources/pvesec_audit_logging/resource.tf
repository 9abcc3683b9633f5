resource "pvesec_audit_logging" "operators" {
  name     = "operators"
  subjects = ["agent", "%operators"]

  io_logs {
    output       = true
    max_sessions = 10000
  }
  journald {
    max_use_mib = 2048
  }
  rotation {
    frequency = "daily"
    keep      = 90
  }
}
