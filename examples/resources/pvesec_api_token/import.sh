# by the full token id; PVE tells the secret of an existing token to nobody, so change rotation_id to get a new one
terraform import pvesec_api_token.deploy 'deploy@pve!pipeline'
