# An operator that may start, stop and snapshot the machines of one pool, and nothing else.
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  comment = "VM operator for the build farm"

  role { privileges = ["VM.Audit", "VM.PowerMgmt", "VM.Snapshot"] }
  grant { path = "/pool/build" }

  # Privilege separation is on, with the user's own grants. The secret is shown nowhere unless secret_in_state = true.
  token {
    name       = "ci"
    comment    = "build pipeline"
    expires_in = "90d"
  }
}

# Somebody who looks after the users of one group. The group must have no member that leads to root.
resource "pvesec_restricted_user" "helpdesk" {
  user_id = "helpdesk@pve"
  groups  = ["helpdesk"]

  # The password is in no plan and no state. PVE lets an API token set one only while it creates the user.
  password         = var.helpdesk_password
  password_version = 1

  role { privileges = ["User.Modify"] }
  grant { path = "/access/groups/customers" }
}

variable "helpdesk_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

# What the operator can really do, also through groups, for a policy check or a report.
output "agent_permissions" {
  value = { for path, here in pvesec_restricted_user.agent.effective_permissions : path => here.privileges }
}
