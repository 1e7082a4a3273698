// Readers of the watch feed, and the check of what they receive: of each event what View shows the
// reader at that moment, each once, in order, without a gap; nothing after the reader's rights have
// ended: its account was disabled or changed, its session or token revoked, its person removed, or
// its organiser moved to another area.
//
// The check has a State of its own, which is folded from the journal up to the feed's Tail, and
// asks View on it; the feed itself knows only events and Relations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/rows/state.h"
#include "server/api/watch.h"
#include "tools/swarm/ledger.h"
#include "tools/swarm/shown.h"

namespace qiao::swarm {

class FeedReaders {
 public:
  // `goes_on`: a planted mistake, a feed that does not end when the rights have ended.
  FeedReaders(std::size_t readers, bool goes_on, Ledger& ledger);

  // An event that is on disk. Those that were folded before are left out.
  void fold(Seq seq, std::string_view bytes);

  // How a reader reads.
  struct Options {
    WatchFilter filter;
    bool from_now = false;  // else where it read last
    bool binary = false;
  };
  // Begins to read. `applied`: the market's state, which may be ahead of the tail. A filter that
  // names a hidden row is refused.
  void open(std::size_t reader, const Identity& identity, const State& applied, Tail& tail,
            Options options);
  bool is_open(std::size_t reader) const { return readers_[reader].watch != nullptr; }
  // Reads everything available. A reader that has ended is closed.
  void read(std::size_t reader);
  void close(std::size_t reader) { readers_[reader].watch.reset(); }
  void close_all();
  // At the end, when all that is on disk has been folded.
  void finish();

  struct Counts {
    std::uint64_t events = 0;  // read and found to be what View shows
    std::uint64_t ended = 0;   // feeds, because the rights had ended
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Row {
    pb::Event::RowCase kind;
    std::uint64_t id;
    friend bool operator==(const Row&, const Row&) = default;
  };
  struct RowHash {
    std::size_t operator()(const Row& row) const { return row.id * 31 + row.kind; }
  };
  // An event, without its row.
  struct What {
    Row row;
    pb::EventKind kind;
    AreaCode area;
    PartyId party;
    NeedId need;
  };
  struct Reader {
    std::unique_ptr<Watch> watch;
    Reach reach;
    WatchFilter filter;
    bool binary = false;
    Tail* tail = nullptr;
    Seq last = 0;     // all up to it was read or is hidden from this reader
    Seq opened = 0;   // the end of the tail then
    Seq applied = 0;  // the end of the market's journal then
  };
  using Events = std::unordered_map<Seq, pb::Event>;
  // Nothing if the feed ended or broke a promise.
  bool read_into(std::size_t reader, Events& events);
  bool parse(const Reader& reader, const std::string& text, pb::Event& event);
  bool wants(const WatchFilter& filter, const What& what) const;
  void compare(std::size_t reader, const Events& events);
  void ended(std::size_t reader);
  void watch_again(Reader& reader);
  bool ground_is_gone(const Reader& reader) const;
  bool ground_was_touched(const Reader& reader) const;
  Seq newest(pb::Event::RowCase kind, std::uint64_t id) const;
  std::string name(std::size_t reader) const;

  bool goes_on_;
  Ledger& ledger_;
  State state_;
  std::vector<What> events_;  // by seq - 1
  std::unordered_map<Row, Seq, RowHash> newest_;
  std::unordered_set<Row, RowHash> erasures_to_come_;
  Seq newest_area_ = 0;
  Seq newest_party_ = 0;
  std::vector<Reader> readers_;
  Counts counts_;
};

}  // namespace qiao::swarm
