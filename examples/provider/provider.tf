terraform {
  required_version = ">= 1.11"
  required_providers {
    pvesec = {
      source = "pvesec/pvesec"
    }
  }
}

# Credentials come from the environment: PVESEC_API_TOKEN, PVESEC_SSH_PRIVATE_KEY and PVESEC_SSH_KNOWN_HOSTS.
provider "pvesec" {
  endpoint = "https://pve1.example.com:8006"

  ssh { user = "root" }
}
