#pragma once

#include <string>

namespace e2e {

// What a decision leaves behind for people who look later.

/// Empty when the namespace has an Event with this reason.
std::string why_no_event(std::string const& ns, std::string const& reason);
/// Empty when the API server's audit log has a request in the namespace with this annotation of
/// ours.
std::string why_no_annotation(std::string const& ns, std::string const& key,
                              std::string const& value);

}  // namespace e2e
