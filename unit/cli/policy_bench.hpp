#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include "cli/policy.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {

using testing::Bench;
using testing::Ran;

inline constexpr char rules[] = R"(
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: shared-acr}
spec:
  hosts: [shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com]
  type: AlibabaACR
  alibabaACR:
    instanceID: cri-shanghai-shared01
    region: cn-shanghai
    identity: {type: InstanceRole}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr}
spec:
  hosts: [111122223333.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR:
    registryID: "111122223333"
    region: eu-central-1
    sessionTags: true
    identity: {type: OIDC, oidc: {role: "arn:aws:iam::444455556666:role/registry-tenancy"}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: open}
spec: {hosts: [open.example.com], type: Anonymous, anonymous: {}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: cainiao}
spec:
  namespaces: [cainiao-prod, cainiao-dev]
  registries:
  - name: shared-acr
    role: acs:ram::1146716667364888:role/acr-cainiao
    externalID: "{cluster}"
    allow: [{namespace: cainiao}, {repository: cainiao/a1}, {repository: base/jdk}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: more}
spec:
  namespaces: [cainiao-dev]
  registries:
  - name: shared-acr
    role: acs:ram::1146716667364888:role/acr-cainiao
    externalID: "{cluster}"
    allow: [{namespace: tools}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: payments}
spec:
  namespaceSelector: {matchLabels: {team: payments}}
  registries:
  - name: ecr
    role: arn:aws:iam::111122223333:role/ecr-payments
    allow: [{namespace: payments}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: each}
spec:
  namespaceSelector: {matchLabels: {team: each}}
  registries:
  - name: shared-acr
    role: "acs:ram::1146716667364888:role/acr-{namespace}"
    allow: [{namespace: each}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr-by-namespace}
spec:
  hosts: [222233334444.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR: {registryID: "222233334444", region: eu-central-1, identity: {type: ServiceAccount}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: hop}
spec:
  namespaces: [hop-a, hop-b]
  registries:
  - name: ecr-by-namespace
    role: arn:aws:iam::222233334444:role/ecr-hop
    allow: [{namespace: hop}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: gar}
spec:
  hosts: [europe-west3-docker.pkg.dev]
  type: GoogleArtifactRegistry
  googleArtifactRegistry:
    location: europe-west3
    identity:
      type: ServiceAccount
      serviceAccount:
        audience: "//iam.googleapis.com/projects/12/locations/global/\
          workloadIdentityPools/clusters/providers/demo"
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: gar-node}
spec:
  hosts: [europe-west4-docker.pkg.dev]
  type: GoogleArtifactRegistry
  googleArtifactRegistry: {location: europe-west4, identity: {type: InstanceRole}}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: azure}
spec:
  hosts: [demo.azurecr.io]
  type: AzureACR
  azureACR:
    tenantID: 11111111-aaaa-4bbb-8ccc-000000000001
    cloud: Public
    identity: {type: OIDC, oidc: {clientID: a0000000-0000-4000-8000-000000000003}}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: azure-tokens}
spec:
  hosts: [tokens.azurecr.io]
  type: AzureACR
  azureACR:
    tenantID: 11111111-aaaa-4bbb-8ccc-000000000001
    identity: {type: OIDC, oidc: {clientID: a0000000-0000-4000-8000-000000000003}}
    scopeMapTokens:
      resourceID: "/subscriptions/66666666-7777-8888-9999-aaaaaaaaaaaa/resourceGroups/rg/\
        providers/Microsoft.ContainerRegistry/registries/tokens"
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: azure-node}
spec:
  hosts: [node.azurecr.io]
  type: AzureACR
  azureACR:
    tenantID: 11111111-aaaa-4bbb-8ccc-000000000001
    cloud: Public
    identity: {type: InstanceRole}
  allowUnnarrowed: true
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: harbor}
spec:
  hosts: [harbor.example.com]
  type: Harbor
  harbor:
    url: https://harbor.example.com
    identity: {type: AccessKey, accessKey: {secretName: robot}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: google}
spec:
  namespaces: [red, blue]
  registries: [{name: gar, allow: [{namespace: images/team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: google-node}
spec:
  namespaces: [red]
  registries:
  - name: gar-node
    role: pull@images.iam.gserviceaccount.com
    allow: [{repository: images/team/a1}, {namespace: all}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: microsoft}
spec:
  namespaces: [red]
  registries: [{name: azure, allow: [{namespace: team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: microsoft-tokens}
spec:
  namespaces: [red]
  registries: [{name: azure-tokens, allow: [{namespace: team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: microsoft-node}
spec:
  namespaces: [red]
  registries: [{name: azure-node, allow: [{namespace: team}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: on-premises}
spec:
  namespaces: [red]
  registries: [{name: harbor, allow: [{namespace: team}, {namespace: base}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: on-premises-too}
spec:
  namespaces: [blue]
  registries: [{name: harbor, allow: [{namespace: other}]}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: Registry
metadata: {name: ecr-by-agent}
spec:
  hosts: [333344445555.dkr.ecr.eu-central-1.amazonaws.com]
  type: AmazonECR
  amazonECR:
    registryID: "333344445555"
    region: eu-central-1
    identity: {type: OIDC, oidc: {podIdentity: true}}
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: agent}
spec:
  namespaces: [agent]
  registries:
  - name: ecr-by-agent
    role: arn:aws:iam::333344445555:role/ecr-agent
    externalID: "{cluster}"
    allow: [{namespace: agent}]
---
apiVersion: registrytenancy.dev/v1alpha1
kind: RegistryTenancy
metadata: {name: free}
spec:
  namespaces: [free]
  registries: [{name: open, allow: [{namespace: "*"}]}]
)";

inline constexpr char node[] = "acs:ram::1284387915995949:role/kubernetesworkerrole-b";

class PolicyTest : public ::testing::Test {
  protected:
    Ran policy(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "policy");
        arguments.insert(arguments.end(), {"--tenancy", bench.file("rules.yaml", rules)});
        return bench.run(arguments);
    }
    Json json(std::vector<std::string> arguments) {
        auto const ran = policy(std::move(arguments));
        EXPECT_EQ(ran.code, ExitOk) << ran.err;
        return parse_json(ran.out).value_or(Json());
    }
    Bench bench;
    std::string const acr = "acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/";
};

}  // namespace rt::cli
