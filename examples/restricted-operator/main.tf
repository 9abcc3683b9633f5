# A restricted operator on every node of a cluster: a PVE user with an API token, what it may do with sudo (virtual machines, a look at the storage, monitoring),
# and the record of what it did. The provider takes everything else from the environment.
terraform {
  required_version = ">= 1.11"
  required_providers {
    pvesec = {
      source = "pvesec/pvesec"
    }
  }
}

provider "pvesec" {}

resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  comment = "VM operator for the build farm"

  role { privileges = ["VM.Audit", "VM.PowerMgmt", "VM.Snapshot"] }
  grant { path = "/pool/build" }
  token {
    name       = "ci"
    comment    = "build pipeline"
    expires_at = "2040-01-01T00:00:00Z"
  }
}

resource "pvesec_sudoers_policy" "agent" {
  name      = "agent"
  subject   = "agent"
  exclusive = true

  rule {
    commands = [
      "/usr/sbin/qm ^(start|stop|shutdown|status) 2[0-9]{3}$",
      "/usr/sbin/qm list",
      "/usr/sbin/pvesm status",
      "/usr/sbin/zfs list",
      "/usr/sbin/zpool ^status( -v)?$",
      "/usr/bin/pveversion \"\"",
      "/usr/bin/journalctl --no-pager -u pveproxy -n 100",
    ]
    nopasswd = true
  }
  defaults = ["use_pty", "env_reset", "secure_path=/usr/sbin:/usr/bin:/sbin:/bin"]

  depends_on = [pvesec_audit_logging.agent] # what it allows is recorded from the first moment to the last
}

resource "pvesec_audit_logging" "agent" {
  subjects = ["agent"]
}
