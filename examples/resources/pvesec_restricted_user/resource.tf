# An operator that may start, stop and snapshot the machines of one pool, and nothing else.
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  comment = "VM operator for the build farm"

  role = {
    privileges = ["VM.Audit", "VM.PowerMgmt", "VM.Snapshot"]
  }
  grants = [{ path = "/pool/build" }]

  # Privilege separation is on, with the user's own grants. The secret is shown nowhere unless secret_in_state = true.
  tokens = {
    ci = {
      comment    = "build pipeline"
      expires_at = "2040-01-01T00:00:00Z"
    }
  }
}
