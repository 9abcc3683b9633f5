resource "pvesec_sshd_policy" "ways" {
  permit_root_login              = "prohibit-password"
  password_authentication        = false
  kbd_interactive_authentication = false
  max_auth_tries                 = 4
  login_grace_time               = 30
  crypto_profile                 = "strict"
  administrators                 = ["root"]

  # An agent runs one command, without a terminal and without forwarding.
  match {
    users              = ["agent"]
    force_command      = "/usr/local/bin/agent"
    permit_tty         = false
    disable_forwarding = true
  }

  login {
    name    = "agent from CI"
    user    = "agent"
    address = "192.0.2.10"
  }
}
