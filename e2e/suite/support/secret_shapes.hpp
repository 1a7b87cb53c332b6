#pragma once

#include <string>
#include <vector>

namespace e2e {

/// What of a secret's shape is in the text, by name: passwords and their base64 forms, tokens,
/// signatures, private keys, static keys, docker configurations. Every secret of the suite has such
/// a shape, so that none needs to be known by value. The names say nothing of what was found.
std::vector<std::string> secrets_in(std::string const& text);
/// The same with the place of the first, for a failure's message; empty where there is nothing.
std::string describe_secrets_in(std::string const& text);

}  // namespace e2e
