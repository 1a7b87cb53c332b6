#include "e2e/suite/support/ecr.hpp"

#include <nlohmann/json.hpp>

namespace e2e {

Json ecr_registry_manifest() {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", "ecr-111122223333"}}},
            {"spec",
             {{"hosts", {"111122223333.dkr.ecr.eu-central-1.amazonaws.com"}},
              {"type", "AmazonECR"},
              {"amazonECR",
               {{"registryID", "111122223333"},
                {"region", "eu-central-1"},
                {"sessionTags", true},
                {"identity", {{"type", "InstanceRole"}}}}},
              {"allowedRoles", {"arn:aws:iam::111122223333:role/ecr-*"}}}}};
}

}  // namespace e2e
