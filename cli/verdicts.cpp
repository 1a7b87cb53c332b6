#include "cli/verdicts.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/object_images.hpp"

namespace rt::cli {
namespace {

using tenancy::Enforcement;
using tenancy::Finding;

class Judge {
  public:
    Judge(World& world, Verdicts& verdicts) : world_(world), verdicts_(verdicts) {}

    void judge(Document const& document, tenancy::ObjectImages const& found,
               std::string const& default_ns) {
        auto const meta = kube::meta_of(document.object());
        object_ = {string_at(document.object(), "apiVersion"), string_at(document.object(), "kind"),
                   meta.ns.empty() ? default_ns : meta.ns, meta.name};
        if (object_.name.empty()) {
            object_.name = generate_name(document.object());
        }
        document_ = &document;
        found_ = &found;
        view_ = &world_.view(object_.ns);
        for (auto const& image : found.images) {
            judge_image(image);
        }
        for (std::size_t i = 0; i < found.pull_secrets.size(); ++i) {
            judge_secret(found.pull_secrets[i], i);
        }
    }

  private:
    static std::string generate_name(Json const& object) {
        Json const* const metadata = find(object, "metadata");
        return metadata == nullptr ? std::string() : string_at(*metadata, "generateName");
    }

    VerdictEntry entry(std::string const& field, std::string const& image) const {
        VerdictEntry entry;
        entry.file = document_->file;
        entry.line = document_->line_of(field);
        entry.object = object_;
        entry.path = field;
        entry.image = image;
        return entry;
    }

    void judge_image(tenancy::ObjectImage const& image) {
        VerdictEntry result = entry(image.field, image.image);
        if (view_->excluded) {
        } else if (!view_->unreadable.empty()) {
            set_unavailable(result, "RegistryTenancy \"" + view_->unreadable +
                                        "\", which selects this namespace, cannot be read; "
                                        "correct it");
        } else if (view_->policy) {
            judge_by_policy(result, image);
        } else if (!view_->unknown.empty()) {
            set_unavailable(result, view_->unknown);
        } else if (world_.settings().unmanaged_namespaces == tenancy::UnmanagedNamespaces::Deny) {
            judge_ungoverned(result, image);
        }
        verdicts_.entries.push_back(std::move(result));
    }

    /// In a cluster that refuses images in ungoverned namespaces.
    void judge_ungoverned(VerdictEntry& result, tenancy::ObjectImage const& image) {
        if (view_->exceptions_alone) {
            auto judgement = tenancy::judge_image(*view_->exceptions_alone, image.image);
            if (judgement.verdict.allowed() && judgement.finding) {
                judgement.finding->field = image.field;
                judgement.finding->name = image.name;
                warn(result, *judgement.finding);
                return;
            }
        }
        set_denied(result, tenancy::no_tenancy(image.field, image.name, image.image));
    }

    void judge_by_policy(VerdictEntry& result, tenancy::ObjectImage const& image) {
        auto const& policy = *view_->policy;
        auto judgement = tenancy::judge_image(policy, image.image);
        if (judgement.verdict.allow != nullptr) {
            result.tenancies = judgement.verdict.allow->tenancies;
        } else if (judgement.verdict.exception == nullptr) {
            result.tenancies = policy.tenancies();
        }
        if (!judgement.finding) {
            return;
        }
        if (tenancy::denies(judgement.finding->reason) && !view_->unknown.empty()) {
            set_unavailable(result, view_->unknown);
            return;
        }
        judgement.finding->field = image.field;
        judgement.finding->name = image.name;
        settle(result, *judgement.finding);
    }

    void judge_secret(std::string const& secret, std::size_t index) {
        if (!view_->policy || !view_->unreadable.empty()) {
            return;
        }
        auto finding = tenancy::judge_pull_secret(view_->policy->pull_secrets(), secret);
        if (!finding) {
            return;
        }
        VerdictEntry result =
            entry(found_->pull_secrets_field + '[' + std::to_string(index) + ']', {});
        result.tenancies = view_->policy->tenancies();
        finding->field = result.path;
        settle(result, *finding);
        verdicts_.entries.push_back(std::move(result));
    }

    tenancy::MessageContext context() const {
        return {object_.ns, view_->policy.get(), found_->images.size()};
    }

    /// Denied, warned about, or only noted, as enforcement says.
    void settle(VerdictEntry& result, Finding const& finding) {
        if (tenancy::denies(finding.reason) && view_->policy->enforcement() == Enforcement::Deny) {
            set_denied(result, finding);
            return;
        }
        warn(result, finding);
    }

    void warn(VerdictEntry& result, Finding const& finding) const {
        result.code = tenancy::code_of(finding.reason);
        result.message = tenancy::render_warning(context(), finding);
    }

    void set_denied(VerdictEntry& result, Finding const& finding) {
        result.allowed = false;
        result.code = tenancy::code_of(finding.reason);
        result.message = tenancy::render_denial(context(), {&finding, 1});
    }

    static void set_unavailable(VerdictEntry& result, std::string const& why) {
        result.allowed = false;
        result.judged = false;
        result.code = tenancy::code_of(tenancy::Reason::PolicyUnavailable);
        result.message = '[' + result.code + "] " + result.path + ": cannot be judged: " + why;
    }

    World& world_;
    Verdicts& verdicts_;
    ObjectName object_;
    Document const* document_ = nullptr;
    tenancy::ObjectImages const* found_ = nullptr;
    NamespaceView const* view_ = nullptr;
};

}  // namespace

Verdicts judge_documents(std::vector<Document> const& documents, World& world,
                         std::string const& default_ns) {
    Verdicts verdicts;
    Judge judge(world, verdicts);
    for (Document const& document : documents) {
        auto const found = tenancy::images_of(document.object(), world.settings().custom_kinds);
        if (!found) {
            continue;
        }
        ++verdicts.objects;
        for (auto const& error : found->errors) {
            verdicts.problems.push_back(document.file + ": " +
                                        string_at(document.object(), "kind") + ' ' +
                                        printable(kube::meta_of(document.object()).name, 128) +
                                        ": " + error.pointer + ": " + error.message);
        }
        judge.judge(document, *found, default_ns);
    }
    return verdicts;
}

}  // namespace rt::cli
