# Writes the configuration files of every program into build/cluster/etc. Sourced by up.

write_configuration() {
    mkdir -p "$etc/cni" "$etc/certs.d"
    write_kubeconfigs
    write_apiserver_files
    write_node_files
    write_registry_files
    write_proxy_file
    echo "nameserver $dns_ip" >"$etc/resolv.conf"
}

write_kubeconfigs() {
    local name
    for name in controller-manager scheduler kube-proxy kubelet; do
        write_kubeconfig "$etc/$name.kubeconfig" "https://$node_ip:6443" "$name"
    done
    write_kubeconfig "$kubeconfig" "https://$node_ip:6443" admin
}

write_apiserver_files() {
    # Every request, never its body: Secrets stay out of the log.
    cat >"$etc/audit-policy.yaml" <<EOF
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: [/livez*, /readyz*, /healthz*, /version, /openapi*]
- level: Metadata
EOF
    # The API server shows the product's webhook a client certificate (mutual TLS). The entry is
    # chosen by the webhook Service's DNS name.
    cat >"$etc/admission.yaml" <<EOF
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ValidatingAdmissionWebhook
  configuration: &webhook_clients
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: $etc/webhook-clients.kubeconfig
- name: MutatingAdmissionWebhook
  configuration: *webhook_clients
EOF
    cat >"$etc/webhook-clients.kubeconfig" <<EOF
apiVersion: v1
kind: Config
users:
- name: registry-tenancy-webhook.registry-tenancy-system.svc
  user:
    client-certificate: $pki/apiserver-webhook-client.crt
    client-key: $pki/apiserver-webhook-client.key
EOF
}

write_node_files() {
    cat >"$etc/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
tlsCertFile: $pki/kubelet.crt
tlsPrivateKeyFile: $pki/kubelet.key
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $pki/kubernetes-ca.crt}
authorization: {mode: Webhook}
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: $etc/resolv.conf
healthzBindAddress: 127.0.0.1
podLogsDir: /var/log/pods
# Machines with cgroup v1 or hybrid cgroups and without systemd, as containers and small virtual
# machines are: no cgroup tree of the kubelet's own.
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
# A developer's disk is fuller than a node's.
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
maxPods: 250
EOF
    cat >"$etc/containerd.toml" <<EOF
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$platform_host/pause:v0.1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$etc/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$etc/certs.d"
EOF
    cat >"$etc/cni/10-ptp.conflist" <<EOF
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": false,
      "ipam": {
        "type": "host-local",
        "dataDir": "/var/lib/cni/networks",
        "ranges": [[{"subnet": "$node_pod_cidr"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    }
  ]
}
EOF
}

# Carries HTTPS for whoever is told to use it; its log names what it was asked for.
write_proxy_file() {
    cat >"$etc/tinyproxy.conf" <<EOF
Port 3128
Listen $proxy_ip
Timeout 60
MaxClients 100
ConnectPort 443
LogLevel Connect
EOF
}

# Two registries. The shared one demands tokens and has its real names; the platform one is open.
write_registry_files() {
    local host
    cat >"$etc/registry-shared.yaml" <<EOF
version: 0.1
log: {level: info, formatter: text, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: $images/shared}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: $registry_ip:443
  secret: seven-seas
  tls: {certificate: $pki/registry.crt, key: $pki/registry.key}
auth:
  token:
    realm: $registry_realm
    service: $registry_service
    issuer: $registry_issuer
    rootcertbundle: $pki/registry-token.crt
EOF
    cat >"$etc/registry-platform.yaml" <<EOF
version: 0.1
log: {level: info, formatter: text, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: $images/platform}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: "$platform_address", secret: seven-seas}
EOF
    sed -e "s/$registry_ip:443/$personal_registry_ip:443/" \
        -e "s|$pki/registry\.|$pki/personal-registry.|g" \
        -e "s/service: .*/service: $personal_registry_service/" \
        "$etc/registry-shared.yaml" >"$etc/registry-personal.yaml"
    # Runs only while images are written into the shared registry's storage.
    sed -e '/^auth:/,$d' -e '/^  tls:/d' -e "s/^  addr: .*/  addr: 127.0.0.1:5001/" \
        "$etc/registry-shared.yaml" >"$etc/registry-seed.yaml"
    for host in "${registry_hosts[@]}" "${personal_registry_hosts[@]}" "${ecr_registry_hosts[@]}" \
        "${google_registry_hosts[@]}" "${azure_registry_hosts[@]}" "${harbor_hosts[@]}"; do
        mkdir -p "$etc/certs.d/$host"
        cat >"$etc/certs.d/$host/hosts.toml" <<EOF
server = "https://$host"
[host."https://$host"]
  capabilities = ["pull", "resolve"]
  ca = "$pki/cloud-ca.crt"
EOF
    done
    for host in "${company_harbor_hosts[@]}"; do
        mkdir -p "$etc/certs.d/$host"
        cat >"$etc/certs.d/$host/hosts.toml" <<EOF
server = "https://$host"
[host."https://$host"]
  capabilities = ["pull", "resolve"]
  ca = "$pki/company-ca.crt"
EOF
    done
    # Any other name under the cloud's domain leads to the shared registry as well: tests give
    # Registries of their own hosts of their own.
    mkdir -p "$etc/certs.d/_default"
    # containerd 1.6 refuses a file without the table `host`, even an empty one.
    printf 'ca = "%s"\n[host]\n' "$pki/cloud-ca.crt" >"$etc/certs.d/_default/hosts.toml"
    mkdir -p "$etc/certs.d/$platform_host"
    cat >"$etc/certs.d/$platform_host/hosts.toml" <<EOF
server = "http://$platform_address"
[host."http://$platform_address"]
  capabilities = ["pull", "resolve"]
EOF
}
