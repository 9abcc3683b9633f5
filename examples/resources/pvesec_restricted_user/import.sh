# by user id; the role named restricted-agent-pve, if there is one, is taken for the user's own
terraform import pvesec_restricted_user.agent agent@pve
