# How hack/demo talks and waits. Sourced, never run.

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'; else bold='' dim='' green='' plain=''; fi

demo_started=$SECONDS

step() { printf '\n%s== %s%s  %s(%d s)%s\n' "$bold" "$*" "$plain" "$dim" "$((SECONDS - demo_started))" "$plain"; }

# What the reader should know.
tell() { printf '%s\n' "$*" | fold -s -w 100 | sed 's/ $//'; }

# What has been checked.
good() { printf '%s   ok%s %s\n' "$green" "$plain" "$*"; }

indented() { sed 's/^/      /'; }

# show COMMAND...: prints a command as a person would type it, runs it, and prints what it says.
# Its failure ends the demo.
show() {
    local code=0 said
    printf '%s    $ %s%s\n' "$dim" "${*//"$root"\//}" "$plain"
    said=$("$@" 2>&1) || code=$?
    [ -z "$said" ] || indented <<<"$said"
    [ "$code" = 0 ] || fail "the command above failed"
}

# show_refused COMMAND...: as show, for a command that must fail; leaves what it said in $refusal.
show_refused() {
    printf '%s    $ %s%s\n' "$dim" "${*//"$root"\//}" "$plain"
    if refusal=$("$@" 2>&1); then
        indented <<<"$refusal"
        fail "the command above should have been refused"
    fi
    indented <<<"$refusal"
}

# patiently SECONDS WHAT COMMAND...: tries COMMAND until it succeeds; says what it waits for.
patiently() {
    local limit=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + limit))
    if "$@" >/dev/null 2>&1; then return 0; fi
    printf '%s      waiting for %s (at most %d s)%s\n' "$dim" "$what" "$limit" "$plain"
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.5
    done
}

# Secrets are shown by their keys, times and fingerprints; passwords never leave the variables.
secret_config() { kubectl -n "$1" get secret registry-tenancy -o jsonpath='{.data.\.dockerconfigjson}' | base64 -d; }
secret_password() { secret_config "$1" | jq -r '.auths[].auth' | head -1 | base64 -d | cut -d: -f2-; }
secret_user() { secret_config "$1" | jq -r '.auths[].auth' | head -1 | base64 -d | cut -d: -f1; }
secret_times() {
    kubectl -n "$1" get secret registry-tenancy -o json |
        jq -r '.metadata.annotations["registrytenancy.dev/credentials"] | fromjson | .. | objects
               | select(has("expiresAt")) | "\(.issuedAt) \(.expiresAt)"' | head -1
}
