resource "pvesec_restricted_user" "deploy" {
  user_id = "pipeline@pve"
  role { privileges = ["VM.Audit", "VM.PowerMgmt"] }
  grant { path = "/pool/build" }
}

# Terraform learns this value only when the user is there. In the run that creates the user, the token is opened after it.
resource "terraform_data" "user" {
  input = pvesec_restricted_user.deploy.user_id
}

ephemeral "pvesec_api_token" "run" {
  user_id = terraform_data.user.output
  grant {
    path = "/pool/build"
    role = pvesec_restricted_user.deploy.role.name
  }
}

provider "proxmox" {
  endpoint  = "https://pve1.example.com:8006"
  api_token = ephemeral.pvesec_api_token.run.api_token
}
