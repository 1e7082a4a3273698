// Checks whether every file of the database can be read completely.
#include <rocksdb/db.h>

#include "engine/rows/invariants.h"
#include "qiao/v1/clearing.pb.h"
#include "server/store/scan.h"
#include "server/store/status.h"
#include "server/store/store.h"

namespace qiao {
namespace {

template <class Message>
bool parses(std::string_view bytes) {
  Message message;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// An answer behind its time, or what says at which time there was one.
bool good_answer(std::string_view key, std::string_view value) {
  if (key.starts_with(kByTime)) return value.empty() && key.size() >= kByTime.size() + 8;
  return value.size() >= 8 && parses<pb::StoredResponse>(value.substr(8));
}

bool good_clearing(std::string_view key, std::string_view value) {
  if (key.size() != kClearingKeySize) return false;
  switch (static_cast<ClearingPart>(key.back())) {
    case ClearingPart::kSummary:
      return parses<pb::Clearing>(value);
    case ClearingPart::kFills:
      return parses<pb::KeptFills>(value);
    case ClearingPart::kProposals:
      return parses<pb::KeptProposals>(value);
    case ClearingPart::kProgress:
      return parses<pb::KeptProgress>(value);
  }
  return false;
}

}  // namespace

StoreResult<std::vector<std::string>> Store::check_tables() const {
  std::vector<std::string> findings;
  rocksdb::ReadOptions options = scan_options();
  options.fill_cache = false;
  // Includes rows hidden by newer versions, filters and indexes.
  const auto status = db_->VerifyChecksum(options);
  if (!status.ok()) return error("cannot read " + path_, status, "无法读取" + path_);
  for (auto* family : handles_) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::string_view key = it->key().ToStringView();
      // Older formats stored responses in another form; the first start removes them.
      const bool good =
          (family != dedup_ || !chained_ || good_answer(key, it->value().ToStringView())) &&
          (family != clearing_ || good_clearing(key, it->value().ToStringView()));
      if (good || findings.size() >= kMaxBreaches) continue;
      findings.push_back(family->GetName() + ": a row of " + std::to_string(key.size()) + " and " +
                         std::to_string(it->value().size()) + " bytes cannot be read");
    }
    if (it->status().ok()) continue;
    return error("cannot read the table " + family->GetName() + " in " + path_, it->status(),
                 "无法读取" + path_ + "中的表" + family->GetName());
  }
  return findings;
}

}  // namespace qiao
