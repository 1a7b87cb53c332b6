#pragma once

#include <optional>
#include <string_view>

namespace rt::registry {

/// What came of asking a registry whether a credential can pull; from good to bad in the order in
/// which several are told.
enum class Reason {
    Verified,
    SwitchedOff,              ///< nobody is to ask (setting pullChecksPerSecond)
    NothingToAsk,             ///< no image of it is in use
    Unknown,                  ///< the registry's answers tell nothing
    RealmNotPinned,           ///< it names a token endpoint that nobody has approved
    RegistryNamespacePublic,  ///< anyone may pull
    RegistryUnreachable,
    DNSFailed,
    TLSUntrusted,
    TokenRejected,  ///< it doesn't know the credential
    RoleTooNarrow,  ///< it knows the credential, which may not pull what the tenancy allows
};
[[nodiscard]] std::string_view name_of(Reason reason);
[[nodiscard]] std::optional<Reason> reason_of(std::string_view name);

/// Something that someone should mend.
[[nodiscard]] inline bool is_trouble(Reason reason) {
    return reason >= Reason::RegistryNamespacePublic;
}
/// May pass by itself, so it is worth a second look before anybody is told.
[[nodiscard]] inline bool may_pass(Reason reason) {
    return reason == Reason::Unknown || reason == Reason::RegistryUnreachable ||
           reason == Reason::DNSFailed || reason == Reason::TLSUntrusted;
}

}  // namespace rt::registry
