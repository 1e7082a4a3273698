// Verifies a database: tables, chain, journal and rows.
#include <sodium.h>

#include <array>

#include "engine/rows/invariants.h"
#include "server/store/store.h"

namespace qiao {
namespace {

// Two sets of entries of the audit's index are equal if their digests are: a sum of hashes under a
// key that nobody knows beforehand, so that no order matters and no entry can be chosen to fit.
class IndexDigest {
 public:
  IndexDigest() { crypto_shorthash_keygen(key_.data()); }
  // Of no entries yet, under the same key.
  IndexDigest empty() const {
    IndexDigest other = *this;
    other.sum_ = other.count_ = 0;
    return other;
  }
  void add(std::string_view entry) {
    std::uint64_t hash = 0;
    static_assert(sizeof hash == crypto_shorthash_BYTES);
    crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                     reinterpret_cast<const unsigned char*>(entry.data()), entry.size(),
                     key_.data());
    sum_ += hash;
    ++count_;
  }
  std::uint64_t count() const { return count_; }
  bool operator==(const IndexDigest& other) const {
    return sum_ == other.sum_ && count_ == other.count_;
  }

 private:
  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_{};
  std::uint64_t sum_ = 0;
  std::uint64_t count_ = 0;
};

// Whether the audit finds every event by its object and by its account.
StoreResult<std::vector<std::string>> compare_index(const Store& store,
                                                    const IndexDigest& expected) {
  IndexDigest found = expected.empty();
  if (!store.has_audit_index()) return std::vector<std::string>{};
  QIAO_TRY(store.read_audit_index([&](std::string_view entry) { found.add(entry); }));
  if (found == expected) return std::vector<std::string>{};
  return std::vector<std::string>{"audit: its index has " + std::to_string(found.count()) +
                                  " entries, which are not the " +
                                  std::to_string(expected.count()) + " of the journal"};
}

StoreResult<std::vector<std::string>> compare_rows(Store& store,
                                                   const Market::MatcherFactory& make_matcher,
                                                   const std::function<void(Seq, Seq)>& progress) {
  std::vector<std::string> findings;
  Market loaded(make_matcher);
  QIAO_TRY(store.load(loaded));
  for (std::string& breach : check_invariants(loaded.state()))
    findings.push_back("rows: " + breach);

  Market refolded(make_matcher);
  IndexDigest entries;
  Seq expected = 1;
  const Seq last = store.last_seq();
  pb::Event event;
  QIAO_TRY(store.read_journal(0, last, [&](Seq seq, std::string_view bytes) {
    if (seq != expected) {
      findings.push_back("journal: event " + std::to_string(expected) + " is missing");
      return false;
    }
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || event.seq() != seq ||
        event.row_case() == pb::Event::ROW_NOT_SET) {
      findings.push_back("journal: event " + std::to_string(seq) + " cannot be read");
      return false;
    }
    refolded.fold(event);
    for (const std::string& entry : Store::audit_entries(event)) entries.add(entry);
    if (++expected % 10'000 == 0) progress(seq, last);
    return true;
  }));
  progress(last, last);
  if (!findings.empty()) return findings;
  for (std::string& breach : check_invariants(refolded.state()))
    findings.push_back("journal: " + breach);
  QIAO_TRY(const auto index, compare_index(store, entries));
  findings.insert(findings.end(), index.begin(), index.end());
  if (digest(loaded.state()) == digest(refolded.state())) return findings;
  // Say which rows differ.
  const std::size_t before = findings.size();
  auto compare = [&](const char* kind, const auto& rows, const auto& again) {
    if (rows.size() != again.size()) {
      findings.push_back(std::string(kind) + ": " + std::to_string(rows.size()) +
                         " rows, but the journal gives " + std::to_string(again.size()));
    }
    for (Slot s = 0; s < again.size() && findings.size() < kMaxBreaches; ++s) {
      const Slot other = rows.find(again[s].id);
      const std::string name = std::string(kind) + " " + std::to_string(again[s].id.value());
      if (other == kNoSlot) {
        findings.push_back(name + ": the journal has it, the rows do not");
      } else if (rows[other].bytes.view() != again[s].bytes.view()) {
        findings.push_back(name + ": the row differs from the journal");
      }
    }
  };
  const State& a = loaded.state();
  const State& b = refolded.state();
  for_each_keyed([&](auto kind) { compare(kind.kName, a.rows(kind), b.rows(kind)); });
  if (findings.size() == before)
    findings.push_back("taxonomy, policy or derived values differ from the journal");
  return findings;
}

}  // namespace

StoreResult<std::vector<std::string>> verify(Store& store,
                                             const Market::MatcherFactory& make_matcher,
                                             const std::function<void(Seq, Seq)>& progress) {
  QIAO_TRY(auto findings, store.check_tables());
  QIAO_TRY(const auto broken, store.check_chain(progress));
  findings.insert(findings.begin(), broken.begin(), broken.end());
  if (!store.missing().empty() && !store.lost_mark())
    findings.insert(findings.begin(), store.missing());
  // The effect of an altered event cannot be compared.
  if (findings.empty()) {
    QIAO_TRY(findings, compare_rows(store, make_matcher, progress));
  }
  if (store.lost_mark()) findings.insert(findings.begin(), store.missing());
  return findings;
}

}  // namespace qiao
