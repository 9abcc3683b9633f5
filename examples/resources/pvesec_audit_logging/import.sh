# on all nodes, or on chosen ones
terraform import pvesec_audit_logging.operators operators
terraform import pvesec_audit_logging.operators operators@pve1,pve2
