// Compares each item of an import with the current row and makes a request or a refusal of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qiao/v1/import.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/access/gate.h"
#include "server/api/import_file.h"

namespace qiao {

// An item of the file.
struct ImportItem {
  std::vector<std::uint32_t> rows = {};  // row numbers
  std::string name = {};
  pb::ImportOutcome outcome = pb::IMPORT_OUTCOME_UNSPECIFIED;
  std::uint64_t id = 0;
  // If refused: the reason, the column and the row.
  std::optional<Refusal> refusal = {};
  std::string column = {};
  std::uint32_t refused_row = 0;
  // Whether it changes an existing row.
  bool changes = false;
  // If it is to be created or changed.
  std::unique_ptr<pb::Request> request = {};
  std::string response_key = {};  // idempotency key of a creation; otherwise empty
  // For a party: the index of its parent in the file, and whether it is to be suspended.
  std::optional<std::size_t> parent = {};
  bool suspend = false;
};

// Used on the market thread. The order, the file, the context and the gate must outlive it.
class ImportRows {
 public:
  ImportRows(const ImportOrder& order, const ImportFile& file, const SheetContext& context,
             const Gate& gate, const Identity& identity)
      : order_(order),
        sheet_(*order.sheet),
        file_(file),
        context_(context),
        gate_(gate),
        identity_(identity) {}

  // Reads the item at that index.
  ImportItem read(std::size_t place);
  // The number of masked values left out so far.
  std::uint64_t masked() const { return masked_; }
  // Refuses an item because its request was refused.
  void refuse_item(ImportItem& item, const Refusal& refusal) const;

 private:
  void read_cells(std::size_t place, ImportItem& item);
  void read_json(std::size_t place, ImportItem& item);
  std::unique_ptr<google::protobuf::Message> existing(std::uint64_t id) const;
  void keep_what_has_no_column(const std::vector<Cells>& now, std::vector<Cells>& rows) const;
  void decide(ImportItem& item, const google::protobuf::Message* known,
              google::protobuf::Message& before, google::protobuf::Message& after,
              const std::string& content);
  void make(ImportItem& item, google::protobuf::Message& thing, const std::string& content);
  void leave_out_masked(google::protobuf::Message& thing);
  // Refuses an item whose key an earlier one of the file has, and returns whether it did.
  using RowOfKey = std::map<std::string, std::uint32_t>;
  bool refuse_second(RowOfKey& rows, const std::string& key, const char* column,
                     ImportItem& item) const;
  std::string response_key(const std::string& content);
  bool is_empty_database() const;

  const ImportOrder& order_;
  const Sheet& sheet_;
  const ImportFile& file_;
  const SheetContext& context_;
  const Gate& gate_;
  const Identity& identity_;
  // The first rows in the file of the items with a key, and with a number in the file.
  RowOfKey row_of_key_;
  RowOfKey row_of_number_;
  // The number of items with the same content so far, by digest.
  std::map<SecretHash, std::uint64_t> repeats_;
  std::uint64_t masked_ = 0;
};

}  // namespace qiao
