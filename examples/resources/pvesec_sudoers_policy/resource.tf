resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"

  # Anchored regular expressions pin the arguments; "" means no arguments at all.
  rule {
    commands = [
      "/usr/sbin/qm ^(start|stop|shutdown|status) 2[0-9]{3}$",
      "/usr/sbin/qm list",
      "/usr/bin/pveversion \"\"",
    ]
    nopasswd = true
  }
  defaults = ["use_pty", "env_reset", "secure_path=/usr/sbin:/usr/bin:/sbin:/bin"]

  # Anything else that names the subject in the nodes' sudoers files is removed, except what another policy wrote; a backup is kept.
  exclusive = true
}
