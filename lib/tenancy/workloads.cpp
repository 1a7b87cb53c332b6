#include "lib/tenancy/workloads.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/text.hpp"
#include "lib/tenancy/judge.hpp"

namespace rt::tenancy {
namespace {

/// The bound of crds/registrygrants.yaml; a reference that can be read is shorter in practice.
constexpr std::size_t image_bytes_max = 512;

std::optional<Workloads::Entry> judge_one(NamespacePolicy const& policy, RunningImage const& one,
                                          WallTime governed_since) {
    ImageJudgement const judgement = judge_image(policy, one.image);
    Workloads::Entry entry;
    entry.image = printable(one.image, image_bytes_max);
    if (judgement.verdict.kind == Verdict::Kind::AllowedByException) {
        entry.kind = Workloads::Kind::ByException;
        entry.exception =
            judgement.verdict.exception == nullptr ? "" : judgement.verdict.exception->name;
        return entry;
    }
    if (!judgement.finding || !denies(judgement.finding->reason)) {
        return std::nullopt;
    }
    entry.kind =
        one.newest > governed_since ? Workloads::Kind::Denied : Workloads::Kind::Grandfathered;
    return entry;
}

}  // namespace

Workloads judge_running(NamespacePolicy const& policy, std::span<RunningImage const> images,
                        WallTime governed_since) {
    Workloads result;
    for (RunningImage const& one : images) {
        auto entry = judge_one(policy, one, governed_since);
        if (!entry) {
            continue;
        }
        switch (entry->kind) {
            case Workloads::Kind::Denied:
                ++result.denied;
                break;
            case Workloads::Kind::Grandfathered:
                ++result.grandfathered;
                break;
            case Workloads::Kind::ByException:
                ++result.by_exception;
                break;
        }
        result.images.push_back(*std::move(entry));
    }
    std::sort(result.images.begin(), result.images.end());
    result.images.resize(std::min(result.images.size(), workload_images_max));
    return result;
}

std::string_view name_of(Workloads::Kind kind) {
    switch (kind) {
        case Workloads::Kind::Denied:
            return "Denied";
        case Workloads::Kind::Grandfathered:
            return "Grandfathered";
        case Workloads::Kind::ByException:
            break;
    }
    return "ByException";
}

Json to_json(Workloads const& workloads) {
    if (workloads.empty()) {
        return nullptr;
    }
    Json images = Json::array();
    for (Workloads::Entry const& entry : workloads.images) {
        Json one = {{"image", entry.image}, {"verdict", name_of(entry.kind)}};
        if (!entry.exception.empty()) {
            one["exception"] = entry.exception;
        }
        images.push_back(std::move(one));
    }
    return {{"denied", workloads.denied},
            {"grandfathered", workloads.grandfathered},
            {"byException", workloads.by_exception},
            {"images", std::move(images)}};
}

}  // namespace rt::tenancy
