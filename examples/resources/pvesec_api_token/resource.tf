# A token for a pipeline that rotates by itself: every apply in the last two weeks of its life makes a new one, and the old one works on
# for another day.
resource "pvesec_api_token" "deploy" {
  user_id  = "deploy@pve"
  token_id = "pipeline"
  comment  = "deployment"

  expires_in    = "90d"
  rotate_before = "14d"
  overlap       = "24h"

  grant {
    path = "/pool/build"
    role = "PVEVMUser"
  }
  grant {
    path      = "/storage/local"
    role      = "PVEDatastoreUser"
    propagate = false
  }

  # Only the holder of the private key can read the secret: terraform output -raw deploy_secret | age -d -i ~/.ssh/id_ed25519
  recipients = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdz1b0s75MOwwqGBlaOgm3AqhYSUZm8wZgBzZMeNE0Y operator@example.com"]
}

output "deploy_secret" {
  value = pvesec_api_token.deploy.encrypted_secret
}
