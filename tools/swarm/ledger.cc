#include "tools/swarm/ledger.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/store/store.h"
#include "tools/swarm/shown.h"

namespace qiao::swarm {
namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

// A match in one of these states holds units of the line and of the offer.
bool holds(pb::MatchState state) {
  return state >= pb::MATCH_STATE_PROPOSED && state <= pb::MATCH_STATE_VERIFIED;
}

std::string say(const Operation& o) {
  return "operation " + std::to_string(o.number) + " (" + o.method + " " + o.target +
         (o.key.empty() ? "" : ", key " + o.key) + ", sent " + std::to_string(o.sent) + " times)";
}

template <class Map>
void erase_pair(Map& map, std::uint64_t key, std::uint64_t value) {
  for (auto [it, end] = map.equal_range(key); it != end; ++it) {
    if (it->second == value) {
      map.erase(it);
      return;
    }
  }
}

std::uint64_t version_in(const std::string& etag) {
  std::uint64_t version = 0;
  if (etag.size() > 2) std::from_chars(etag.data() + 1, etag.data() + etag.size() - 1, version);
  return version;
}

}  // namespace

void Ledger::mix(std::string_view text) { mix(hash_of(text)); }

void Ledger::fail(const std::string& promise, const std::string& what) {
  if (breach_.empty()) breach_ = promise + ": " + what;
}

void Ledger::on_disk(std::string_view bytes) {
  pb::Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (event.seq() != written_.size() + 1) {
    return fail("feed", "event " + std::to_string(event.seq()) + " follows " +
                            std::to_string(written_.size()));
  }
  if (event.kind() == pb::EVENT_KIND_PERSONAL_ERASED)
    erased_[{event.row_case(), key_of(event)}] = event.seq();
  fold(event);
  Written w{hash_of(bytes), 0, event.row_case(), key_of(event)};
  empty_personal(event);
  w.emptied = hash_of(event.SerializeAsString());
  written_.push_back(w);
  mix(w.hash);
  decide(event.seq());
}

void Ledger::compare(Seq seq, std::string_view bytes) {
  if (seq == 1) {
    compared_ = 0;
    whole_.clear();
    emptied_.clear();
  }
  if (seq != compared_ + 1) {
    fail("durability", "event " + std::to_string(seq) + " follows " + std::to_string(compared_) +
                           " in the journal");
  }
  compared_ = seq;
  if (seq > written_.size()) return on_disk(bytes);
  const Written& was = written_[seq - 1];
  const std::uint64_t hash = hash_of(bytes);
  if (hash != was.hash && hash != was.emptied)
    return fail("durability",
                "event " + std::to_string(seq) + " is not what it was before the crash");
  if (was.hash != was.emptied) (hash == was.hash ? whole_ : emptied_).push_back(seq);
}

// After the whole journal has been read, so that every erasure is known.
void Ledger::compare_erased() {
  const auto erased_after = [&](Seq seq) {
    const Written& w = written_[seq - 1];
    const auto it = erased_.find({w.row, w.row_id});
    return it != erased_.end() && it->second > seq;
  };
  for (const Seq seq : whole_) {
    if (erased_after(seq))
      fail("erasure", "event " + std::to_string(seq) + " still shows what was erased later");
  }
  for (const Seq seq : emptied_) {
    if (!erased_after(seq))
      fail("durability",
           "event " + std::to_string(seq) + " lost its personal data, which nobody erased");
  }
}

void Ledger::compared(Seq last) {
  if (last < written_.size())
    fail("durability", "the journal ends with event " + std::to_string(last) + ", but " +
                           std::to_string(written_.size()) + " was on the feed before the crash");
  compare_erased();
  if (last < told_)
    fail("durability", "the journal ends with event " + std::to_string(last) +
                           ", but somebody was told of " + std::to_string(told_));
}

std::int64_t Ledger::missing(std::uint64_t need, std::uint32_t line) const {
  const auto n = needs_.find(need);
  if (n == needs_.end() || line == 0 || line > static_cast<std::uint32_t>(n->second.lines_size()))
    return 0;
  std::int64_t left = n->second.lines(static_cast<int>(line) - 1).quantity();
  for (auto [it, end] = held_by_need_.equal_range(need); it != end; ++it) {
    const Held& h = held_.at(it->second);
    if (h.line == line) left -= h.quantity;
  }
  return left;
}

std::int64_t Ledger::free(std::uint64_t offer, std::int64_t start, std::int64_t end) const {
  const auto o = offers_.find(offer);
  if (o == offers_.end()) return 0;
  const bool stock = o->second.has_stock();
  const std::int64_t all = stock ? o->second.stock().quantity() : o->second.time().capacity();
  std::int64_t given = 0;
  std::int64_t most = 0;
  for (auto [it, last] = held_by_offer_.equal_range(offer); it != last; ++it) {
    const Held& h = held_.at(it->second);
    given += h.quantity;
    // The highest booking is at the start of some booking, or of the window.
    const std::int64_t at = std::max(h.start, start);
    if (h.start >= end || h.end <= start) continue;
    std::int64_t then = 0;
    for (auto [other, other_last] = held_by_offer_.equal_range(offer); other != other_last;
         ++other) {
      const Held& b = held_.at(other->second);
      if (b.start <= at && at < b.end) then += b.quantity;
    }
    most = std::max(most, then);
  }
  return all - (stock ? given : most);
}

void Ledger::fold(const pb::Event& e) {
  if (e.has_need()) needs_[e.need().id()] = e.need();
  if (e.has_offer()) offers_[e.offer().id()] = e.offer();
  if (!e.has_match()) return;
  const pb::Match& m = e.match();
  const bool held = held_.contains(m.id());
  if (holds(m.state()) && !held) {
    held_[m.id()] = {m.need_id(),  m.offer_id(),       m.line(),
                     m.quantity(), m.window().start(), m.window().end()};
    held_by_need_.emplace(m.need_id(), m.id());
    held_by_offer_.emplace(m.offer_id(), m.id());
    if (missing(m.need_id(), m.line()) < 0)
      fail("capacity", "event " + std::to_string(e.seq()) + ": need " +
                           std::to_string(m.need_id()) + " line " + std::to_string(m.line()) +
                           " holds more than it asks for");
    if (free(m.offer_id(), m.window().start(), m.window().end()) < 0)
      fail("capacity", "event " + std::to_string(e.seq()) + ": offer " +
                           std::to_string(m.offer_id()) + " gives more than it has");
  } else if (!holds(m.state()) && held) {
    held_.erase(m.id());
    erase_pair(held_by_need_, m.need_id(), m.id());
    erase_pair(held_by_offer_, m.offer_id(), m.id());
  }
}

void Ledger::refused(const Operation& o, std::string_view json, Seq seq) {
  if (o.need == 0 || o.offer == 0) return;
  pb::Problem problem;
  if (!from_json(json, problem))
    return fail("answers",
                say(o) + " was refused in words that cannot be read: " + std::string(json));
  Doubt doubt{o.number, o.need, o.offer, o.line, std::nullopt};
  if (problem.code() == "match.too_much") {
    // "quantity too large: at most 3 at present"
    const std::string& words = problem.en();
    const auto digit = words.find_first_of("0123456789");
    std::int64_t most = -1;
    if (digit != std::string::npos)
      std::from_chars(words.data() + digit, words.data() + words.size(), most);
    doubt.at_most = most;
  } else if (problem.code() != "line.full") {
    return;
  }
  doubts_.emplace(seq, doubt);
  if (seq == written_.size()) decide(seq);
}

void Ledger::decide(Seq seq) {
  for (auto it = doubts_.begin(); it != doubts_.end() && it->first <= seq; it = doubts_.erase(it)) {
    if (it->first < seq) {
      fail("linearizability", "operation " + std::to_string(it->second.operation) +
                                  " was decided at event " + std::to_string(it->first) +
                                  ", which was on disk already");
      continue;
    }
    const Doubt& d = it->second;
    ++counts_.refusals;
    const std::int64_t line = missing(d.need, d.line);
    const auto need = needs_.find(d.need);
    if (!d.at_most) {
      if (line > 0)
        fail("linearizability", "operation " + std::to_string(d.operation) +
                                    " was told that the line is full when " + std::to_string(line) +
                                    " were missing");
      continue;
    }
    if (need == needs_.end()) {
      fail("linearizability", "operation " + std::to_string(d.operation) +
                                  " was told how much of a need that is not there");
      continue;
    }
    const auto& window = need->second.lines(static_cast<int>(d.line) - 1).window();
    const std::int64_t most = std::min(line, free(d.offer, window.start(), window.end()));
    if (most != *d.at_most)
      fail("linearizability", "operation " + std::to_string(d.operation) + " was told at most " +
                                  std::to_string(*d.at_most) + " when it was " +
                                  std::to_string(most));
  }
}

void Ledger::forget_undecided() { doubts_.clear(); }

void Ledger::sent(Operation& o) {
  o.told_before = told_;
  for (const std::string& title : o.titles) titles_.emplace(title, false);
  if (o.titles.size() > 1) together_.push_back(o.titles);
}

void Ledger::answered(Operation& o, bool after_done, unsigned status, const std::string& etag,
                      const std::string& body, std::int64_t now) {
  ++counts_.answers;
  mix(o.number * 1000 + status);
  const bool changes = o.method != "GET";
  if (changes && after_done && status / 100 != 2) {
    fail("idempotency",
         say(o) + " was done, and refused with " + std::to_string(status) + " then: " + body);
    return;
  }
  if (o.status / 100 == 2) {
    // It was answered before.
    ++counts_.repeats;
    if (changes && status / 100 == 2 && (status != o.status || body != o.answer)) {
      fail("idempotency", say(o) + " was answered " + std::to_string(o.status) + " first and " +
                              std::to_string(status) + " then: " + o.answer + " | " + body);
    }
    return;
  }
  o.status = status;
  o.answer = body;
  o.answered_at = now;
  // Clients also ask for forbidden things, but never with malformed requests.
  if (status >= 500 || status == 401 || status == 404) {
    fail("answers", say(o) + " got " + std::to_string(status) + ": " + body);
    return;
  }
  if (status / 100 != 2) return;
  for (const std::string& title : o.titles) titles_[title] = true;
  const std::uint64_t version = version_in(etag);
  if (version == 0) return;
  told(version);
  std::uint64_t id = o.looks_at;
  if (o.need != 0 && o.offer != 0) {
    pb::Match made;
    if (!from_json(body, made))
      return fail("answers", say(o) + " got a match that cannot be read: " + body);
    id = made.id();
    if (made.need_id() != o.need || made.offer_id() != o.offer)
      fail("answers", say(o) + " got another match: " + body);
    // Everything that any client had been told of before it was sent happened before it.
    ++counts_.claims;
    if (id <= o.told_before)
      fail("linearizability", say(o) + " took effect at event " + std::to_string(id) +
                                  ", before it was sent: somebody had been told of " +
                                  std::to_string(o.told_before));
  } else if (o.titles.size() == 1) {
    pb::Need made;
    if (!from_json(body, made))
      return fail("answers", say(o) + " got a need that cannot be read: " + body);
    id = made.id();
  }
  if (id == 0) return;
  std::uint64_t& newest = versions_[id];
  // A read after a client was told of a change shows at least that change.
  if (!changes && version < newest && newest <= o.told_before) {
    fail("linearizability", say(o) + " saw version " + std::to_string(version) + " of " +
                                std::to_string(id) + " after somebody had been told of " +
                                std::to_string(newest));
  }
  newest = std::max(newest, version);
}

void Ledger::check_rows(const std::function<std::uint64_t(std::uint64_t)>& version,
                        const std::map<std::string, int>& needs_by_title) {
  for (const auto& [id, newest] : versions_) {
    const std::uint64_t now = version(id);
    if (now == 0)
      fail("durability", "row " + std::to_string(id) + " is gone, of which somebody was told");
    if (now < newest)
      fail("durability", "row " + std::to_string(id) + " is of version " + std::to_string(now) +
                             ", but somebody was told of " + std::to_string(newest));
  }
  for (const auto& [title, answered] : titles_) {
    const auto it = needs_by_title.find(title);
    const int count = it == needs_by_title.end() ? 0 : it->second;
    if (count > 1)
      fail("atomicity", "\"" + title + "\" is there " + std::to_string(count) + " times");
    if (answered && count == 0)
      fail("durability", "\"" + title + "\" was answered and is not there");
  }
  for (const auto& titles : together_) {
    const auto there = std::count_if(titles.begin(), titles.end(), [&](const std::string& t) {
      return needs_by_title.contains(t);
    });
    if (there != 0 && there != static_cast<std::ptrdiff_t>(titles.size()))
      fail("atomicity", "of the batch of \"" + titles.front() + "\" only a part is there");
  }
}

}  // namespace qiao::swarm
