# A token for this run only, with which another provider works. It is deleted when the run ends.
ephemeral "pvesec_api_token" "run" {
  user_id = "deploy@pve"
  grant {
    path = "/pool/build"
    role = "PVEVMUser"
  }
  expires_in = "30m"
}

provider "proxmox" {
  endpoint  = "https://pve1.example.com:8006"
  api_token = ephemeral.pvesec_api_token.run.api_token
}
