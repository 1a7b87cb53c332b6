#include "lib/http/server_ledger.hpp"

namespace rt::http {

ServerLedger::Verdict ServerLedger::connect(PeerKey const& peer) {
    std::lock_guard const lock(mutex_);
    if (total_.connections >= limits_.connections_max) {
        return Verdict::TooMany;
    }
    Held& held = peers_[peer];
    if (held.connections >= limits_.connections_per_peer_max) {
        forget_if_unused(peer, held);
        return Verdict::TooManyFromPeer;
    }
    ++held.connections;
    ++total_.connections;
    return Verdict::Admitted;
}

void ServerLedger::disconnect(PeerKey const& peer) {
    std::lock_guard const lock(mutex_);
    Held& held = peers_[peer];
    --held.connections;
    --total_.connections;
    forget_if_unused(peer, held);
    if (total_.connections == 0) {
        none_left_.notify_all();
    }
}

ServerLedger::Verdict ServerLedger::suspend(PeerKey const& peer) {
    std::lock_guard const lock(mutex_);
    if (total_.suspended >= limits_.suspended_max) {
        return Verdict::TooMany;
    }
    Held& held = peers_[peer];
    if (held.suspended >= limits_.suspended_per_peer_max) {
        forget_if_unused(peer, held);
        return Verdict::TooManyFromPeer;
    }
    ++held.suspended;
    ++total_.suspended;
    return Verdict::Admitted;
}

void ServerLedger::resume(PeerKey const& peer) {
    std::lock_guard const lock(mutex_);
    Held& held = peers_[peer];
    --held.suspended;
    --total_.suspended;
    forget_if_unused(peer, held);
}

bool ServerLedger::begin_handshake() {
    if (handshakes_.fetch_add(1) >= limits_.handshakes_max) {
        handshakes_.fetch_sub(1);
        return false;
    }
    return true;
}

bool ServerLedger::charge(std::size_t bytes) {
    std::size_t const before = body_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes > limits_.body_bytes_in_flight_max) {
        release(bytes);
        return false;
    }
    return true;
}

std::size_t ServerLedger::connections() const {
    std::lock_guard const lock(mutex_);
    return total_.connections;
}

bool ServerLedger::wait_until_no_connections(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return none_left_.wait_for(lock, limit, [this] { return total_.connections == 0; });
}

void ServerLedger::forget_if_unused(PeerKey const& peer, Held const& held) {
    if (held.connections == 0 && held.suspended == 0) {
        peers_.erase(peer);
    }
}

}  // namespace rt::http
