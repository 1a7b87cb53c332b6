# Shared by the scripts of this folder: paths, addresses, and processes kept by pid file.
# Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# RT_CLUSTER_DIR: a second cluster of the same checkout, with a CLUSTER_INDEX of its own.
cluster=$(realpath -m "${RT_CLUSTER_DIR:-$root/build/cluster}")
bin=$cluster/bin
pki=$cluster/pki
run=$cluster/run       # pid files and sockets
logs=$cluster/logs
etc=$cluster/etc       # generated configuration
state=$cluster/state   # etcd, kubelet, containerd: gone after `down`
images=$cluster/images # OCI layouts and registry storage: survive `down`
sim=$cluster/sim
kubeconfig=$cluster/kubeconfig

# The cluster lives in one network namespace, so that its ports, addresses and packet-filter rules
# never touch the host. It has no way out to the internet: names that are not simulated do not exist.
# CLUSTER_INDEX (0 to 63) lets clusters of several checkouts run side by side; `up` notes it.
index=${CLUSTER_INDEX:-$(cat "$cluster/index" 2>/dev/null || echo 0)}
netns=registry-tenancy
[ "$index" = 0 ] || netns+=-$index
host_ip=10.200.0.$((4 * index + 1))
node_ip=10.200.0.$((4 * index + 2))
node_name=node-1
service_cidr=10.96.0.0/16
pod_cidr=10.244.0.0/16
node_pod_cidr=10.244.0.0/24
metadata_ip=100.100.100.200
sts_ip=10.200.1.1
acr_ip=10.200.1.2
auth_ip=10.200.1.3
registry_ip=10.200.1.4
instance_metadata_ip=169.254.169.254   # of EC2 and Azure, told apart by path
pod_identity_ip=169.254.170.23
aws_sts_ip=10.200.1.5
ecr_ip=10.200.1.6
ecr_registry_ip=10.200.1.7
# By name only: 169.254.169.254 is taken here, and no real node is in two clouds.
gce_metadata_ip=10.200.1.8
google_sts_ip=10.200.1.9
google_iam_ip=10.200.1.10
google_registry_ip=10.200.1.11
azure_ad_ip=10.200.1.12
azure_registry_ip=10.200.1.13
harbor_ip=10.200.1.16
personal_registry_ip=10.200.1.17
company_harbor_ip=10.200.1.18
private_ecr_ip=10.200.1.19
proxy_ip=10.200.1.20
dns_ip=10.200.1.53
region=cn-shanghai
# The names of the shared registry instance; images keep them.
registry_hosts=(
    shareacr-registry-vpc.$region.cr.aliyuncs.com
    shareacr-registry.$region.cr.aliyuncs.com
)
registry_service=registry.aliyuncs.com:$region:china:cri-shanghai-shared01
# The Personal Edition of the same region, with the same images.
personal_registry_hosts=(registry.$region.aliyuncs.com registry-vpc.$region.aliyuncs.com)
personal_registry_service=registry.aliyuncs.com:$region:26842
registry_realm=https://dockerauth.$region.aliyuncs.com/auth
registry_issuer=$(sed -nE 's/^tokenIssuer: *"?([^"# ]+).*/\1/p' "$root/e2e/sim/world.yaml" 2>/dev/null || true)
# Private registries of Amazon ECR, one for each identity that the tests use.
aws_region=eu-central-1
ecr_registry_hosts=(
    111122223333.dkr.ecr.$aws_region.amazonaws.com
    222233334444.dkr.ecr.$aws_region.amazonaws.com
    333344445555.dkr.ecr.$aws_region.amazonaws.com
    555566667777.dkr.ecr.$aws_region.amazonaws.com
    666677778888.dkr.ecr.$aws_region.amazonaws.com
    666677779999.dkr.ecr.$aws_region.amazonaws.com
    666688889999.dkr.ecr.$aws_region.amazonaws.com
    777788889999.dkr.ecr.$aws_region.amazonaws.com
    888899990000.dkr.ecr.$aws_region.amazonaws.com
)
# Artifact Registry of Google in three locations, one for each identity.
google_registry_hosts=(
    europe-west1-docker.pkg.dev
    europe-west3-docker.pkg.dev
    europe-west4-docker.pkg.dev
    europe-west9-docker.pkg.dev
)
# Entra ID in Azure's clouds, and a container registry for each identity that the tests use.
azure_ad_hosts=(login.microsoftonline.com login.partner.microsoftonline.cn login.microsoftonline.us)
azure_registry_hosts=(demoimds.azurecr.io demooidc.azurecr.io demosecret.azurecr.io demosa.azurecr.io
    demopublic.azurecr.io demochina.azurecr.cn demogov.azurecr.us demotokens.azurecr.io
    policytokens.azurecr.io chinatokens.azurecr.cn)
# Azure Resource Manager, where tokens of those registries are made; the same process plays it.
azure_management_hosts=(management.azure.com management.chinacloudapi.cn)
# A Harbor on premises: API, token service and registry under each of its names.
harbor_hosts=(harbor.example.com harbor.example.org)
# Another one, whose certificate comes from an authority of the company's own.
company_harbor_hosts=(harbor.company.example harbor.branch.example)
# A private endpoint of the ECR API: another address, the same certificate.
private_ecr_host=vpce-0123-abcd.api.ecr.$aws_region.vpce.amazonaws.com
proxy_host=proxy.company.example
# The plain registry for the sandbox image and the product's own image.
platform_host=platform.registry.local
platform_address=127.0.0.1:5000

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*"; }

fail() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The namespaces of the cluster: the network namespace by name, and a mount namespace held open by
# the process `namespaces`. In the mount namespace /etc/resolv.conf is the cluster's, and every
# mount of containerd and kubelet lives there, so that they end with the last process.
# Not `ip netns exec`: it mounts a new /sys and hides the cgroups.
inside() { nsenter --net="/run/netns/$netns" --mount="/proc/$(pid_of namespaces)/ns/mnt" -- "$@"; }

kubectl() { "$bin/kubectl" --kubeconfig "$kubeconfig" "$@"; }

# Field 22 of /proc/PID/stat: together with the pid it names one process, even after a reboot or
# when the number was used again. Nothing for a process that has ended and waits for its parent.
start_time_of() {
    sed -E -e 's/^.*\) //' -e '/^[ZX]/d' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# Prints the pid of a process that runs; fails when it doesn't (a stale pid file included).
pid_of() {
    local pid started boot
    read -r pid started boot 2>/dev/null <"$run/$1.pid" || return 1
    [ "$boot" = "$(</proc/sys/kernel/random/boot_id)" ] || return 1
    [ -n "$started" ] && [ "$(start_time_of "$pid")" = "$started" ] || return 1
    echo "$pid"
}

# Whether the name stands for a living network namespace (a file of that name may have outlived it).
namespace_exists() { [ "$(stat -f -c %T "/run/netns/$netns" 2>/dev/null)" = nsfs ]; }

# Which folder's cluster the namespace belongs to.
owner_file=/run/$netns.owner

running() { pid_of "$1" >/dev/null; }

# keep NAME COMMAND...: starts a process inside the cluster's namespaces unless it runs already with
# the same command, program and configuration files; one that changed is started again.
keep() {
    local name=$1 signature
    shift
    signature=$(signature_of "$@")
    if running "$name"; then
        [ "$(cat "$run/$name.signature" 2>/dev/null)" = "$signature" ] && return 0
        say "$name: changed, starting it again"
        end "$name"
    fi
    start "$name" nsenter --net="/run/netns/$netns" \
        --mount="/proc/$(pid_of namespaces)/ns/mnt" -- "$@"
    echo "$signature" >"$run/$name.signature"
}

# A digest over the command line, the program's size and time, and every file that the command names.
signature_of() {
    local word
    {
        printf '%s\n' "$@"
        stat -Lc '%s %Y' "$(command -v "$1")"
        for word in "$@"; do
            word=${word#*=}
            [[ $word == "$etc"/* || $word == "$pki"/* ]] && [ -f "$word" ] && cat "$word"
        done
        true
    } | sha256sum | cut -d' ' -f1
}

# start NAME COMMAND...: in a session of its own, log in logs/NAME.log, pid file in run/NAME.pid.
start() {
    local name=$1 pid
    shift
    # 9 is the lock of up and down: it must end with them.
    setsid "$@" </dev/null >>"$logs/$name.log" 2>&1 9>&- &
    pid=$!
    disown "$pid"
    echo "$pid $(start_time_of "$pid") $(</proc/sys/kernel/random/boot_id)" >"$run/$name.pid"
}

# end NAME [SIGNAL]: TERM unless told otherwise, then KILL after 10 s.
end() {
    local pid tenths=0
    if pid=$(pid_of "$1"); then
        kill -"${2:-TERM}" "$pid" 2>/dev/null || true
        while running "$1"; do
            tenths=$((tenths + 1))
            [ "$tenths" = 100 ] && kill -KILL "$pid" 2>/dev/null
            [ "$tenths" -gt 120 ] && fail "$1 (pid $pid) does not end"
            sleep 0.1
        done
    fi
    rm -f "$run/$1.pid" "$run/$1.signature"
}

# wait_for SECONDS NAME WHAT COMMAND...: until COMMAND succeeds; NAME is the process behind it: when
# it ends or the time is over, the tail of its log is shown.
wait_for() {
    local limit=$1 name=$2 what=$3 deadline
    shift 3
    deadline=$((SECONDS + limit))
    if "$@" >/dev/null 2>&1; then return 0; fi
    say "waiting for $what (at most $limit s)"
    until "$@" >/dev/null 2>&1; do
        if ! running "$name"; then
            show_log "$name"
            fail "$name ended while waiting for $what"
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            show_log "$name"
            fail "gave up waiting for $what after $limit s"
        fi
        sleep 0.2
    done
}

show_log() {
    echo "--- the last lines of ${logs#"$root"/}/$1.log" >&2
    tail -n 25 "$logs/$1.log" >&2 || true
    echo "---" >&2
}

# answers URL [curl options]: whether a server inside the namespace gives any HTTP answer below 400
# (or a 401, which is what a registry that demands a token says).
answers() {
    local status
    status=$(inside curl -sk -m 2 -o /dev/null -w '%{http_code}' "$@") || return 1
    [ "$status" -lt 400 ] || [ "$status" = 401 ]
}

# listens ADDRESS PORT: whether something inside the namespace accepts connections there.
listens() { inside bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }
