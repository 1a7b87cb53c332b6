#include "operator/publish/rotation.hpp"

namespace rt::op::publish {

RotationStep next_step(CertificateState const& state, WallTime now) {
    bool const usable =
        state.not_before && state.not_after && state.leaf_matches && now < *state.not_after;
    if (!usable) {
        return RotationStep::Create;
    }
    if (state.staged) {
        bool const waited = state.staged_at && now >= *state.staged_at + staging_time;
        // An unreadable time would wait for ever; the bundle being live is what matters.
        return state.bundle_published && (waited || !state.staged_at) ? RotationStep::Promote
                                                                      : RotationStep::Keep;
    }
    if (state.bundle_size > 1) {
        bool const waited = !state.promoted_at || now >= *state.promoted_at + overlap_time;
        return waited ? RotationStep::DropOld : RotationStep::Keep;
    }
    auto const life = *state.not_after - *state.not_before;
    return now >= *state.not_before + life * 2 / 3 ? RotationStep::Stage : RotationStep::Keep;
}

}  // namespace rt::op::publish
