# Every node of a cluster at its strictest: sshd with keys and strong ciphers only, the sudo of every user recorded, one account for the administrator on call, and a policy from
# vetted presets that shows all and changes nothing but the power of some guests.
terraform {
  required_version = ">= 1.11"
  required_providers {
    pvesec = {
      source = "pvesec/pvesec"
    }
  }
}

provider "pvesec" {}

variable "oncall_key" {
  type        = string
  description = "Public SSH key of the administrator on call, one line."
}

variable "oncall_networks" {
  type        = list(string)
  default     = ["192.0.2.0/24"]
  description = "From where that administrator logs in."
}

# Who gets in, and how. The nodes of the cluster keep what they need of each other.
resource "pvesec_sshd_policy" "strict" {
  permit_root_login              = "prohibit-password"
  password_authentication        = false
  kbd_interactive_authentication = false
  max_auth_tries                 = 3
  login_grace_time               = 30
  x11_forwarding                 = false
  allow_agent_forwarding         = false
  allow_tcp_forwarding           = "no"
  permit_tunnel                  = "no"
  disable_forwarding             = true
  allow_users                    = ["root", "oncall"]
  crypto_profile                 = "strict"
  administrators                 = ["root"]
}

# What every user does with sudo. A command that cannot be recorded does not run.
resource "pvesec_audit_logging" "all" {
  require_logging = true

  io_logs {
    output           = true
    max_sessions     = 100000
    max_age_days     = 400
    min_free_percent = 10
  }
  rotation {
    frequency = "daily"
    keep      = 400
  }
  security_log {}
  journald {}
}

resource "pvesec_node_account" "oncall" {
  name         = "oncall"
  comment      = "Administrator on call"
  end_sessions = true
  remove_home  = true

  authorized_key {
    key      = var.oncall_key
    restrict = true
    pty      = true
    from     = var.oncall_networks
  }
}

data "pvesec_sudoers_document" "oncall" {
  preset { name = "monitoring" }
  preset { name = "network_monitoring" }
  preset { name = "storage" }
  rule {
    id       = "power"
    commands = ["/usr/sbin/qm ^(start|shutdown|status) 2[0-9]{3}$"]
    nopasswd = true
  }
}

resource "pvesec_sudoers_policy" "oncall" {
  name      = "oncall"
  subject   = pvesec_node_account.oncall.name
  document  = data.pvesec_sudoers_document.oncall.json
  exclusive = true

  never = [
    "touches root@pam", "edits sudoers", "installs packages", "changes the network",
    "stops logging", "stops services of Proxmox VE", "destroys disks", "becomes another user",
  ]
  always = ["/usr/sbin/qm start 2001", "/usr/sbin/zpool status", "/usr/bin/pveversion"]

  depends_on = [pvesec_audit_logging.all] # what it allows is recorded from the first moment to the last
}

# Looked at in every plan, and by the health assessments of HCP Terraform.
data "pvesec_effective_access" "oncall" {
  subjects   = [pvesec_node_account.oncall.name]
  depends_on = [pvesec_sudoers_policy.oncall, pvesec_sshd_policy.strict]
}

check "oncall_is_not_root" {
  assert {
    condition     = data.pvesec_effective_access.oncall.counts.leads_to_root == 0
    error_message = "The account oncall leads to root:\n${join("\n", data.pvesec_effective_access.oncall.paths[*].text)}"
  }
  assert {
    condition     = data.pvesec_effective_access.oncall.counts.unknown == 0
    error_message = "Something is not known:\n${join("\n", [for u in data.pvesec_effective_access.oncall.unknown : "${u.node}: ${u.about}: ${u.reason}"])}"
  }
}
