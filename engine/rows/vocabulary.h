// The taxonomy indexed: every code as a small number, which is its position in its list and never
// changes.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Skills as bits; 128 is kMaxSkills.
struct SkillMask {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  void set(std::size_t i) { (i < 64 ? low : high) |= std::uint64_t{1} << (i % 64); }
  bool contains(const SkillMask& all) const {
    return (all.low & ~low) == 0 && (all.high & ~high) == 0;
  }
  int count_beyond(const SkillMask& asked) const {
    return __builtin_popcountll(low & ~asked.low) + __builtin_popcountll(high & ~asked.high);
  }
  // A 64-bit signature: a mask that passes the test on signatures may still fail the real one.
  std::uint64_t signature() const { return low | high; }
  friend bool operator==(const SkillMask&, const SkillMask&) = default;
};

enum class WordList : std::uint8_t {
  kCategory,
  kBeneficiary,
  kSkill,
  kCertificate,
  kResource,
  kProgramme
};
inline constexpr std::size_t kWordLists = 6;

// Immutable between changes of the taxonomy.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(pb::Taxonomy taxonomy);

  // Position of a code in its list.
  std::optional<std::uint16_t> find(WordList list, std::string_view code) const {
    const int place = place_of(list, code);
    return place < 0 ? std::nullopt : std::optional(static_cast<std::uint16_t>(place));
  }
  // The entry at a position that find() returned.
  const pb::Term& term(WordList list, std::size_t index) const;
  std::uint32_t certificate_levels(std::size_t index) const;
  const pb::Taxonomy& taxonomy() const { return taxonomy_; }

 private:
  // -1 if it does not exist. Not an optional, which is returned through memory and causes a
  // store-forwarding stall (two bytes and one written, four read).
  int place_of(WordList list, std::string_view code) const;

  pb::Taxonomy taxonomy_;
  // The first eight bytes of a code and the last eight, which overlap in a short code: all of a
  // code of up to sixteen bytes, as most are.
  struct Ends {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    explicit Ends(std::string_view code);
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  // Fast, and good enough for codes, which are short and chosen by the lead.
  struct CodeHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view code) const {
      const Ends ends(code);
      std::uint64_t h = (ends.first ^ code.size()) * 0x9E3779B97F4A7C15ULL;
      h = (h ^ (h >> 32) ^ ends.last) * 0xBF58476D1CE4E5B9ULL;
      return static_cast<std::size_t>(h ^ (h >> 29));
    }
  };
  struct SameCode {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const {
      return a.size() == b.size() && Ends(a) == Ends(b) && (a.size() <= 16 || a == b);
    }
  };
  std::array<boost::unordered_flat_map<std::string, std::uint16_t, CodeHash, SameCode>, kWordLists>
      index_;
};

inline Vocabulary::Ends::Ends(std::string_view code) {
  const char* const end = code.data() + code.size();
  if (code.size() >= 8) {
    std::memcpy(&first, code.data(), 8);
    std::memcpy(&last, end - 8, 8);
  } else if (code.size() >= 4) {
    std::memcpy(&first, code.data(), 4);
    std::memcpy(&last, end - 4, 4);
  } else if (!code.empty()) {
    // Of three bytes the one in the middle, too.
    std::memcpy(&first, code.data(), 1);
    std::memcpy(&last, code.data() + code.size() / 2, 1);
    last = last << 8 | static_cast<unsigned char>(end[-1]);
  }
}

}  // namespace qiao
