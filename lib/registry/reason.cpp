#include "lib/registry/reason.hpp"

#include <array>
#include <utility>

namespace rt::registry {
namespace {

constexpr std::array<std::pair<Reason, std::string_view>, 11> names{{
    {Reason::Verified, "Verified"},
    {Reason::SwitchedOff, "SwitchedOff"},
    {Reason::NothingToAsk, "NothingToAsk"},
    {Reason::Unknown, "Unknown"},
    {Reason::RealmNotPinned, "RealmNotPinned"},
    {Reason::RegistryNamespacePublic, "RegistryNamespacePublic"},
    {Reason::RegistryUnreachable, "RegistryUnreachable"},
    {Reason::DNSFailed, "DNSFailed"},
    {Reason::TLSUntrusted, "TLSUntrusted"},
    {Reason::TokenRejected, "TokenRejected"},
    {Reason::RoleTooNarrow, "RoleTooNarrow"},
}};

}  // namespace

std::string_view name_of(Reason reason) {
    for (auto const& [one, name] : names) {
        if (one == reason) {
            return name;
        }
    }
    return "Unknown";
}

std::optional<Reason> reason_of(std::string_view name) {
    for (auto const& [reason, one] : names) {
        if (one == name) {
            return reason;
        }
    }
    return std::nullopt;
}

}  // namespace rt::registry
