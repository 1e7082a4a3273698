// What becomes of the rows of an import: each thing of the file is compared with the one that is
// there, and becomes a request, or a refusal.
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

// A thing of the file.
struct ImportItem {
  std::vector<std::uint32_t> rows = {};  // their numbers
  std::string name = {};
  pb::ImportOutcome outcome = pb::IMPORT_OUTCOME_UNSPECIFIED;
  std::uint64_t id = 0;
  // Of a refused one: why, the column, and the row.
  std::optional<Refusal> refusal = {};
  std::string column = {};
  std::uint32_t refused_row = 0;
  // Whether it changes a thing that is there.
  bool changes = false;
  // Of one that is to be made or changed.
  std::unique_ptr<pb::Request> request = {};
  std::string answer_key = {};  // under which what is made is kept; empty: nothing is made
  // A party: the place of the one in the file that it belongs to, and whether it is not to be
  // matched.
  std::optional<std::size_t> parent = {};
  bool suspend = false;
};

// For the market thread. The order, the file, the context and the gate outlive it.
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

  // Reads the next thing of the file.
  ImportItem read(std::size_t place);
  // Masked values that were left out so far.
  std::uint64_t masked() const { return masked_; }
  // Refuses an item for what was said of its request.
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
  std::string answer_key(const std::string& content);
  bool is_empty_database() const;

  const ImportOrder& order_;
  const Sheet& sheet_;
  const ImportFile& file_;
  const SheetContext& context_;
  const Gate& gate_;
  const Identity& identity_;
  // Things of the file by their keys and by the numbers that they have in it: their first rows.
  RowOfKey row_of_key_;
  RowOfKey row_of_number_;
  // How often each content has been in the file, by its digest.
  std::map<SecretHash, std::uint64_t> repeats_;
  std::uint64_t masked_ = 0;
};

}  // namespace qiao
