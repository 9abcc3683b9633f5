package access

import (
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
)

// parseRecipient reads the public key of somebody who may decrypt a secret: an age recipient (age1…) or an SSH public
// key (ssh-ed25519, ssh-rsa).
func parseRecipient(text string) (age.Recipient, error) {
	text = strings.TrimRight(text, "\r\n") // file() keeps the end of the line
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("one public key is one line; give several as several elements")
	}
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"):
		return nil, fmt.Errorf("this is a private key, which belongs in no configuration: give its public key, which begins with age1 (age-keygen -y)")
	case strings.HasPrefix(text, "age1"):
		recipients, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%q is not the public key of age: %w", text, err)
		}
		return recipients[0], nil
	case strings.HasPrefix(text, "ssh-"):
		recipient, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not an SSH public key that age can encrypt for (ssh-ed25519 or ssh-rsa): %w", text, err)
		}
		return recipient, nil
	}
	return nil, fmt.Errorf("%q is neither an age recipient (age1…) nor an SSH public key (ssh-ed25519 …, ssh-rsa …)", text)
}

func checkRecipient(text string) error {
	_, err := parseRecipient(text)
	return err
}

// encryptFor encrypts a secret so that each of the recipients can decrypt it with age: text that may be stored and
// shown.
func encryptFor(recipients []string, secret string) (string, error) {
	parsed := make([]age.Recipient, len(recipients))
	for i, text := range recipients {
		var err error
		if parsed[i], err = parseRecipient(text); err != nil {
			return "", err
		}
	}
	var text bytes.Buffer
	armored := armor.NewWriter(&text)
	writer, err := age.Encrypt(armored, parsed...)
	if err != nil {
		return "", fmt.Errorf("encrypting for %d recipients: %w", len(recipients), err)
	}
	if _, err := writer.Write([]byte(secret)); err != nil {
		return "", fmt.Errorf("encrypting: %w", err)
	}
	for _, closer := range []interface{ Close() error }{writer, armored} {
		if err := closer.Close(); err != nil {
			return "", fmt.Errorf("encrypting: %w", err)
		}
	}
	return text.String(), nil
}
