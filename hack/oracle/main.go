// oracle compares `kubectl-tenancy image parse` with github.com/distribution/reference, the grammar that
// kubelet and container runtimes link: what ours accepts, it accepts with the same parts; what ours refuses
// and it accepts falls under one of our strict rules; and what falls under one is refused.
//
//	oracle [-program build/bin/kubectl-tenancy] [-count 50000] [-seed N]
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"
	"unicode/utf8"

	// Runtimes link all three algorithms.
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/distribution/reference"
)

// parts is what a reader makes of a reference.
type parts struct {
	domain, path, tag, digest string
	canonical                 string // what a runtime pulls
}

// theirParts reads as the library does; false where it refuses.
func theirParts(text string) (parts, bool) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return parts{}, false
	}
	out := parts{domain: reference.Domain(named), path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		out.tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		out.digest = digested.Digest().String()
	}
	// ParseDockerRef: with a tag and a digest, the tag is dropped.
	pulled, err := reference.ParseDockerRef(text)
	if err != nil {
		return parts{}, false
	}
	out.canonical = pulled.String()
	return out, true
}

// verdict is one line of `image parse`.
type verdict struct {
	Image, Error, Registry, Repository, Tag, Digest, Canonical string
	Valid                                                      bool
}

// ourVerdicts asks the program about all texts at once.
func ourVerdicts(program string, texts []string) ([]verdict, error) {
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	encoder.SetEscapeHTML(false)
	for _, text := range texts {
		if err := encoder.Encode(text); err != nil {
			return nil, err
		}
	}
	command := exec.Command(program, "image", "parse", "-")
	command.Stdin = &input
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	verdicts := make([]verdict, 0, len(texts))
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one verdict
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%q is no line of JSON: %w", lines.Text(), err)
		}
		verdicts = append(verdicts, one)
	}
	if len(verdicts) != len(texts) {
		return nil, fmt.Errorf("%d lines for %d references", len(verdicts), len(texts))
	}
	return verdicts, lines.Err()
}

// disagreement says what is wrong with our verdict, or nothing. `seen` counts the rules that refused.
func disagreement(text string, ours verdict, seen map[string]int) string {
	theirs, accepted := theirParts(text)
	rule := ""
	if accepted {
		rule = strictRule(text, theirs)
	}
	switch {
	case !accepted && ours.Valid:
		return "accepted, but the library refuses it"
	case accepted && rule != "" && ours.Valid:
		return "accepted in spite of the strict rule: " + rule
	case accepted && rule == "" && !ours.Valid:
		return "refused by no strict rule: " + ours.Error
	case !ours.Valid && ours.Error == "":
		return "refused without a word"
	case rule != "":
		seen[rule]++
	case ours.Valid:
		seen["accepted with equal parts"]++
		mine := parts{ours.Registry, ours.Repository, ours.Tag, ours.Digest, ours.Canonical}
		if mine != theirs {
			return fmt.Sprintf("read as %+v, the library reads %+v", mine, theirs)
		}
	}
	return ""
}

// check compares one group; false where they disagree. Disagreements are shown, the first ten.
func check(program, name string, texts []string) bool {
	// JSON carries text only: what is no UTF-8 is compared as it arrives.
	for i, text := range texts {
		if !utf8.ValidString(text) {
			texts[i] = string([]rune(text))
		}
	}
	verdicts, err := ourVerdicts(program, texts)
	if err != nil {
		fmt.Println("oracle:", err)
		return false
	}
	seen := map[string]int{}
	wrong := 0
	for i, text := range texts {
		if problem := disagreement(text, verdicts[i], seen); problem != "" {
			if wrong++; wrong <= 10 {
				fmt.Printf("oracle: %q: %s\n", text, problem)
			}
		}
	}
	fmt.Printf("oracle: %s: %d references, %d disagreements; %v\n", name, len(texts), wrong, seen)
	return wrong == 0
}

func main() {
	program := flag.String("program", "build/bin/kubectl-tenancy", "the program to ask")
	count := flag.Int("count", 50_000, "generated references in each group")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the generated references")
	flag.Parse()
	fmt.Println("oracle: seed", *seed)
	random := rand.New(rand.NewPCG(*seed, 1))
	generated := func(make func(*rand.Rand) string) []string {
		texts := []string{}
		for range *count {
			texts = append(texts, make(random))
		}
		return texts
	}
	groups := []struct {
		name  string
		texts []string
	}{
		{"published vectors", published},
		{"adversarial vectors", adversarial},
		{"pieces of references", generated(fromPieces)},
		{"well-formed references", generated(wellFormed)},
		{"changed vectors", generated(mutated)},
		{"any bytes", generated(anyBytes)},
	}
	passed, failed := 0, 0
	for _, group := range groups {
		if check(*program, group.name, group.texts) {
			passed++
		} else {
			failed++
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
