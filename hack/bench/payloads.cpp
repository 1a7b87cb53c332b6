// Writes AdmissionReviews as an API server sends them: field order, minified, with the defaults,
// projected token volume and managedFields that it adds before it calls a webhook.
//
//     bench-payloads DIRECTORY     writes 3.json, 8.json, 15.json and 29.json (their size in KB)
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

constexpr char const* host = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";

struct Shape {
    char const* name;
    int containers;
    int variables;  ///< environment variables of each container
    bool probes;
    bool managed_fields;
    bool update;  ///< object and oldObject, with a label changed
};

constexpr Shape shapes[] = {
    {"3", 1, 3, false, false, false},
    {"8", 1, 19, true, true, false},
    {"15", 2, 26, true, true, false},
    {"29", 2, 25, true, true, true},
};

Json variable(int index) {
    std::string const name = "APPLICATION_SETTING_" + std::to_string(index);
    if (index % 4 == 3) {
        return {{"name", name},
                {"valueFrom",
                 {{"configMapKeyRef",
                   {{"name", "order-service-settings"},
                    {"key", "setting." + std::to_string(index)}}}}}};
    }
    return {{"name", name},
            {"value", "jdbc:mysql://orders-" + std::to_string(index) +
                          ".prod.svc.cluster.local:3306/orders?pool=16"}};
}

Json probe(char const* path, int period) {
    return {{"httpGet", {{"path", path}, {"port", 8080}, {"scheme", "HTTP"}}},
            {"initialDelaySeconds", 10},
            {"timeoutSeconds", 1},
            {"periodSeconds", period},
            {"successThreshold", 1},
            {"failureThreshold", 3}};
}

Json container(Shape const& shape, int index) {
    Json made{{"name", index == 0 ? "order-service" : "log-shipper"},
              {"image", std::string(host) + "/cainiao/" + (index == 0 ? "orders" : "shipper") +
                            ":v1.42." + std::to_string(index)}};
    made["ports"] = {{{"name", "http"}, {"containerPort", 8080}, {"protocol", "TCP"}}};
    made["env"] = Json::array();
    for (int count = 0; count < shape.variables; ++count) {
        made["env"].push_back(variable(count));
    }
    made["resources"] = {{"limits", {{"cpu", "2"}, {"memory", "2Gi"}}},
                         {"requests", {{"cpu", "500m"}, {"memory", "1Gi"}}}};
    made["volumeMounts"] = {{{"name", "kube-api-access-7x2vq"},
                             {"readOnly", true},
                             {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}}};
    if (shape.probes) {
        made["livenessProbe"] = probe("/healthz/live", 10);
        made["readinessProbe"] = probe("/healthz/ready", 5);
    }
    made["terminationMessagePath"] = "/dev/termination-log";
    made["terminationMessagePolicy"] = "File";
    made["imagePullPolicy"] = "IfNotPresent";
    made["securityContext"] = {{"runAsNonRoot", true}, {"allowPrivilegeEscalation", false}};
    return made;
}

/// Who set which field: about a third of what a webhook is sent about a Pod.
Json managed_fields(Json const& spec) {
    Json containers;
    for (Json const& one : spec.at("containers")) {
        Json& fields = containers["k:{\"name\":\"" + one.at("name").get<std::string>() + "\"}"];
        fields["."] = Json::object();
        for (auto const& [key, value] : one.items()) {
            fields["f:" + key] = Json::object();
            if (key == "env") {
                for (Json const& entry : value) {
                    fields["f:env"]["k:{\"name\":\"" + entry.at("name").get<std::string>() +
                                    "\"}"] = {{".", Json::object()},
                                              {"f:name", Json::object()},
                                              {"f:value", Json::object()}};
                }
            }
        }
    }
    return {{{"manager", "kube-controller-manager"},
             {"operation", "Update"},
             {"apiVersion", "v1"},
             {"time", "2026-11-22T08:00:00Z"},
             {"fieldsType", "FieldsV1"},
             {"fieldsV1",
              {{"f:metadata",
                {{"f:generateName", Json::object()},
                 {"f:labels",
                  {{".", Json::object()},
                   {"f:app", Json::object()},
                   {"f:pod-template-hash", Json::object()}}},
                 {"f:ownerReferences",
                  {{".", Json::object()},
                   {"k:{\"uid\":\"f3b6a1a0-1c8d-4b3e-9a35-6d2f6f0f3c11\"}", Json::object()}}}}},
               {"f:spec",
                {{"f:containers", containers},
                 {"f:dnsPolicy", Json::object()},
                 {"f:enableServiceLinks", Json::object()},
                 {"f:restartPolicy", Json::object()},
                 {"f:schedulerName", Json::object()},
                 {"f:securityContext", Json::object()},
                 {"f:terminationGracePeriodSeconds", Json::object()}}}}}}};
}

Json pod(Shape const& shape) {
    Json spec;
    spec["volumes"] = {
        {{"name", "kube-api-access-7x2vq"},
         {"projected",
          {{"sources",
            {{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
             {{"configMap",
               {{"name", "kube-root-ca.crt"},
                {"items", {{{"key", "ca.crt"}, {"path", "ca.crt"}}}}}}},
             {{"downwardAPI",
               {{"items",
                 {{{"path", "namespace"},
                   {"fieldRef",
                    {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}}}}}}}},
           {"defaultMode", 420}}}}};
    spec["containers"] = Json::array();
    for (int index = 0; index < shape.containers; ++index) {
        spec["containers"].push_back(container(shape, index));
    }
    spec["restartPolicy"] = "Always";
    spec["terminationGracePeriodSeconds"] = 30;
    spec["dnsPolicy"] = "ClusterFirst";
    spec["serviceAccountName"] = "default";
    spec["serviceAccount"] = "default";
    spec["securityContext"] = Json::object();
    spec["imagePullSecrets"] = {{{"name", "registry-tenancy"}}};
    spec["schedulerName"] = "default-scheduler";
    spec["tolerations"] = {{{"key", "node.kubernetes.io/not-ready"},
                            {"operator", "Exists"},
                            {"effect", "NoExecute"},
                            {"tolerationSeconds", 300}},
                           {{"key", "node.kubernetes.io/unreachable"},
                            {"operator", "Exists"},
                            {"effect", "NoExecute"},
                            {"tolerationSeconds", 300}}};
    spec["priority"] = 0;
    spec["enableServiceLinks"] = true;
    spec["preemptionPolicy"] = "PreemptLowerPriority";

    Json metadata{
        {"name", "order-service-6d4cf56db6-x8k2p"},
        {"generateName", "order-service-6d4cf56db6-"},
        {"namespace", "cainiao-prod"},
        {"uid", "0e9f1c52-6a0c-4c3e-8a57-9c1d4d1d6f20"},
        {"creationTimestamp", "2026-11-22T08:00:00Z"},
        {"labels", {{"app", "order-service"}, {"pod-template-hash", "6d4cf56db6"}}},
        {"annotations", {{"prometheus.io/scrape", "true"}, {"prometheus.io/port", "9090"}}},
        {"ownerReferences",
         {{{"apiVersion", "apps/v1"},
           {"kind", "ReplicaSet"},
           {"name", "order-service-6d4cf56db6"},
           {"uid", "f3b6a1a0-1c8d-4b3e-9a35-6d2f6f0f3c11"},
           {"controller", true},
           {"blockOwnerDeletion", true}}}}};
    if (shape.managed_fields) {
        metadata["managedFields"] = managed_fields(spec);
    }
    return {{"kind", "Pod"},
            {"apiVersion", "v1"},
            {"metadata", metadata},
            {"spec", spec},
            {"status", {{"phase", "Pending"}, {"qosClass", "Burstable"}}}};
}

Json review(Shape const& shape) {
    Json const kind{{"group", ""}, {"version", "v1"}, {"kind", "Pod"}};
    Json const resource{{"group", ""}, {"version", "v1"}, {"resource", "pods"}};
    Json const old_object = pod(shape);
    Json object = old_object;
    if (shape.update) {
        object["metadata"]["labels"]["release"] = "stable";
    }
    return {{"kind", "AdmissionReview"},
            {"apiVersion", "admission.k8s.io/v1"},
            {"request",
             {{"uid", "705ab4f5-6393-11e8-b7cc-42010a800002"},
              {"kind", kind},
              {"resource", resource},
              {"requestKind", kind},
              {"requestResource", resource},
              {"name", "order-service-6d4cf56db6-x8k2p"},
              {"namespace", "cainiao-prod"},
              {"operation", shape.update ? "UPDATE" : "CREATE"},
              {"userInfo",
               {{"username", "system:serviceaccount:kube-system:replicaset-controller"},
                {"uid", "6a1c0a53-6a0c-4c3e-8a57-9c1d4d1d6f21"},
                {"groups",
                 {"system:serviceaccounts", "system:serviceaccounts:kube-system",
                  "system:authenticated"}}}},
              {"object", object},
              {"oldObject", shape.update ? old_object : Json()},
              {"dryRun", false},
              {"options",
               {{"kind", shape.update ? "UpdateOptions" : "CreateOptions"},
                {"apiVersion", "meta.k8s.io/v1"}}}}}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench-payloads DIRECTORY\n");
        return 2;
    }
    for (Shape const& shape : shapes) {
        std::string const text = review(shape).dump();
        std::string const path = std::string(argv[1]) + "/" + shape.name + ".json";
        std::ofstream(path, std::ios::binary) << text;
        std::printf("%s %zu bytes\n", path.c_str(), text.size());
    }
    return 0;
}
