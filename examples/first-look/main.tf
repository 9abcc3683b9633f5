# Who is root on an existing cluster today, and how? Nothing is changed. Run "terraform apply", then "terraform output -raw report".
terraform {
  required_providers { pvesec = { source = "pvesec/pvesec" } }
}
# From the environment: PVESEC_ENDPOINT, PVESEC_API_TOKEN, PVESEC_SSH_PRIVATE_KEY, PVESEC_SSH_KNOWN_HOSTS
provider "pvesec" {}
data "pvesec_effective_access" "now" {}
output "report" {
  value = data.pvesec_effective_access.now.markdown
}
