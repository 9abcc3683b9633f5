variable "log_key" {
  type        = string
  sensitive   = true
  ephemeral   = true
  description = "Private key of the certificate that the nodes show the collector, in PEM."
}

variable "log_certificate" {
  type        = string
  description = "That certificate, in PEM."
}

variable "log_ca" {
  type        = string
  description = "Certificate of the authority of the collector, in PEM."
}

resource "pvesec_audit_logging" "collected" {
  name     = "collected"
  subjects = ["agent"]

  forward_to {
    host            = "logs.example.com"
    ca_pem          = var.log_ca
    certificate_pem = var.log_certificate
    private_key     = var.log_key
  }
}
