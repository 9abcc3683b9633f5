# What every operator may do
data "pvesec_sudoers_document" "operators" {
  defaults = ["use_pty", "env_reset"]

  rule {
    id       = "status"
    commands = ["/usr/sbin/qm list", "/usr/sbin/qm ^status [1-9][0-9]{2,8}$"]
    nopasswd = true
  }
}

# ... and what the build farm's operators may do in addition
data "pvesec_sudoers_document" "build_farm" {
  source_documents = [data.pvesec_sudoers_document.operators.json]

  preset {
    name       = "vm_operator"
    parameters = { vmids = "2[0-9]{3}", storage = "local-zfs", bridge = "vmbr0" }
  }
  preset {
    name = "monitoring"
  }
}

resource "pvesec_sudoers_policy" "agent" {
  name     = "agent"
  subject  = "agent"
  document = data.pvesec_sudoers_document.build_farm.json
}
