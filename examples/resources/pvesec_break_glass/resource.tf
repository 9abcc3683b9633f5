# Root for two hours, on the two nodes that need it. It ends on the nodes by itself.
resource "pvesec_break_glass" "database" {
  name         = "database"
  subject      = "alice"
  reason       = "the database of pve1 does not start after the update"
  ticket       = "OPS-1207"
  all_commands = true
  duration     = "2h"
  nodes        = ["pve1", "pve2"]

  # The account logs in with a key and has no password.
  require_password = false

  # Count up to open the access again after its end.
  renew_id = "1"
}

# Only what the emergency needs.
resource "pvesec_break_glass" "proxy" {
  name         = "proxy"
  subject      = "%operators"
  reason       = "pveproxy hangs, and its restart must not wait for the administrators"
  commands     = ["/usr/bin/systemctl restart pveproxy.service"]
  duration     = "30m"
  end_sessions = true
}
