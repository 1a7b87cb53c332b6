#pragma once

#include "lib/kube/client/client.hpp"
#include "lib/kube/client/credentials.hpp"

namespace rt::kube {

/// make_client() with a transport of the caller's choice.
[[nodiscard]] Result<std::unique_ptr<Client>> make_client_over(TransportFactory factory,
                                                               ClientConfig config, Clock& clock);

/// make_user_client() with a transport of the caller's choice.
[[nodiscard]] Result<std::unique_ptr<Client>> make_client_over(TransportFactory factory,
                                                               UserConfig user, Clock& clock);

}  // namespace rt::kube
