// The process dies at every step: before a write is sent, or after it was done but before the
// answer.
#include <gtest/gtest.h>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;

/// A client whose process ends at its `writes_left`-th write; nothing works any more from there on.
class DyingClient final : public kube::Client {
  public:
    DyingClient(kube::Client& api, int writes_left, bool after)
        : api_(api), writes_left_(writes_left), after_(after) {}

    [[nodiscard]] bool dead() const { return dead_; }

    Result<Json> get(kube::ResourceType const& type, kube::ObjectKey const& key,
                     std::stop_token stop) override {
        return dead_ ? Result<Json>(fail(death())) : api_.get(type, key, stop);
    }
    Result<kube::ListPage> list_page(kube::ResourceType const& type,
                                     kube::ListOptions const& options, std::string const& token,
                                     std::stop_token stop) override {
        return dead_ ? Result<kube::ListPage>(fail(death()))
                     : api_.list_page(type, options, token, stop);
    }
    Result<Json> create(kube::ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token stop) override {
        return write<Json>([&] { return api_.create(type, ns, object, stop); });
    }
    Result<Json> update(kube::ResourceType const& type, Json const& object,
                        std::string const& subresource, std::stop_token stop) override {
        return write<Json>([&] { return api_.update(type, object, subresource, stop); });
    }
    Result<Json> apply(kube::ResourceType const& type, Json const& object,
                       kube::ApplyOptions const& options, std::stop_token stop) override {
        return write<Json>([&] { return api_.apply(type, object, options, stop); });
    }
    Result<Json> merge_patch(kube::ResourceType const& type, kube::ObjectKey const& key,
                             Json const& patch, std::string const& subresource,
                             std::stop_token stop) override {
        return write<Json>([&] { return api_.merge_patch(type, key, patch, subresource, stop); });
    }
    Result<void> remove(kube::ResourceType const& type, kube::ObjectKey const& key,
                        kube::Preconditions const& guards, std::stop_token stop) override {
        return write<void>([&] { return api_.remove(type, key, guards, stop); });
    }
    Result<void> watch(kube::ResourceType const&, kube::WatchOptions const&,
                       std::function<bool(kube::WatchEvent const&)> const&,
                       std::stop_token) override {
        return fail(death());
    }
    Result<Json> create_subresource(kube::ResourceType const&, kube::ObjectKey const&,
                                    std::string const&, Json const&, std::stop_token) override {
        return fail(death());
    }
    Result<std::string> raw_get(std::string const&, std::stop_token) override {
        return fail(death());
    }

  private:
    static Error death() { return {ErrorKind::Cancelled, "the process has ended"}; }

    template <class T, class Call>
    Result<T> write(Call const& call) {
        if (dead_) {
            return fail(death());
        }
        if (--writes_left_ > 0) {
            return call();
        }
        dead_ = true;
        if (after_) {
            static_cast<void>(call());
        }
        return fail(death());
    }

    kube::Client& api_;
    int writes_left_;
    bool after_;
    bool dead_ = false;
};

struct Story {
    char const* name;
    bool started;                          ///< a working state was there before
    std::function<void(Outside&)> change;  ///< what happens then
    std::chrono::seconds time;             ///< how long the operator has for it
};

Json two_registries(std::vector<std::string> const& allow) {
    Json object = tenancy("cainiao", {"cainiao-prod"}, allow);
    object["spec"]["registries"].push_back(entry("other-acr", {"tools"}));
    return object;
}

void begin(Outside& outside) {
    outside.api.put(registries, shared_acr());
    outside.api.put(registries, other_acr());
    outside.api.put(registry_tenancies, two_registries({"cainiao", "base"}));
    outside.api.put(namespaces, namespace_object("cainiao-prod"));
}

std::vector<Story> stories() {
    auto const change_tenancy = [](Outside& outside, Json object) {
        object["status"] = outside.api.find(registry_tenancies, {"", "cainiao"})->at("status");
        outside.api.put(registry_tenancies, std::move(object));
    };
    return {
        {"first", false, [](Outside&) {}, 10s},
        {"narrowed", true,
         [=](Outside& outside) { change_tenancy(outside, two_registries({"cainiao"})); }, 10s},
        {"widened", true,
         [=](Outside& outside) {
             change_tenancy(outside, two_registries({"cainiao", "base", "x"}));
         },
         10s},
        {"one registry fails", true,
         [=](Outside& outside) {
             outside.source.failing["other-acr"] = {ErrorKind::Forbidden, "no", "NoPermission"};
             change_tenancy(outside, two_registries({"cainiao"}));
         },
         10s},
        {"refreshed", true, [](Outside& outside) { outside.clock.advance(37min); }, 10s},
        {"deleted", true,
         [](Outside& outside) { outside.api.erase(registry_tenancies, {"", "cainiao"}); }, 130s},
    };
}

/// What must be the same however often the operator died: everything but passwords and times.
struct EndState {
    std::set<std::string> keys;
    Json grant;
    std::string ready;
    bool operator==(EndState const&) const = default;
};

EndState end_state(World const& world) {
    EndState state{world.keys("cainiao-prod"), Json(), world.condition("cainiao", "Ready")};
    if (auto const grant = world.grant("cainiao-prod")) {
        state.grant = {{"spec", grant->at("spec")}, {"problems", grant->contains("problems")}};
    }
    return state;
}

std::ostream& operator<<(std::ostream& out, EndState const& state) {
    out << state.ready << ' ' << state.grant.dump();
    for (std::string const& key : state.keys) {
        out << ' ' << key;
    }
    return out;
}

void prepare(Outside& outside, Story const& story) {
    begin(outside);
    if (story.started) {
        World(outside).settle();
    }
    story.change(outside);
}

class Crash : public testing::TestWithParam<int> {};

TEST_P(Crash, AtAnyWriteLeadsToTheSameEnd) {
    Story const story = stories()[static_cast<std::size_t>(GetParam())];
    SCOPED_TRACE(story.name);
    Outside calm;
    prepare(calm, story);
    World undisturbed(calm);
    undisturbed.advance(story.time);
    EndState const expected = end_state(undisturbed);

    for (bool const after : {false, true}) {
        int deaths = 0;
        for (int write = 1;; ++write) {
            SCOPED_TRACE(std::to_string(write) + (after ? " done" : " not done"));
            Outside outside;
            prepare(outside, story);
            std::set<std::string> const before = World(outside).keys("cainiao-prod");
            DyingClient client(outside.api, write, after);
            World dying(outside, &client);
            dying.advance(story.time);
            if (!client.dead()) {
                break;
            }
            ++deaths;
            std::size_t const minted = outside.source.mints.size();
            bool const credential_written = dying.secret("cainiao-prod").has_value();
            World next(outside);
            next.advance(story.time);
            EXPECT_EQ(end_state(next), expected);
            if (story.started && !before.empty() && expected.keys == before) {
                EXPECT_TRUE(credential_written);
            }
            // At most what was lost on the way is minted again.
            EXPECT_LE(outside.source.mints.size(), minted + 2);
        }
        EXPECT_GE(deaths, 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Stories, Crash, testing::Range(0, static_cast<int>(stories().size())));

}  // namespace
}  // namespace rt::op::test
