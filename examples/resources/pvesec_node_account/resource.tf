# The account behind an operator: it logs in with one key, from one network, and sudo gives it what the policy says.
resource "pvesec_node_account" "nightowl" {
  name    = "nightowl"
  comment = "Night shift"
  expires = "2030-01-31"

  authorized_key {
    key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k nightowl@example"
    restrict = true
    pty      = true
    from     = ["192.0.2.0/24"]
  }
}

resource "pvesec_sudoers_policy" "nightowl" {
  name    = pvesec_node_account.nightowl.name
  subject = pvesec_node_account.nightowl.name

  rule {
    commands = ["/usr/sbin/qm list"]
    nopasswd = true
  }
}
