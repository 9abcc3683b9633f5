# An AI agent behind an MCP server: it operates the guests of one pool and does nothing else. Its API token lives for one run, its key gives a shell without a
# terminal, its policy names each command, and all that it does is recorded. A run fails if the agent could become root by any way that pvesec knows.
terraform {
  required_version = ">= 1.11"
  required_providers {
    pvesec = {
      source = "pvesec/pvesec"
    }
  }
}

provider "pvesec" {}

variable "agent_key" {
  type        = string
  description = "Public SSH key of the agent, one line."
}

variable "agent_networks" {
  type        = list(string)
  default     = ["192.0.2.0/24"]
  description = "From where the agent logs in to the nodes."
}

variable "task" {
  type        = string
  default     = "none"
  description = "Name of the task. The agent runs once for each new name."
}

variable "agent_command" {
  type        = string
  default     = "test -n \"$PVE_API_TOKEN\""
  description = "What runs the agent; it finds the task in TASK and its API token in PVE_API_TOKEN."
}

variable "emergency" {
  type        = string
  default     = null
  description = "Why the owner of the agent needs root on the nodes now; null while there is no emergency."
}

locals {
  # The guests of pool "agents". sudo knows no pools: reserve a block of ids that holds nothing else.
  guests = "2[0-9]{3}"
}

# In the API: the guests of the pool.
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  comment = "AI agent behind an MCP server"

  role { privileges = ["VM.Audit", "VM.PowerMgmt", "VM.Snapshot"] }
  grant { path = "/pool/agents" }
}

# Terraform learns this value only when the user is there, so that the first run makes the token after it.
resource "terraform_data" "user" {
  input = pvesec_restricted_user.agent.user_id
}

ephemeral "pvesec_api_token" "run" {
  user_id    = terraform_data.user.output
  expires_in = "1h"
  grant {
    path = "/pool/agents"
    role = pvesec_restricted_user.agent.role.name
  }
}

# On the nodes: an account without a password and a key without a terminal.
resource "pvesec_node_account" "agent" {
  name         = "agent"
  comment      = "AI agent behind an MCP server"
  end_sessions = true
  remove_home  = true

  authorized_key {
    key      = var.agent_key
    restrict = true
    from     = var.agent_networks
  }
}

resource "pvesec_sudoers_policy" "agent" {
  name      = "agent"
  subject   = pvesec_node_account.agent.name
  exclusive = true

  rule {
    commands = [
      "/usr/sbin/qm ^(start|stop|shutdown|status|listsnapshot) ${local.guests}$",
      "/usr/sbin/qm ^snapshot ${local.guests} agent-[a-z0-9]{1,30}$",
    ]
    nopasswd = true
    timeout  = "30m"
  }
  defaults = ["use_pty", "env_reset", "!setenv", "secure_path=/usr/sbin:/usr/bin:/sbin:/bin"]

  never = [
    "touches root@pam", "edits sudoers", "installs packages", "changes the network",
    "stops logging", "stops services of Proxmox VE", "destroys disks", "becomes another user",
  ]
  always = ["/usr/sbin/qm start 2001", "/usr/sbin/qm snapshot 2001 agent-before"]

  depends_on = [pvesec_audit_logging.agent] # what it allows is recorded from the first moment to the last
}

# Everything is recorded: what is typed too, since an agent types no passwords.
resource "pvesec_audit_logging" "agent" {
  name     = "agent"
  subjects = [pvesec_node_account.agent.name]

  io_logs {
    input        = true
    output       = true
    max_sessions = 100000
  }
}

# What the agent can really do, read from the nodes and from PVE in every run. A postcondition fails the run; a check block would only warn.
data "pvesec_effective_access" "agent" {
  subjects   = [pvesec_node_account.agent.name, pvesec_restricted_user.agent.user_id]
  depends_on = [pvesec_sudoers_policy.agent]

  lifecycle {
    postcondition {
      condition     = self.counts.leads_to_root == 0 && self.counts.unknown == 0
      error_message = "The agent leads to root, or something about it is not known:\n${join("\n", concat(self.paths[*].text, [for u in self.unknown : "${u.node}: ${u.about}: ${u.reason}"]))}"
    }
  }
}

# The agent works while this run lasts. The token ends with the run.
resource "terraform_data" "run" {
  triggers_replace = var.task

  provisioner "local-exec" {
    command = var.agent_command
    environment = {
      TASK          = var.task
      PVE_API_TOKEN = ephemeral.pvesec_api_token.run.api_token
    }
  }
  depends_on = [data.pvesec_effective_access.agent, pvesec_audit_logging.agent]
}

# The owner gets root for an hour if somebody says why: terraform apply -var 'emergency=the agent filled the disk of pve1'
resource "pvesec_break_glass" "owner" {
  count = var.emergency == null ? 0 : 1

  name             = "owner"
  subject          = "alice"
  reason           = var.emergency
  all_commands     = true
  duration         = "1h"
  require_password = false
}
