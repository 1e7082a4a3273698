// What clients know of a market, and the promises that follow from it: the check of a simulation.
// Shares with the engine the protobuf vocabulary, and key_of() which reads it, and nothing else.
//
// Promises that are checked, each with the name under which a violation is reported:
//   durability       what was answered, read or seen on the feed is unchanged after every crash
//   atomicity        a batch is applied completely or not at all; a repeated command once
//   idempotency      a repeated request gets the first response
//   capacity         no line holds more than it asks for, no offer provides more than it has,
//                    at any event
//   linearizability  each claim takes effect at one moment between its sending and its response:
//                    a success is in the journal after everything that was answered before it was
//                    sent; a refusal for lack of room was true when it was decided (Herlihy & Wing
//                    1990; the journal is the witness order)
//   feed             a watcher receives what it may see at that moment, each event once, in order,
//                    without a gap, and nothing after its rights have ended (feed_readers.h)
//   erasure          events of an erased row show no personal data, and those of others show all
//   rights           after a request nobody may do or see more than before without being granted
//                    it (people.h)
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "qiao/v1/event.pb.h"

namespace qiao::swarm {

namespace pb = qiao::v1;

// One request of a client, with every time it was sent.
struct Operation {
  std::uint64_t number = 0;
  std::size_t client = 0;
  std::string method, target, body, key, token;
  // The titles of the needs that it creates, as far as its sender can tell. All of them or none.
  std::vector<std::string> titles = {};
  // For a claim or a dispatch.
  std::uint64_t need = 0;
  std::uint64_t offer = 0;
  std::uint32_t line = 0;
  // For a read: the row.
  std::uint64_t looks_at = 0;
  // The newest event that any client had been told of when it was first sent.
  Seq told_before = 0;
  int sent = 0;
  bool given_up = false;
  // The server has sent the response, whether or not it arrived: from here on it gives no other.
  bool done = false;
  // The response, once there is one.
  unsigned status = 0;
  std::string answer = {};
  std::int64_t answered_at = 0;
};

class Ledger {
 public:
  // The first violation, with its promise's name; empty if there is none.
  const std::string& breach() const { return breach_; }

  // An event on disk, in order: from the feed, or from the journal after a crash.
  void on_disk(std::string_view bytes);
  Seq last_on_disk() const { return written_.size(); }
  // After a crash: the journal again, from the first event on. Nothing that was on disk is missing
  // or different.
  void compare(Seq seq, std::string_view bytes);
  void compared(Seq last);

  // The server refused a claim, having applied everything up to `seq` and nothing else.
  void refused(const Operation& operation, std::string_view problem_json, Seq seq);
  // After a crash, decisions after the last event on disk never happened.
  void forget_undecided();

  // It is about to be sent for the first time.
  void sent(Operation& operation);
  // A client has a response; `after_done`: it was decided when the operation was done already. A
  // refusal changes nothing and is not stored, so an older one may arrive after the success of a
  // later copy.
  void answered(Operation& operation, bool after_done, unsigned status, const std::string& etag,
                const std::string& body, std::int64_t now);
  // A client has seen that event.
  void told(Seq seq) { told_ = std::max(told_, seq); }
  Seq newest_told() const { return told_; }

  // Compares the rows of the market with the promises. version(id): of a need or a match; 0: there
  // is none.
  void check_rows(const std::function<std::uint64_t(std::uint64_t id)>& version,
                  const std::map<std::string, int>& needs_by_title);

  void fail(const std::string& promise, const std::string& what);

  struct Counts {
    std::uint64_t answers = 0;
    std::uint64_t repeats = 0;   // of requests that had been answered before
    std::uint64_t refusals = 0;  // for lack of room, checked against the journal
    std::uint64_t claims = 0;    // placed in the journal's order
  };
  const Counts& counts() const { return counts_; }
  // Of everything that happened: the same for the same seed.
  std::uint64_t fingerprint() const { return fingerprint_; }
  void mix(std::uint64_t value) {
    fingerprint_ = (fingerprint_ ^ value) * 0x9E3779B97F4A7C15ULL + (fingerprint_ >> 29);
  }
  void mix(std::string_view text);

 private:
  struct Held {
    std::uint64_t need, offer;
    std::uint32_t line;
    std::int64_t quantity, start, end;
  };
  struct Doubt {
    std::uint64_t operation, need, offer;
    std::uint32_t line;
    std::optional<std::int64_t> at_most;  // "at most so many now"; none: the line is full
  };
  // An event as it was when it was written to disk.
  struct Written {
    std::uint64_t hash;
    std::uint64_t emptied;  // the hash without personal data
    pb::Event::RowCase row;
    std::uint64_t row_id;
  };
  void compare_erased();
  void fold(const pb::Event& event);
  std::int64_t missing(std::uint64_t need, std::uint32_t line) const;
  // Units that the offer could still give in that window.
  std::int64_t free(std::uint64_t offer, std::int64_t start, std::int64_t end) const;
  void decide(Seq seq);

  std::string breach_;
  std::vector<Written> written_;                                        // events, by seq - 1
  std::map<std::pair<pb::Event::RowCase, std::uint64_t>, Seq> erased_;  // rows, last by that event
  Seq compared_ = 0;  // the last event that was compared after a crash
  // Events with personal data, of those that were compared: the data are present, or absent.
  std::vector<Seq> whole_, emptied_;
  Seq told_ = 0;
  std::map<std::uint64_t, pb::Need> needs_;
  std::map<std::uint64_t, pb::Offer> offers_;
  std::map<std::uint64_t, Held> held_;  // live matches
  std::multimap<std::uint64_t, std::uint64_t> held_by_need_, held_by_offer_;
  std::multimap<Seq, Doubt> doubts_;
  std::map<std::uint64_t, std::uint64_t> versions_;  // newest that anybody was told, by id
  std::map<std::string, bool> titles_;               // by what they were sent with; true: answered
  std::vector<std::vector<std::string>> together_;   // titles that one request makes
  Counts counts_;
  std::uint64_t fingerprint_ = 0x51A0;
};

}  // namespace qiao::swarm
