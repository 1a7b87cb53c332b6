#pragma once

#include <functional>

namespace rt::test {

/// Whether `holds` becomes true, which other threads bring about; `meanwhile` (a fake clock that is
/// moved, say) runs between two looks. Gives up after 60 s of real time, which only a broken
/// program reaches. The one place where tests wait for real.
[[nodiscard]] bool eventually(std::function<bool()> const& holds,
                              std::function<void()> const& meanwhile = {});

/// Gives other threads a moment to go on. For where there is nothing to look at: a test must hold
/// whether or not they did.
void give_way();

}  // namespace rt::test
