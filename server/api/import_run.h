// One import: the file is parsed outside the market thread; its rows are checked and saved on the
// market thread in slices, as ordinary requests of the sender.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qiao/v1/import.pb.h"
#include "server/access/gate.h"
#include "server/api/import_rows.h"
#include "server/background/beside.h"
#include "server/runtime/runtime.h"

namespace qiao {

// The sender's identity and credentials, stored while the import runs.
struct ImportSender {
  explicit ImportSender(const Identity& who, const Credentials& with);
  Credentials credentials() const;

  Identity identity;
  std::string authorization, cookie, acting, origin, host, address;
  bool secure = false;
};

// Used on the market thread. The arguments of the constructor must outlive it.
class ImportRun : public std::enable_shared_from_this<ImportRun> {
 public:
  ImportRun(boost::asio::io_context& context, Runtime& runtime, Gate& gate, Beside& beside,
            std::uint64_t id, ImportOrder order, ImportSender sender);

  // Calls checked() when it has been read and checked, never before start() returns. After that it
  // saves rows, and mostly waits for the rate of its sender.
  void start(std::function<void()> checked);

  bool has_ended() const { return ended_at_ != 0; }
  const ImportSender& sender() const { return sender_; }
  std::uint64_t account() const { return sender_.identity.actor.account_id(); }
  std::uint64_t id() const { return id_; }
  // The import without its results.
  pb::Import summary() const;
  // Adds what the file contains, and the columns that it may have.
  void add_layout(pb::Import& into) const;
  // Adds at most `most` results, beginning at item `first`, of that outcome if one is given.
  // Returns where the next page begins, or nothing at the end.
  std::optional<std::size_t> add_results(std::size_t first, std::size_t most,
                                         std::optional<pb::ImportOutcome> outcome,
                                         pb::Import& into) const;

 private:
  // Steps that run in slices, in order; the sender's access and limits are checked again after each
  // `at_once` steps.
  struct Walk {
    std::size_t count = 0;
    std::size_t at_once = 0;
    bool changes = false;  // each step counts as a write in the rate limits
    std::function<void(std::size_t)> step = {};
    std::function<void()> done = {};
    std::size_t at = 0;
  };
  void walk(Walk walk);
  void take_steps();
  void wait(std::chrono::seconds time);
  std::optional<std::chrono::seconds> time_to_wait(std::size_t changes);
  bool access_holds();

  void on_read(Result<ImportFile> file);
  void find_areas();
  void find_parties();
  void read_rows();
  void check_rows();
  void after_check();
  void leave_place();
  void save_rows();
  void follow_up();
  void end(pb::ImportState state);
  void refuse_all(pb::ImportState state, const Refusal& refusal);

  void read_row(std::size_t place);
  void check_row(std::size_t place);
  Status check_parent_in_file(std::size_t place) const;
  void leave_out_orphan(std::size_t place);
  void save_row(std::size_t place);
  void finish_party(std::size_t place);
  bool is_repeated(ImportItem& item) const;
  void set(ImportItem& item, pb::ImportOutcome outcome);
  void refuse(ImportItem& item, const Refusal& refusal);
  std::vector<const pb::Request*> areas_above(std::size_t place) const;
  Result<Applied> apply(const pb::Request& request, const std::string& response_key);

  boost::asio::io_context& context_;
  Runtime& runtime_;
  Gate& gate_;
  Beside& beside_;
  boost::asio::steady_timer timer_{context_};
  const std::uint64_t id_;
  const std::int64_t created_at_;
  std::int64_t ended_at_ = 0;
  ImportOrder order_;
  ImportSender sender_;
  std::function<void()> checked_;  // empty once it was called

  pb::ImportState state_ = pb::IMPORT_STATE_WAITING;
  std::optional<Refusal> refusal_;  // of the whole file
  ImportFile file_;
  TimeZone zone_;
  pb::Taxonomy words_;
  SheetContext context_of_cells_{zone_, words_};
  std::optional<ImportRows> rows_;
  std::vector<std::unique_ptr<pb::Request>> requests_;  // by index; null if none is needed
  std::vector<ImportItem> items_;                       // by index in the file
  std::array<std::vector<std::size_t>, 6> by_level_;    // indices; areas by level, others in [0]
  std::vector<std::size_t> in_order_;   // indices; areas before the areas and rows in them
  std::vector<std::size_t> to_save_;    // indices of the items that are ready, in that order
  std::vector<std::size_t> to_finish_;  // indices of parties that need another command
  std::map<std::uint64_t, std::size_t> area_at_;  // from the code to the index
  enum class Parents : std::uint8_t { kNotKnown, kThere, kMissing };
  std::vector<Parents> parents_;  // by index: whether a party's parents in the file are imported
  std::array<std::uint64_t, pb::ImportOutcome_ARRAYSIZE> counts_{};  // items by outcome
  std::uint64_t ready_changes_ = 0;                                  // of those that are ready
  Walk walk_;
};

}  // namespace qiao
