# All nodes, or chosen ones.
terraform import pvesec_sshd_policy.ways pvesec
terraform import pvesec_sshd_policy.ways pvesec@pve1,pve2
