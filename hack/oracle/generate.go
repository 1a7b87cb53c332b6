package main

import (
	"math/rand/v2"
	"strings"
)

var hex64 = strings.Repeat("0123456789abcdef", 4)

// adversarial are ways past an allow-list that have been tried elsewhere, and the edges of our own rules.
var adversarial = []string{
	"sha256:0", "sha256:DEAD", "sha256:v1.0", "sha256:abcd@sha256:" + hex64, "sha256", "library/sha256:abcd",
	"docker.io/sha256:abcd", "sha512:abcd", hex64, strings.ToUpper(hex64), hex64[:63], hex64 + "0",
	"host:0/x", "host:00/x", "host:0443/x", "host:1/x", "host:65535/x", "host:65536/x", "host:070000/x",
	"host:99999999999999999999/x", "[::1]:0/x", "[::1]:080/x", "[FC00::1]/x", "[:]/x", "[]/x", "[::1]x/x",
	"HOST/x", "Host.io/x", "host.IO:80/x", "Docker.io/x", "DOCKER.IO/library/x", "docker.io:443/x",
	"host/cainiao/../alipay/a1", "host.io/cainiao/../alipay/a1", "host.io/cainiao/./a1", "host.io//a1",
	"host.io/cainiao//a1", "host.io/cainiao/a1/", "host.io/cainiao%2f..%2falipay/a1", "host.io/a1?x=y",
	"host.io/a1#x", "user@host.io/a1", "user:password@host.io/a1", "host.io\\cainiao/a1", "//host.io/a1",
	"http://host.io/a1", "dummy://host.io/a1", "host.io./a1", ".host.io/a1", "host..io/a1", "-host.io/a1",
	"host-.io/a1", "my_host.io/a1", "my_host:80/a1", "a__b.c/d", "a___b.c/d", "xn--n3h.com/a1",
	"a1:tag@sha256:" + hex64, "a1@sha256:" + hex64 + ":tag", "a1@sha256:" + strings.ToUpper(hex64),
	"a1@sha512:" + hex64 + hex64, "a1@sha384:" + hex64 + hex64[:32], "a1@sha256:" + hex64[:63],
	"a1@sha256:" + hex64 + "0", "a1@md5:" + hex64[:32], "a1@sha256+b64:" + hex64, "a1@SHA256:" + hex64,
	"a1\n", "a1\x00", " a1", "a1 ", "a 1", "a1\t", "a1\r\n", "\u00e9", "g\u0441r.io/a1", "a1\u200b",
	"\ufeffa1", "a1\xff", "a1:t\n", "a1@sha256:" + hex64 + "\n", "a1:", "a1@", "a1:@", ":", "@", "/", "",
	"a1:" + strings.Repeat("t", 128), "a1:" + strings.Repeat("t", 129), "a1:-t", "a1:.t", "a1:_t", "a1:t+u",
	strings.Repeat("a", 255), strings.Repeat("a", 247), strings.Repeat("a", 248), strings.Repeat("a/", 127) + "a",
	"host.io/" + strings.Repeat("a", 255), "host.io/" + strings.Repeat("a", 256), strings.Repeat("a", 5000),
	strings.Repeat("h", 4090) + ".io/a", strings.Repeat("h", 4091) + ".io/a", strings.Repeat("h", 4092) + ".io/a",
	strings.Repeat("h", 4093) + ".io/a",
}

var pieces = []string{
	"a", "b1", "nginx", "library", "docker.io", "index.docker.io", "registry-1.docker.io", "localhost", "sha256",
	"host", "HOST", "Tag", "ghcr.io", "[::1]", "[fc00::]", "[", "]", "a_b.c", "/", "/", "/", ":", ":", "@", ".", "..",
	"_", "__", "___", "-", "--", "0", "00", "443", "5000", "65535", "65536", "09", "+", "%", "?", "#", "\\", " ", "\n",
	"\u00e9", "deadbeef", "latest", "sha512:", "md5:", "@sha256:" + hex64, "@sha512:" + hex64 + hex64, hex64,
}

// fromPieces joins parts that the grammar treats differently: many are references, many nearly are.
func fromPieces(random *rand.Rand) string {
	var out strings.Builder
	for range 1 + random.IntN(9) {
		out.WriteString(pieces[random.IntN(len(pieces))])
	}
	return out.String()
}

// wellFormed walks the grammar: most are accepted, so that parts are compared.
func wellFormed(random *rand.Rand) string {
	word := func(letters string, most int) string {
		out := make([]byte, 1+random.IntN(most))
		for i := range out {
			out[i] = letters[random.IntN(len(letters))]
		}
		return string(out)
	}
	const lower = "abcxyz0189"
	component := func() string {
		out := word(lower, 4)
		for range random.IntN(3) {
			out += []string{".", "_", "__", "-", "---"}[random.IntN(5)] + word(lower, 3)
		}
		return out
	}
	var out string
	if random.IntN(3) > 0 {
		out = word(lower+"A", 5)
		for range random.IntN(3) {
			out += []string{".", ".", "-"}[random.IntN(3)] + word(lower+"Z", 4)
		}
		if random.IntN(3) == 0 {
			out += ":" + word("0123456789", 6)
		}
		out += "/"
	}
	out += component()
	for range random.IntN(4) {
		out += "/" + component()
	}
	if random.IntN(2) == 0 {
		out += ":" + word(lower+"AZ_.-", 10)
	}
	switch random.IntN(6) {
	case 0:
		out += "@sha256:" + hex64
	case 1:
		out += "@sha512:" + hex64 + hex64
	}
	return out
}

// mutated changes a few bytes of a published or adversarial reference.
func mutated(random *rand.Rand) string {
	all := published
	if random.IntN(3) == 0 {
		all = adversarial
	}
	bytes := []byte(all[random.IntN(len(all))])
	for range 1 + random.IntN(3) {
		at := random.IntN(len(bytes) + 1)
		const interesting = "aA0/:@._-[]%?#\\ \n\x00\xff"
		letter := interesting[random.IntN(len(interesting))]
		switch {
		case at == len(bytes):
			bytes = append(bytes, letter)
		case random.IntN(3) == 0:
			bytes = append(bytes[:at], bytes[at+1:]...)
		default:
			bytes[at] = letter
		}
	}
	return string(bytes)
}

func anyBytes(random *rand.Rand) string {
	out := make([]byte, random.IntN(40))
	for i := range out {
		out[i] = byte(random.IntN(256))
	}
	return string(out)
}
