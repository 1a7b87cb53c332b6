package main

import (
	"regexp"
	"strconv"
	"strings"
)

// strictRule names the rule by which a reference that the library accepts is refused all the same, or is
// empty. This list is closed: it is stated in ARCHITECTURE.md, and written a second time here, from that
// text alone.
func strictRule(text string, theirs parts) string {
	switch {
	case len(text) > 4096:
		return "longer than 4096 bytes"
	case !printable.MatchString(text):
		return "bytes outside 0x21 to 0x7e"
	case theirs.domain != strings.ToLower(theirs.domain):
		return "upper case in the registry host"
	case !usablePort(theirs.domain):
		return "a port that is 0, above 65535 or has leading zeros"
	case theirs.digest != "" && !strings.HasPrefix(theirs.digest, "sha256:"):
		return "a digest other than sha256"
	case imageID.MatchString(text):
		return "shaped like an image ID"
	}
	return ""
}

var (
	printable = regexp.MustCompile(`^[\x21-\x7e]*\z`)
	imageID   = regexp.MustCompile(`^sha256:[0-9a-fA-F]+(@.*)?\z`)
	withPort  = regexp.MustCompile(`^(?:[^\[\]]*|\[[^\]]*\]):([0-9]+)\z`)
)

func usablePort(domain string) bool {
	match := withPort.FindStringSubmatch(domain)
	if match == nil {
		return true
	}
	port, err := strconv.ParseUint(match[1], 10, 16)
	return err == nil && port != 0 && match[1][0] != '0'
}
