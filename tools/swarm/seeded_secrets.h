// Random bytes that are the same in a replay.
#pragma once

#include <cstdint>

namespace qiao::swarm {

// From here on libsodium's randomness of this thread comes from the seed, so that sealed values are
// the same in a replay.
void seed_secrets(std::uint64_t seed);

}  // namespace qiao::swarm
