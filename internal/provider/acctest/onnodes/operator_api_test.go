package onnodes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// requests are what an operator with a token tries in the API: to change root@pam, users, groups, roles, realms and
// rights, in several spellings.
var requests = []string{
	"PUT /access/users/root@pam enable=0", "PUT /access/users/root%40pam enable=0", "PUT /access/users/ROOT@PAM enable=0", "PUT /access/users/root@pam/ enable=0", "PUT /access/users/../users/root@pam enable=0",
	"PUT /access/users/root@pam comment=x", "PUT /access/users/root@pam email=x@example.com", "PUT /access/users/root@pam expire=1", "PUT /access/users/root@pam keys=x", "PUT /access/users/root@pam groups=admins", "DELETE /access/users/root@pam",
	"POST /access/users/root@pam/token/x privsep=0", "PUT /access/users/root@pam/token/terraform comment=x", "DELETE /access/users/root@pam/token/terraform", "PUT /access/password userid=root@pam&password=geheim123",
	"PUT /access/acl path=/&roles=Administrator&users=agent@pve", "PUT /access/acl path=/pool/agents&roles=Administrator&users=agent@pve", "PUT /access/acl path=/vms&roles=PVEVMAdmin&users=agent@pve", "PUT /access/acl path=/&roles=NoAccess&users=root@pam",
	"PUT /access/acl path=/&roles=Administrator&tokens=agent@pve!attack", "POST /access/roles roleid=Evil&privs=Sys.Modify", "DELETE /access/roles/PVEAuditor", "POST /access/groups groupid=evil", "PUT /access/users/agent@pve groups=evil",
	"POST /access/users userid=evil@pve&password=geheim123", "PUT /access/users/agent@pve expire=0", "DELETE /access/users/agent@pve", "POST /access/domains realm=evil&type=ldap&base_dn=x&server1=x&user_attr=x",
}

// triedInAPI has a user of PVE try everything with a token that has all of that user's rights, and says what changed.
// Then the token gets every right, and the same requests must change something.
func triedInAPI(api *pvesim.Server, user string) error {
	before := api.UserCfg()
	defer api.SetUserCfg(before)
	token, err := api.AddToken(user, "attack", false)
	if err != nil {
		return err
	}
	with := api.UserCfg()
	if err := allRequests(api, token, requests); err != nil {
		return err
	}
	if after := api.UserCfg(); after != with {
		return fmt.Errorf("%s changed something in PVE:\n%s\nbefore:\n%s", user, after, with)
	}
	if err := api.GrantACL("/", user, "Administrator", true); err != nil {
		return err
	}
	with = api.UserCfg()
	harmless := slices.DeleteFunc(slices.Clone(requests), func(line string) bool { return strings.Contains(strings.ToLower(line), "root") }) // the provider works with a token of root@pam
	if err := allRequests(api, token, harmless); err != nil {
		return err
	}
	if api.UserCfg() == with {
		return errors.New("an administrator could not change anything either: the requests prove nothing")
	}
	return nil
}

// allRequests sends requests. What the API answers does not matter.
func allRequests(api *pvesim.Server, token string, requests []string) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(api.CAPEM()))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	for _, line := range requests {
		words := strings.SplitN(line, " ", 3)
		body := ""
		if len(words) == 3 {
			form, err := url.ParseQuery(words[2])
			if err != nil {
				return err
			}
			body = form.Encode()
		}
		request, err := http.NewRequestWithContext(context.Background(), words[0], api.URL()+"/api2/json"+words[1], strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "PVEAPIToken="+token)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
	}
	return nil
}
