#include "tools/swarm/seeded_secrets.h"

#include <sodium.h>

#include "engine/base/random.h"

namespace qiao::swarm {
namespace {

thread_local Random secrets{0};
std::uint32_t secret_number() { return static_cast<std::uint32_t>(secrets.next()); }
void secret_bytes(void* const out, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(secrets.next());
}
const char* secret_source() { return "seeded"; }

}  // namespace

void seed_secrets(std::uint64_t seed) {
  static randombytes_implementation source{secret_source, secret_number, nullptr,
                                           nullptr,       secret_bytes,  nullptr};
  static const int ready = randombytes_set_implementation(&source) + sodium_init();
  static_cast<void>(ready);
  secrets = Random(seed);
}

}  // namespace qiao::swarm
