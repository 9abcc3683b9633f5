# The account of the pipeline may restart one service, for as long as this run needs it.
ephemeral "pvesec_break_glass" "restart" {
  subject  = "agent"
  reason   = "the deployment restarts the proxy"
  commands = ["/usr/bin/systemctl restart pveproxy.service"]
  duration = "10m"
  nodes    = ["pve1"]

  # The account logs in with a key and has no password.
  require_password = false
}

resource "terraform_data" "restart" {
  provisioner "local-exec" {
    command = "ssh agent@pve1.example.com sudo -n /usr/bin/systemctl restart pveproxy.service"

    # What names the access waits for it, and keeps it open until it is done.
    environment = { ACCESS = ephemeral.pvesec_break_glass.restart.name }
  }
}
