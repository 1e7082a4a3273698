// The descriptors of proto/ with their comments, as written by protoc, embedded in the program.
#include "server/api/descriptors.h"

asm(".section .rodata\n"
    ".balign 16\n"
    "qiao_descriptors_begin:\n"
    ".incbin \"" QIAO_DESCRIPTORS
    "\"\n"
    "qiao_descriptors_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char qiao_descriptors_begin[];
extern const char qiao_descriptors_end[];
}

namespace qiao {

std::string_view descriptor_set() {
  return {qiao_descriptors_begin,
          static_cast<std::size_t>(qiao_descriptors_end - qiao_descriptors_begin)};
}

}  // namespace qiao
