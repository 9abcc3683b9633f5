# terraform apply -invoke=action.pvesec_probe_audit.trail
action "pvesec_probe_audit" "trail" {
  config {
    name = "pvesec"
  }
}
