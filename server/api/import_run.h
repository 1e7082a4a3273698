// One import: a file is read beside the market, its rows are checked and saved on the market thread
// in slices, as ordinary requests of its sender.
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

// What of a request tells who sends it, for as long as the import goes on.
struct ImportSender {
  explicit ImportSender(const Identity& who, const Credentials& with);
  Credentials credentials() const;

  Identity identity;
  std::string authorization, cookie, acting, origin, host, address;
  bool secure = false;
};

// For the market thread. What it was given outlives it.
class ImportRun : public std::enable_shared_from_this<ImportRun> {
 public:
  ImportRun(boost::asio::io_context& context, Runtime& runtime, Gate& gate, Beside& beside,
            std::uint64_t id, ImportOrder order, ImportSender sender);

  // Calls ended() when it is done, later.
  void start(std::function<void()> ended);

  bool has_ended() const { return ended_at_ != 0; }
  std::uint64_t account() const { return sender_.identity.actor.account_id(); }
  std::uint64_t id() const { return id_; }
  // Without results.
  pb::Import summary() const;
  // Adds what the file has, and which columns it may have.
  void add_layout(pb::Import& into) const;
  // Adds the results of the items from `first` on, at most `most`, of that outcome where one is
  // given; returns where the next page begins, or nothing at the end.
  std::optional<std::size_t> add_results(std::size_t first, std::size_t most,
                                         std::optional<pb::ImportOutcome> outcome,
                                         pb::Import& into) const;

 private:
  // Steps that are taken in slices, one after another, a bounded number between two looks at the
  // sender's access and limits.
  struct Walk {
    std::size_t count = 0;
    std::size_t at_once = 0;
    bool changes = false;  // each step is a change, which the sender's limit of changes counts
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
  void save_rows();
  void follow_up();
  void end(pb::ImportState state);
  void refuse_all(pb::ImportState state, const Refusal& refusal);

  void read_row(std::size_t place);
  void check_row(std::size_t place);
  void leave_out_orphan(std::size_t place);
  void save_row(std::size_t place);
  void finish_party(std::size_t place);
  bool is_repeated(ImportItem& item) const;
  void set(ImportItem& item, pb::ImportOutcome outcome);
  void refuse(ImportItem& item, const Refusal& refusal);
  std::vector<const pb::Request*> areas_above(std::size_t place) const;
  Result<Applied> apply(const pb::Request& request, const std::string& answer_key);

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
  std::function<void()> ended_;

  pb::ImportState state_ = pb::IMPORT_STATE_WAITING;
  std::optional<Refusal> refusal_;  // of the whole file
  ImportFile file_;
  TimeZone zone_;
  pb::Taxonomy words_;
  SheetContext context_of_cells_{zone_, words_};
  std::optional<ImportRows> rows_;
  std::vector<std::unique_ptr<pb::Request>> requests_;  // by place; nothing for what needs none
  std::vector<ImportItem> items_;                       // by their place in the file
  std::array<std::vector<std::size_t>, 6> by_level_;  // places; areas by level, others in the first
  std::vector<std::size_t> in_order_;   // places, so that areas come before what lies in them
  std::vector<std::size_t> to_save_;    // places of what is ready, in that order
  std::vector<std::size_t> to_finish_;  // places of parties with something left to do
  std::map<std::uint64_t, std::size_t> area_at_;  // by code, its place
  enum class Parents : std::uint8_t { kNotKnown, kThere, kMissing };
  std::vector<Parents> parents_;  // of parties, by place: whether those above it in the file are
  std::array<std::uint64_t, pb::ImportOutcome_ARRAYSIZE> counts_{};  // items by outcome
  std::uint64_t ready_changes_ = 0;                                  // of those that are ready
  Walk walk_;
};

}  // namespace qiao
