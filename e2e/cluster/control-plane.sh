# Starts the namespaces, the clouds, Kubernetes and its node, in this order. Sourced by up.

make_namespaces() {
    running namespaces && return 0
    say "network namespace $netns ($node_ip)"
    ip netns add "$netns"
    ip link add "rt-$node_ip" type veth peer name uplink netns "$netns"
    ip addr add "$host_ip/30" dev "rt-$node_ip"
    ip link set "rt-$node_ip" up
    ip -n "$netns" addr add "$node_ip/30" dev uplink
    ip -n "$netns" link set uplink up
    ip -n "$netns" link set lo up
    ip -n "$netns" route add default via "$host_ip"
    local address
    for address in "$metadata_ip" "$sts_ip" "$acr_ip" "$auth_ip" "$registry_ip" "$dns_ip" \
        "$instance_metadata_ip" "$pod_identity_ip" "$aws_sts_ip" "$ecr_ip" "$ecr_registry_ip" \
        "$gce_metadata_ip" "$google_sts_ip" "$google_iam_ip" "$google_registry_ip" \
        "$azure_ad_ip" "$azure_registry_ip" "$harbor_ip" "$personal_registry_ip" \
        "$company_harbor_ip" "$private_ecr_ip" "$proxy_ip"; do
        ip -n "$netns" addr add "$address/32" dev lo
    done
    nsenter --net="/run/netns/$netns" sysctl -qw net.ipv4.ip_forward=1

    # Each program finds its usual folders, which are build/cluster's in this mount namespace only.
    local folder
    for folder in containerd kubelet cni; do
        mkdir -p "$state/$folder" "/var/lib/$folder"
    done
    mkdir -p "$logs/pods" /var/log/pods /var/log/containers /run/containerd
    start namespaces unshare --mount --propagation private -- bash -ec "
        mount --bind '$etc/resolv.conf' /etc/resolv.conf
        mount --bind '$state/containerd' /var/lib/containerd
        mount --bind '$state/kubelet' /var/lib/kubelet
        mount --bind '$state/cni' /var/lib/cni
        mount --bind '$logs/pods' /var/log/pods
        mount -t tmpfs containers /var/log/containers
        mount -t tmpfs containerd /run/containerd
        mount -t tmpfs netns /run/netns
        touch '$run/namespaces.ready'
        exec sleep infinity"
    wait_for 10 namespaces "the mount namespace" test -e "$run/namespaces.ready"
    # By this `down` knows the cluster's processes, even when all else is lost.
    echo "$(</proc/sys/kernel/random/boot_id) $(readlink "/proc/$(pid_of namespaces)/ns/mnt")" \
        >"$run/namespaces.ids"
}

start_registries() {
    # Names that are not simulated do not exist, and say so at once. Host records, because --address
    # beside the catch-all would deny the whole name when asked for its IPv6 address.
    local host records=()
    for host in sts sts-vpc; do records+=(--host-record="$host.$region.aliyuncs.com,$sts_ip"); done
    for host in cr cr-vpc; do records+=(--host-record="$host.$region.aliyuncs.com,$acr_ip"); done
    for host in dockerauth dockerauth-vpc; do
        records+=(--host-record="$host.$region.aliyuncs.com,$auth_ip")
    done
    for host in "${registry_hosts[@]}"; do records+=(--host-record="$host,$registry_ip"); done
    for host in "${personal_registry_hosts[@]}"; do
        records+=(--host-record="$host,$personal_registry_ip")
    done
    records+=(--host-record="sts.$aws_region.amazonaws.com,$aws_sts_ip")
    records+=(--host-record="api.ecr.$aws_region.amazonaws.com,$ecr_ip")
    for host in "${ecr_registry_hosts[@]}"; do
        records+=(--host-record="$host,$ecr_registry_ip")
    done
    records+=(--host-record="metadata.google.internal,$gce_metadata_ip")
    records+=(--host-record="sts.googleapis.com,$google_sts_ip")
    records+=(--host-record="iamcredentials.googleapis.com,$google_iam_ip")
    for host in "${google_registry_hosts[@]}"; do
        records+=(--host-record="$host,$google_registry_ip")
    done
    for host in "${azure_ad_hosts[@]}"; do records+=(--host-record="$host,$azure_ad_ip"); done
    for host in "${azure_registry_hosts[@]}" "${azure_management_hosts[@]}"; do
        records+=(--host-record="$host,$azure_registry_ip")
    done
    for host in "${harbor_hosts[@]}"; do records+=(--host-record="$host,$harbor_ip"); done
    for host in "${company_harbor_hosts[@]}"; do
        records+=(--host-record="$host,$company_harbor_ip")
    done
    records+=(--host-record="$private_ecr_host,$private_ecr_ip")
    records+=(--host-record="$proxy_host,$proxy_ip")
    keep dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root \
        --listen-address="$dns_ip" --bind-interfaces --no-hosts --no-resolv --log-facility=- \
        --address=/#/ --address="/$region.cr.aliyuncs.com/$registry_ip" "${records[@]}"
    keep proxy tinyproxy -d -c "$etc/tinyproxy.conf"
    keep registry-platform docker-registry serve "$etc/registry-platform.yaml"
    keep registry-shared docker-registry serve "$etc/registry-shared.yaml"
    keep registry-personal docker-registry serve "$etc/registry-personal.yaml"
    wait_for 15 proxy "the proxy" listens "$proxy_ip" 3128
    wait_for 15 registry-platform "the platform registry" answers "http://$platform_address/v2/"
    wait_for 15 registry-shared "the shared registry" answers "https://$registry_ip/v2/"
    wait_for 15 registry-personal "the Personal Edition's registry" \
        answers "https://$personal_registry_ip/v2/"
}

# The clouds themselves: programs of e2e/sim, told by world.yaml what exists there. Tests write
# sim/faults.yaml, which the simulators read at every request.
start_simulators() {
    local name
    for name in sim-ecs-metadata sim-alibaba-sts sim-alibaba-acr sim-registry-auth \
        sim-instance-metadata sim-eks-pod-identity sim-aws-sts sim-aws-ecr sim-ecr-registry \
        sim-gce-metadata sim-google-sts sim-google-iam sim-google-registry \
        sim-azure-ad sim-azure-registry sim-harbor; do
        [ -x "$root/build/bin/$name" ] && continue
        say "$name is not built: making it"
        make -C "$root" sims || fail "the simulators can't be built"
        break
    done
    write_world
    simulator sim-ecs-metadata "$metadata_ip:80"
    simulator sim-alibaba-sts "$sts_ip:443" --tls-cert "$pki/sts.crt" --tls-key "$pki/sts.key" \
        --oidc-key "$pki/service-account.pub"
    simulator sim-alibaba-acr "$acr_ip:443" --tls-cert "$pki/acr.crt" --tls-key "$pki/acr.key"
    simulator sim-registry-auth "$auth_ip:443" \
        --tls-cert "$pki/registry-auth.crt" --tls-key "$pki/registry-auth.key" \
        --token-cert "$pki/registry-token.crt" --token-key "$pki/registry-token.key"
    simulator sim-instance-metadata "$instance_metadata_ip:80"
    simulator sim-eks-pod-identity "$pod_identity_ip:80" --oidc-key "$pki/service-account.pub"
    simulator sim-aws-sts "$aws_sts_ip:443" --tls-cert "$pki/aws-sts.crt" \
        --tls-key "$pki/aws-sts.key" --oidc-key "$pki/service-account.pub"
    simulator sim-aws-ecr "$ecr_ip:443" --tls-cert "$pki/ecr.crt" --tls-key "$pki/ecr.key"
    simulator sim-ecr-registry "$ecr_registry_ip:443" --tls-cert "$pki/ecr-registry.crt" \
        --tls-key "$pki/ecr-registry.key" --storage "$images/shared"
    simulator sim-gce-metadata "$gce_metadata_ip:80"
    simulator sim-google-sts "$google_sts_ip:443" --tls-cert "$pki/google-sts.crt" \
        --tls-key "$pki/google-sts.key" --oidc-key "$pki/service-account.pub"
    simulator sim-google-iam "$google_iam_ip:443" --tls-cert "$pki/google-iam.crt" \
        --tls-key "$pki/google-iam.key"
    simulator sim-google-registry "$google_registry_ip:443" --tls-cert "$pki/google-registry.crt" \
        --tls-key "$pki/google-registry.key" --storage "$images/shared"
    simulator sim-azure-ad "$azure_ad_ip:443" --tls-cert "$pki/azure-ad.crt" \
        --tls-key "$pki/azure-ad.key" --oidc-key "$pki/service-account.pub"
    simulator sim-azure-registry "$azure_registry_ip:443" --tls-cert "$pki/azure-registry.crt" \
        --tls-key "$pki/azure-registry.key" --storage "$images/shared"
    simulator sim-harbor "$harbor_ip:443" --tls-cert "$pki/harbor.crt" \
        --tls-key "$pki/harbor.key" --storage "$images/shared"
    simulator sim-harbor:company "$company_harbor_ip:443" --tls-cert "$pki/company-harbor.crt" \
        --tls-key "$pki/company-harbor.key" --storage "$images/shared"
    simulator sim-aws-ecr:private "$private_ecr_ip:443" --tls-cert "$pki/ecr.crt" \
        --tls-key "$pki/ecr.key"
    wait_for 10 sim-ecs-metadata "the metadata simulator" listens "$metadata_ip" 80
    wait_for 10 sim-alibaba-sts "the STS simulator" listens "$sts_ip" 443
    wait_for 10 sim-alibaba-acr "the ACR simulator" listens "$acr_ip" 443
    wait_for 10 sim-registry-auth "the registry's token server" listens "$auth_ip" 443
    wait_for 10 sim-instance-metadata "the instance metadata simulator" \
        listens "$instance_metadata_ip" 80
    wait_for 10 sim-eks-pod-identity "the agent of EKS Pod Identity" listens "$pod_identity_ip" 80
    wait_for 10 sim-aws-sts "the AWS STS simulator" listens "$aws_sts_ip" 443
    wait_for 10 sim-aws-ecr "the ECR simulator" listens "$ecr_ip" 443
    wait_for 10 sim-ecr-registry "the ECR registry" listens "$ecr_registry_ip" 443
    wait_for 10 sim-gce-metadata "the GCE metadata simulator" listens "$gce_metadata_ip" 80
    wait_for 10 sim-google-sts "Google's STS simulator" listens "$google_sts_ip" 443
    wait_for 10 sim-google-iam "Google's credentials simulator" listens "$google_iam_ip" 443
    wait_for 10 sim-google-registry "Google's registry" listens "$google_registry_ip" 443
    wait_for 10 sim-azure-ad "the Entra ID simulator" listens "$azure_ad_ip" 443
    wait_for 10 sim-azure-registry "the ACR registries" listens "$azure_registry_ip" 443
    wait_for 10 sim-harbor "the simulated Harbor" listens "$harbor_ip" 443
    wait_for 10 sim-harbor-company "the company's Harbor" listens "$company_harbor_ip" 443
    wait_for 10 sim-aws-ecr-private "ECR's private endpoint" listens "$private_ecr_ip" 443
}

# simulator PROGRAM[:INSTANCE] ADDRESS:PORT [OPTIONS...]
simulator() {
    local program=${1%:*} name=${1/:/-} address=$2
    shift 2
    keep "$name" "$root/build/bin/$program" --listen "$address" --world "$sim/world.yaml" \
        --faults "$sim/faults.yaml" --log "$sim/requests.jsonl" "$@"
}

# The world of e2e/sim with a sealing key of this cluster's own. An edited world is taken over, the
# key stays: credentials that were handed out live on.
write_world() {
    [ -s "$sim/sealing-key" ] || (umask 077 && openssl rand -hex 32 >"$sim/sealing-key")
    sed -E "s/^sealingKey:.*/sealingKey: $(<"$sim/sealing-key")/" "$root/e2e/sim/world.yaml" \
        >"$sim/world.yaml.new"
    cmp -s "$sim/world.yaml.new" "$sim/world.yaml" && rm "$sim/world.yaml.new" && return 0
    chmod 600 "$sim/world.yaml.new"
    mv "$sim/world.yaml.new" "$sim/world.yaml"
}

start_control_plane() {
    mkdir -p "$state/etcd"
    chmod 700 "$state/etcd"
    keep etcd "$bin/etcd" --name=etcd --data-dir="$state/etcd" --unsafe-no-fsync=true \
        --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
        --listen-peer-urls=http://127.0.0.1:2380 --log-level=warn
    wait_for 30 etcd etcd answers http://127.0.0.1:2379/health

    keep kube-apiserver "$bin/kube-apiserver" \
        --etcd-servers=http://127.0.0.1:2379 \
        --advertise-address="$node_ip" --bind-address=0.0.0.0 --secure-port=6443 \
        --service-cluster-ip-range="$service_cidr" \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --allow-privileged=true --client-ca-file="$pki/kubernetes-ca.crt" \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --kubelet-preferred-address-types=InternalIP \
        --kubelet-certificate-authority="$pki/kubernetes-ca.crt" \
        --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
        --kubelet-client-key="$pki/apiserver-kubelet-client.key" \
        --requestheader-client-ca-file="$pki/front-proxy-ca.crt" \
        --requestheader-allowed-names=front-proxy-client \
        --requestheader-username-headers=X-Remote-User \
        --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file="$pki/front-proxy-client.crt" \
        --proxy-client-key-file="$pki/front-proxy-client.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file="$pki/service-account.pub" \
        --service-account-signing-key-file="$pki/service-account.key" \
        --admission-control-config-file="$etc/admission.yaml" \
        --audit-policy-file="$etc/audit-policy.yaml" --audit-log-path="$logs/audit.log" \
        --audit-log-maxsize=100 --audit-log-maxbackup=1 \
        --profiling=false
    wait_for 60 kube-apiserver "the API server" kubectl get --raw=/readyz

    keep kube-controller-manager "$bin/kube-controller-manager" \
        --kubeconfig="$etc/controller-manager.kubeconfig" \
        --authentication-kubeconfig="$etc/controller-manager.kubeconfig" \
        --authorization-kubeconfig="$etc/controller-manager.kubeconfig" \
        --bind-address=127.0.0.1 --use-service-account-credentials \
        --root-ca-file="$pki/kubernetes-ca.crt" \
        --service-account-private-key-file="$pki/service-account.key" \
        --cluster-signing-cert-file="$pki/kubernetes-ca.crt" \
        --cluster-signing-key-file="$pki/kubernetes-ca.key" \
        --allocate-node-cidrs=true --cluster-cidr="$pod_cidr" \
        --service-cluster-ip-range="$service_cidr" --leader-elect=false
    keep kube-scheduler "$bin/kube-scheduler" --kubeconfig="$etc/scheduler.kubeconfig" \
        --authentication-kubeconfig="$etc/scheduler.kubeconfig" \
        --authorization-kubeconfig="$etc/scheduler.kubeconfig" \
        --bind-address=127.0.0.1 --leader-elect=false
}

start_node() {
    keep containerd containerd --config "$etc/containerd.toml" --log-level info
    wait_for 30 containerd containerd inside ctr --connect-timeout 1s version
    inside ctr -n k8s.io images ls -q | grep -q "^$platform_host/pause:" ||
        inside ctr -n k8s.io images pull --hosts-dir "$etc/certs.d" \
            "$platform_host/pause:v0.1" >>"$logs/containerd.log" 2>&1 ||
        fail "can't pull the sandbox image (see ${logs#"$root"/}/containerd.log)"

    keep kubelet "$bin/kubelet" --config="$etc/kubelet.yaml" --kubeconfig="$etc/kubelet.kubeconfig" \
        --hostname-override="$node_name" --node-ip="$node_ip" --root-dir=/var/lib/kubelet \
        --node-labels="topology.kubernetes.io/region=$region,topology.kubernetes.io/zone=$region-b"
    keep kube-proxy "$bin/kube-proxy" --kubeconfig="$etc/kube-proxy.kubeconfig" \
        --proxy-mode=nftables --cluster-cidr="$pod_cidr" --hostname-override="$node_name" \
        --conntrack-max-per-core=0 --conntrack-min=0 --metrics-bind-address=127.0.0.1:10249
}

# Waits until the node takes Pods, and gives it the role that `kubectl get nodes` shows.
introduce_node() {
    wait_for 60 kubelet "node $node_name to register" kubectl get node "$node_name"
    kubectl label node "$node_name" --overwrite node-role.kubernetes.io/worker= >/dev/null
    wait_for 60 kubelet "node $node_name to be Ready" \
        kubectl wait --for=condition=Ready --timeout=1s "node/$node_name"
    wait_for 30 kube-controller-manager "the default service account" \
        kubectl -n default get serviceaccount default
    wait_for 30 kube-scheduler "the scheduler" answers https://127.0.0.1:10259/healthz
    wait_for 30 kube-proxy "kube-proxy" answers http://127.0.0.1:10256/healthz
}
