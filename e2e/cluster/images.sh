# Makes the test images and puts them into the two registries' storage. Sourced by up.
#
# A test image is one static program in one layer. Each carries its own name in its configuration,
# so that no two repositories share an image and a node can't mistake one for the other.

shared_images=(cainiao/a1:v0.1 cainiao/a2:v0.1 alipay/a1:v0.1 base/jdk:17 pub/a1:v0.1)
# Behind the simulated ECR and Azure, which read the same storage; nothing of the shared registry may pull them.
ecr_images=(payments/a1:v0.1 ledger/a1:v0.1)
# Behind the simulated Artifact Registry, the same way: PROJECT/REPOSITORY/IMAGE.
google_images=(acme-images/payments/a1:v0.1 acme-images/ledger/a1:v0.1 acme-images/open/a1:v0.1)
platform_images=(pause:v0.1 busybox:v0.1)

seed_registries() {
    local inputs
    inputs=$(cat "$here/images.sh" "$here/image/pause.c" "$root/hack/oci-layout" | sha256sum)
    [ "$(cat "$images/.inputs" 2>/dev/null)" = "$inputs" ] && return 0
    say "test images: ${shared_images[*]} and, platform, ${platform_images[*]}"
    make_root_folders
    local image
    # The shared registry takes no writes; a second process without tokens on the same storage does.
    keep registry-seed docker-registry serve "$etc/registry-seed.yaml"
    wait_for 15 registry-seed "the registry for writing" answers http://127.0.0.1:5001/v2/
    for image in "${shared_images[@]}" "${ecr_images[@]}" "${google_images[@]}"; do
        put_image "$image" 127.0.0.1:5001 pause
    done
    end registry-seed
    put_image pause:v0.1 "$platform_address" pause
    put_image busybox:v0.1 "$platform_address" busybox
    echo "$inputs" >"$images/.inputs"
}

make_root_folders() {
    rm -rf "$images/root"
    mkdir -p "$images/root/pause" "$images/root/busybox/bin" "$images/layouts"
    gcc -Os -static -s -o "$images/root/pause/pause" "$here/image/pause.c"
    cp /bin/busybox "$images/root/busybox/bin/busybox"
    local applet
    for applet in sh ls cat wget nslookup sleep env; do
        ln -s busybox "$images/root/busybox/bin/$applet"
    done
}

# put_image NAME:TAG REGISTRY PROGRAM
put_image() {
    local layout=$images/layouts/${1//[:\/]/_} config
    config=$(jq -cn --arg name "$1" --arg program "$3" '{
        User: "65532:65532", Env: ["PATH=/bin:/", "IMAGE=\($name)"],
        Labels: {"org.opencontainers.image.title": $name}
    } + if $program == "busybox" then {Cmd: ["/bin/sh"]} else {Entrypoint: ["/pause"]} end')
    "$root/hack/oci-layout" "$layout" "${1##*:}" "$images/root/$3" "$config" >/dev/null
    inside skopeo copy --quiet --insecure-policy --dest-tls-verify=false \
        "oci:$layout:${1##*:}" "docker://$2/$1" >>"$logs/skopeo.log" 2>&1 ||
        fail "can't push $1 (see ${logs#"$root"/}/skopeo.log)"
}
