# The cluster's certificates, made with openssl. Sourced by up.
#
# Four authorities: `kubernetes` (API server, its clients, kubelet), `front-proxy` (aggregation),
# `cloud` (the simulators and the registry: the one that the product is told to trust), and `company`
# (one registry of its own). Made once; `down` keeps them. They are worth nothing outside the namespace.

certificate_days=365

# authority NAME
authority() {
    [ -s "$pki/$1-ca.crt" ] && openssl x509 -in "$pki/$1-ca.crt" -checkend 604800 -noout >/dev/null && return 0
    rm -f "$pki"/*.by-"$1"-ca
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -keyout "$pki/$1-ca.key" -out "$pki/$1-ca.crt" -subj "/CN=registry-tenancy test $1 CA" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        2>/dev/null
}

# certificate NAME AUTHORITY SUBJECT USAGE [SUBJECT_ALTERNATIVE_NAMES]: NAME.crt and NAME.key, kept
# while they last and while they say the same.
certificate() {
    local name=$1 authority=$2 subject=$3 usage=$4 names=${5:-} wanted="$*"
    [ "$(cat "$pki/$name.by-$authority-ca" 2>/dev/null)" = "$wanted" ] &&
        openssl x509 -in "$pki/$name.crt" -checkend 604800 -noout >/dev/null && return 0
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
        -keyout "$pki/$name.key" -out "$pki/$name.csr" 2>/dev/null
    openssl x509 -req -in "$pki/$name.csr" -days "$certificate_days" -out "$pki/$name.crt" \
        -CA "$pki/$authority-ca.crt" -CAkey "$pki/$authority-ca.key" -extfile <(
            echo "basicConstraints=critical,CA:FALSE"
            echo "keyUsage=critical,digitalSignature"
            echo "extendedKeyUsage=$usage"
            [ -z "$names" ] || echo "subjectAltName=$names"
        ) 2>/dev/null
    rm -f "$pki/$name.csr"
    echo "$wanted" >"$pki/$name.by-$authority-ca"
}

make_certificates() {
    local names
    mkdir -p "$pki"
    chmod 700 "$pki"
    authority kubernetes
    authority front-proxy
    authority cloud
    authority company

    names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    names+=,DNS:kubernetes.default.svc.cluster.local,DNS:localhost
    names+=,IP:10.96.0.1,IP:$node_ip,IP:127.0.0.1
    certificate apiserver kubernetes /CN=kube-apiserver serverAuth "$names"
    certificate apiserver-kubelet-client kubernetes \
        /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
    certificate apiserver-webhook-client kubernetes /CN=kube-apiserver-webhook-client clientAuth
    certificate front-proxy-client front-proxy /CN=front-proxy-client clientAuth
    certificate admin kubernetes /O=system:masters/CN=admin clientAuth
    certificate controller-manager kubernetes /CN=system:kube-controller-manager clientAuth
    certificate scheduler kubernetes /CN=system:kube-scheduler clientAuth
    certificate kube-proxy kubernetes /CN=system:kube-proxy clientAuth
    certificate kubelet kubernetes "/O=system:nodes/CN=system:node:$node_name" \
        clientAuth,serverAuth "DNS:$node_name,IP:$node_ip"
    [ -s "$pki/service-account.key" ] ||
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$pki/service-account.key"
    openssl pkey -in "$pki/service-account.key" -pubout -out "$pki/service-account.pub"

    certificate sts cloud "/CN=sts.$region.aliyuncs.com" serverAuth \
        "DNS:sts.$region.aliyuncs.com,DNS:sts-vpc.$region.aliyuncs.com,IP:$sts_ip"
    certificate acr cloud "/CN=cr.$region.aliyuncs.com" serverAuth \
        "DNS:cr.$region.aliyuncs.com,DNS:cr-vpc.$region.aliyuncs.com,IP:$acr_ip"
    certificate registry-auth cloud "/CN=dockerauth.$region.aliyuncs.com" serverAuth \
        "DNS:dockerauth.$region.aliyuncs.com,DNS:dockerauth-vpc.$region.aliyuncs.com,IP:$auth_ip"
    certificate registry cloud "/CN=$region.cr.aliyuncs.com" serverAuth \
        "DNS:*.$region.cr.aliyuncs.com,IP:$registry_ip"
    names=$(printf 'DNS:%s,' "${personal_registry_hosts[@]}")
    certificate personal-registry cloud "/CN=${personal_registry_hosts[0]}" serverAuth \
        "${names}IP:$personal_registry_ip"
    certificate aws-sts cloud "/CN=sts.$aws_region.amazonaws.com" serverAuth \
        "DNS:sts.$aws_region.amazonaws.com,IP:$aws_sts_ip"
    certificate ecr cloud "/CN=api.ecr.$aws_region.amazonaws.com" serverAuth \
        "DNS:api.ecr.$aws_region.amazonaws.com,IP:$ecr_ip"
    certificate ecr-registry cloud "/CN=dkr.ecr.$aws_region.amazonaws.com" serverAuth \
        "DNS:*.dkr.ecr.$aws_region.amazonaws.com,IP:$ecr_registry_ip"
    certificate google-sts cloud /CN=sts.googleapis.com serverAuth \
        "DNS:sts.googleapis.com,IP:$google_sts_ip"
    certificate google-iam cloud /CN=iamcredentials.googleapis.com serverAuth \
        "DNS:iamcredentials.googleapis.com,IP:$google_iam_ip"
    certificate google-registry cloud /CN=docker.pkg.dev serverAuth \
        "DNS:*.pkg.dev,IP:$google_registry_ip"
    names=$(printf 'DNS:%s,' "${azure_ad_hosts[@]}")
    certificate azure-ad cloud "/CN=${azure_ad_hosts[0]}" serverAuth "${names}IP:$azure_ad_ip"
    names=$(printf 'DNS:%s,' "${azure_registry_hosts[@]}" "${azure_management_hosts[@]}")
    certificate azure-registry cloud "/CN=${azure_registry_hosts[0]}" serverAuth \
        "${names}IP:$azure_registry_ip"
    names=$(printf 'DNS:%s,' "${harbor_hosts[@]}")
    certificate harbor cloud "/CN=${harbor_hosts[0]}" serverAuth "${names}IP:$harbor_ip"
    names=$(printf 'DNS:%s,' "${company_harbor_hosts[@]}")
    certificate company-harbor company "/CN=${company_harbor_hosts[0]}" serverAuth \
        "${names}IP:$company_harbor_ip"
    # Signs the registry's tokens (ES256); the registry trusts exactly this certificate.
    certificate registry-token cloud "/CN=$registry_issuer" serverAuth
}

# write_kubeconfig FILE SERVER CERTIFICATE_NAME
write_kubeconfig() {
    (
        umask 077
        cat >"$1" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: registry-tenancy
  cluster:
    server: $2
    certificate-authority-data: $(base64 -w0 "$pki/kubernetes-ca.crt")
users:
- name: $3
  user:
    client-certificate-data: $(base64 -w0 "$pki/$3.crt")
    client-key-data: $(base64 -w0 "$pki/$3.key")
contexts:
- name: registry-tenancy
  context: {cluster: registry-tenancy, user: $3}
current-context: registry-tenancy
EOF
    )
}
