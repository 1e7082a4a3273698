// Random bytes that are the same in a replay.
#pragma once

#include <cstdint>

namespace qiao::swarm {

// libsodium's randomness of this thread comes from the seed from here on, so that what is sealed is
// the same in a replay.
void seed_secrets(std::uint64_t seed);

}  // namespace qiao::swarm
