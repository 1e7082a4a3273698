#include "tools/swarm/simulation.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <queue>

#include "engine/base/random.h"
#include "engine/rows/invariants.h"
#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/app/empty_city.h"
#include "tools/swarm/disk.h"
#include "tools/swarm/feed_readers.h"
#include "tools/swarm/ledger.h"
#include "tools/swarm/people.h"
#include "tools/swarm/seeded_secrets.h"
#include "tools/swarm/world.h"

namespace qiao::swarm {
namespace {

class World {
 public:
  explicit World(const Plan& plan)
      : plan_(plan),
        random_(plan.seed),
        people_(plan, ledger_),
        readers_(plan.people, plan.planted == Planted::kUnendedFeed, ledger_) {
    seed_secrets(plan.seed);
    disk_.set_lying(plan.planted == Planted::kLyingDisk);
  }

  Verdict run() {
    std::error_code ignored;
    std::filesystem::remove(key_file(), ignored);
    start();
    found_city();
    for (std::size_t c = 0; c < clients_.size(); ++c)
      later(Micros(random_.below(5 * kMinute)), [this, c] { act(c); });
    for (std::size_t w = 0; w < watchers_.size(); ++w)
      later(Micros(random_.below(kMinute)), [this, w] { connect(w); });
    begin_people();
    next_fault();
    tidy();
    const Micros end = Micros(plan_.hours) * kHour;
    while (ledger_.breach().empty() && !happenings_.empty() && happenings_.top().at <= end) step();
    if (ledger_.breach().empty()) check_all();
    tally_.hours = static_cast<std::uint64_t>(now_ / kHour);
    tally_.lost_bytes = disk_.counts().lost_bytes;
    tally_.torn_files = disk_.counts().torn_files;
    tally_.lost_names = disk_.counts().lost_names;
    tally_.refused_writes = disk_.counts().refused;
    tally_.answers = ledger_.counts().answers;
    tally_.repeats = ledger_.counts().repeats;
    tally_.claims = ledger_.counts().claims;
    tally_.refusals = ledger_.counts().refusals;
    tally_.events = ledger_.last_on_disk();
    tally_.asked = people_.counts().asked;
    tally_.compared = people_.counts().done;
    tally_.governed = people_.counts().changes;
    tally_.shown = readers_.counts().events;
    tally_.feeds_ended = readers_.counts().ended;
    return {ledger_.breach(), ledger_.fingerprint(), tally_};
  }

 private:
  bool may(Fault f) const { return (plan_.faults & static_cast<unsigned>(f)) != 0; }
  Time wall() const { return to_time(kBegin + now_ / kSecond + skew_); }
  void later(Micros after, std::function<void()> what) {
    happenings_.push({now_ + after, order_++, std::move(what)});
  }
  Micros around(Micros mean) {
    return static_cast<Micros>(
        -std::log(1.0 - static_cast<double>(random_.below(1 << 20)) / (1 << 20)) *
        static_cast<double>(mean));
  }

  std::string key_file() const { return plan_.folder + "/" + std::to_string(plan_.seed) + ".key"; }

  void step() {
    // The queue gives only const access to its first element, which is popped at once.
    Happening next = std::move(const_cast<Happening&>(happenings_.top()));
    happenings_.pop();
    now_ = std::max(now_, next.at);
    latest_ = std::max(latest_, to_int(wall()));
    disk_.set_micros(kDiskEpoch + static_cast<std::uint64_t>(now_));
    next.what();
  }

  // --- the process

  // Opens the database and loads the market.
  StoreResult<void> load(Process& p, bool accept_loss) {
    ApplicationOptions options{
        .folder = "/qiao/db",
        .store = {.key_file = key_file(),
                  .env = disk_.env(),
                  .write_buffer = kWriteBuffer,
                  .opening_threads = 1,
                  .accept_loss = accept_loss},
        .clock = [this] { return wall(); },
        .clearing = {.threads = 1, .scheduled = false},
        .gate = {.writes_per_second = 0, .time_share = 0, .log_ins_per_minute = 0}};
    options.runtime.driven = true;
    options.runtime.on_disk_failure = [raw = &p](const StoreError&) { raw->failed = true; };
    options.runtime.fill_empty = [](Runtime& r) { return fill_empty_city(r, "", "", ""); };
    QIAO_TRY(p.application, Application::open(p.context, std::move(options)));
    p.store = &p.application->store();
    p.runtime = &p.application->runtime();
    return outcome::success();
  }

  // A file is damaged while the process is down: a start is refused, or everything that was
  // answered is there. Then the file is restored, as from a backup.
  void try_start_damaged() {
    if (disk_.full()) return;
    const auto before = disk_.image();
    disk_.damage(random_);
    ++tally_.damages;
    {
      auto p = std::make_unique<Process>();
      const bool there =
          load(*p, plan_.planted == Planted::kUnseenDamage).has_value() && check_after_start(*p);
      if (!there || p->failed) ++tally_.damages_refused;
    }
    disk_.put_back(*before);
  }

  void start() {
    if (std::exchange(damage_due_, false)) try_start_damaged();
    auto p = std::make_unique<Process>();
    p->number = ++processes_;
    if (auto loaded = load(*p, false); !loaded)
      return could_not_start(std::move(p), loaded.error().message);
    ++tally_.starts;
    if (!check_after_start(*p)) return could_not_start(std::move(p), "the journal cannot be read");
    p->application->serve();
    p->gate = &p->application->gate();
    p->api = &p->application->api();
    p->tail = std::make_unique<Tail>(*p->store, kRing, p->runtime->durable_seq(),
                                     Relations(p->runtime->state()));
    p->runtime->listen([this](auto events) {
      for (auto& e : events) {
        ledger_.on_disk(e->bytes);
        const auto event = e;
        process_->tail->push(std::move(e));
        if (plan_.people > 0) show_people(*event);
      }
      for (std::size_t w = 0; w < watchers_.size(); ++w) pump(w);
    });
    process_ = std::move(p);
    check_answers_again();
    arm();
  }

  void could_not_start(std::unique_ptr<Process> half, const std::string& why) {
    half.reset();
    ledger_.mix(why.size());
    // A machine that is off is started; a full disk stays full until space is freed.
    if (disk_.stopped()) take_up();
    ++failed_starts_;
    if (!disk_.full() && ++starts_that_should_work_ > 10)
      return ledger_.fail("availability", "the server does not start any more: " + why);
    later(std::min(kRestartAfter << std::min(failed_starts_, 5), kMinute), [this] { start(); });
  }

  void take_up() {
    if (power_cut_) {
      ++tally_.power_cuts;
      disk_.take_up_after_power_cut(random_);
    } else {
      ++tally_.kills;
      disk_.take_up_after_kill();
    }
  }

  // The process has ended, and everything that it had not written is lost.
  void die() {
    readers_.close_all();
    process_.reset();
    ledger_.forget_undecided();
    if (disk_.stopped()) take_up();
    failed_starts_ = 0;
    later(kRestartAfter + around(5 * kSecond), [this] { start(); });
  }

  // All earlier promises, checked on what was just read from disk.
  bool check_after_start(Process& p) {
    const Seq last = p.runtime->durable_seq();
    ledger_.mix(last);
    if (last < ledger_.last_on_disk() || last < ledger_.newest_told()) {
      ledger_.compared(last);
      return true;
    }
    const auto read = p.store->read_journal(0, last, [&](Seq seq, std::string_view bytes) {
      ledger_.compare(seq, bytes);
      if (plan_.people > 0) readers_.fold(seq, bytes);
      return ledger_.breach().empty();
    });
    if (!read) return false;
    ledger_.compared(last);
    failed_starts_ = 0;
    starts_that_should_work_ = 0;
    check_rows(p);
    if (tally_.starts % 4 == 0) verify_all(p);
    return true;
  }

  void check_rows(Process& p) {
    const State& state = p.runtime->state();
    for (const std::string& breach : check_invariants(state)) ledger_.fail("invariants", breach);
    std::map<std::string, int> titles;
    for (Slot n = 0; n < state.needs().size(); ++n) ++titles[state.load_need(n).title()];
    ledger_.check_rows(
        [&](std::uint64_t id) -> std::uint64_t {
          if (const Slot need = state.needs().find(NeedId{id}); need != kNoSlot)
            return state.needs()[need].last_change;
          if (const Slot match = state.matches().find(MatchId{id}); match != kNoSlot)
            return state.load_match(match).version();
          return 0;
        },
        titles);
  }

  void verify_all(Process& p) {
    const auto findings = verify(*p.store, make_ranking, [](Seq, Seq) {});
    // The disk stopped meanwhile: the next write notices it.
    if (!findings) return;
    ++tally_.verified;
    for (const std::string& f : findings.value()) ledger_.fail("journal", f);
  }

  // Answered requests, sent again after the crash.
  void check_answers_again() {
    for (int i = 0; i < 4 && !answered_.empty(); ++i) {
      Operation& o = *answered_[random_.below(answered_.size())];
      if (latest_ - o.answered_at > kAnswersKept) continue;
      ++tally_.replayed;
      const Seq before = process_->runtime->applied_seq();
      const Response r = handle(o);
      if (process_->failed) return;
      if (r.status != o.status || r.body != o.answer)
        ledger_.fail("idempotency", "operation " + std::to_string(o.number) + " was answered " +
                                        o.answer + ", and after a crash " + r.body);
      if (process_->runtime->applied_seq() != before)
        ledger_.fail("idempotency",
                     "operation " + std::to_string(o.number) + " was done again after a crash");
    }
  }

  Response handle(const Operation& o) {
    Request r;
    r.method = o.method;
    r.target = o.target;
    r.body = o.body;
    const std::string authorization = "Bearer " + o.token;
    r.credentials.authorization = authorization;
    r.credentials.host = "localhost";
    r.credentials.address = "127.0.0.1";
    if (plan_.planted != Planted::kForgottenKeys) r.idempotency_key = o.key;
    return process_->api->handle(r);
  }

  // Checks disk and process, after anything that may have written.
  bool still_there() {
    if (!process_) return false;
    if (!process_->failed && !disk_.stopped()) return true;
    die();
    return false;
  }

  void want_commit() {
    if (!process_ || process_->committing ||
        process_->runtime->applied_seq() == process_->runtime->durable_seq())
      return;
    process_->committing = true;
    const Micros takes = slow_until_ > now_ ? Micros(random_.below(4 * kSecond))
                                            : 200 + Micros(random_.below(2 * kMillisecond));
    const std::uint64_t number = process_->number;
    ++tally_.commits;
    if (!process_->runtime->commit()) process_->failed = true;
    if (!still_there()) return;
    if (random_.chance(kFlushPercent)) {
      process_->store->begin_flush(random_.below(Store::kFlushed));
    }
    disk_.run_background();
    if (!still_there()) return;
    // It is on disk; that it was erased becomes known later.
    later(takes, [this, number] {
      if (!process_ || process_->number != number) return;
      process_->context.restart();
      process_->context.poll();
      process_->committing = false;
      want_commit();
      arm();
    });
  }

  // The market's own time limits.
  void arm() {
    if (!process_) return;
    const auto due = process_->runtime->next_tick();
    if (!due) return;
    const Micros wait = std::clamp<Micros>((*due - wall()).count() * kSecond, kSecond, kHour);
    if (armed_at_ > now_ && armed_at_ <= now_ + wait && armed_for_ == process_->number) return;
    armed_at_ = now_ + wait;
    armed_for_ = process_->number;
    later(wait, [this, number = process_->number] {
      if (!process_ || process_->number != number || paused_until_ > now_) return;
      if (armed_at_ <= now_) armed_at_ = 0;
      process_->runtime->wake();
      want_commit();
      arm();
    });
  }

  void tidy() {
    later(kTidyEvery, [this] {
      tidy();
      if (!process_) return;
      disk_.run_beside_background([this] { process_->runtime->tidy_up(); });
      still_there();
    });
  }

  // --- faults

  void next_fault() {
    later(kMinute + around(100 * kMinute), [this] {
      next_fault();
      std::vector<Fault> possible;
      for (const Fault f : {Fault::kPowerCut, Fault::kKill, Fault::kRefusedWrite, Fault::kFullDisk,
                            Fault::kSlowDisk, Fault::kClock, Fault::kPause, Fault::kDamage}) {
        if (may(f)) possible.push_back(f);
      }
      if (possible.empty()) return;
      switch (random_.pick(possible)) {
        case Fault::kPowerCut:
          crash(true);
          break;
        case Fault::kKill:
          crash(false);
          break;
        case Fault::kRefusedWrite:
          disk_.refuse_at(disk_.operations() + 1 + random_.below(20));
          break;
        case Fault::kFullDisk:
          ++tally_.full_disks;
          disk_.set_full(true);
          later(around(10 * kMinute), [this] { disk_.set_full(false); });
          break;
        case Fault::kSlowDisk:
          ++tally_.slow_disks;
          slow_until_ = now_ + around(10 * kMinute);
          break;
        case Fault::kClock:
          ++tally_.clock_jumps;
          skew_ += random_.between(-7200, 7200);
          arm();
          break;
        case Fault::kPause:
          ++tally_.pauses;
          paused_until_ = now_ + around(3 * kMinute);
          break;
        case Fault::kDamage:
          // After a power cut the mark of the journal's head may be behind; here it is exact.
          if (!process_) break;
          damage_due_ = true;
          power_cut_ = false;
          disk_.stop();
          still_there();
          break;
        default:
          break;
      }
    });
  }

  void crash(bool power_cut) {
    power_cut_ = power_cut;
    // In the middle of a write soon, or between two.
    if (random_.chance(75)) {
      disk_.stop_at(disk_.operations() + 1 + random_.below(60));
      return;
    }
    disk_.stop();
    still_there();
  }

  // --- the network

  Micros travel() {
    return kMillisecond +
           Micros(random_.below(may(Fault::kDelay) && random_.chance(5) ? 15 * kSecond
                                                                        : 40 * kMillisecond));
  }
  bool lost() {
    if (!may(Fault::kLoss) || !random_.chance(2)) return false;
    ++tally_.lost_messages;
    return true;
  }

  void send(const std::shared_ptr<Operation>& o) {
    if (o->sent == 0) ledger_.sent(*o);
    ++o->sent;
    int copies = 1;
    if (o->method != "GET" && may(Fault::kRepeat) && random_.chance(3)) {
      ++copies;
      ++tally_.repeated_requests;
    }
    for (int i = 0; i < copies; ++i) {
      if (!lost()) later(travel(), [this, o] { arrive(o); });
    }
    const int sent = o->sent;
    later(kPatience, [this, o, sent] {
      if (o->status != 0 || o->sent != sent || o->given_up) return;
      if (o->method == "GET" || o->sent >= kMostSent ||
          (may(Fault::kVanish) && random_.chance(10))) {
        o->given_up = true;
        ++tally_.vanished;
        return next_request(o->client);
      }
      later(around(5 * kSecond), [this, o] { send(o); });
    });
  }

  void arrive(const std::shared_ptr<Operation>& o) {
    if (paused_until_ > now_)
      return later(paused_until_ - now_ + Micros(random_.below(kSecond)), [this, o] { arrive(o); });
    // Nobody listens: the client notices only a missing response.
    if (!process_) return;
    ++tally_.requests;
    const std::uint64_t number = process_->number;
    const bool after_done = o->done;
    Response r = handle(*o);
    if (!still_there()) return;
    if (plan_.planted == Planted::kStaleAnswers && (o->method == "GET" || r.status == 409)) {
      const auto [kept, fresh] = cache_.try_emplace(o->method == "GET" ? o->target : o->body, r);
      if (!fresh) r = kept->second;
    }
    if (r.status / 100 == 4) ledger_.refused(*o, r.body, process_->runtime->applied_seq());
    const Seq wait = plan_.planted == Planted::kEarlyAnswer ? 0 : r.wait_for;
    process_->runtime->when_durable(
        wait, [this, o, number, after_done, status = r.status, etag = r.etag, body = r.body] {
          if (!process_ || process_->number != number) return;
          if (status / 100 == 2) o->done = true;
          if (lost()) return;
          later(travel(), [this, o, after_done, status, etag, body] {
            answer(o, after_done, status, etag, body);
          });
        });
    want_commit();
    arm();
  }

  void answer(const std::shared_ptr<Operation>& o, bool after_done, unsigned status,
              const std::string& etag, const std::string& body) {
    const bool first = o->status == 0;
    if (status == 503 || status == 429) return;
    ledger_.answered(*o, after_done, status, etag, body, to_int(wall()));
    if (!first) return;
    if (status / 100 == 2 && o->method != "GET") answered_.push_back(o);
    learn(*o, status, body);
    if (!o->given_up) next_request(o->client);
  }

  // --- the feed

  void connect(std::size_t w) {
    Watcher& watcher = watchers_[w];
    later(around(kHour), [this, w] { disconnect(w); });
    if (!process_) return;
    Credentials credentials;
    const std::string authorization = "Bearer " + watcher.token;
    credentials.authorization = authorization;
    auto who = process_->api->watcher(credentials);
    if (!who.good()) return ledger_.fail("feed", "a watcher is not let in any more");
    WatchRequest request;
    request.after = watcher.last;
    request.filter = watcher.filter;
    if (auto known = check_watch(request, who.value.actor, process_->runtime->state(),
                                 process_->runtime->durable_seq());
        !known) {
      return ledger_.fail("feed", "a watcher that saw " + std::to_string(watcher.last) +
                                      " is refused: " + known.error().en());
    }
    auto reach = reach_of(who.value, request.filter, process_->runtime->state());
    if (!reach) return ledger_.fail("feed", reach.error().en());
    request.reach = std::move(reach).value();
    watcher.place = std::make_unique<Watch>(*process_->tail, std::move(request));
    watcher.process = process_->number;
    pump(w);
  }

  void disconnect(std::size_t w) {
    watchers_[w].place.reset();
    later(around(10 * kSecond), [this, w] { connect(w); });
  }

  void pump(std::size_t w) {
    Watcher& watcher = watchers_[w];
    if (!watcher.place || !process_ || watcher.process != process_->number) return;
    std::string text;
    while (true) {
      const auto step = watcher.place->next(text);
      if (step == Watch::Step::kNothingNow) return;
      if (step == Watch::Step::kMore) continue;
      if (step == Watch::Step::kUnreadable || step == Watch::Step::kEnded) return disconnect(w);
      if (plan_.planted == Planted::kLossyFeed && random_.below(500) == 0) continue;
      pb::Event event;
      if (!from_json(text, event))
        return ledger_.fail("feed", "an event that cannot be read: " + text);
      if (event.seq() <= watcher.last)
        return ledger_.fail("feed", "watcher " + std::to_string(w) + " got " +
                                        std::to_string(event.seq()) + " after " +
                                        std::to_string(watcher.last));
      watcher.last = event.seq();
      watcher.got.push_back(event.seq());
      ++tally_.watched;
      ledger_.told(event.seq());
      // The connection breaks here: other messages in flight are lost, and requested again.
      if (may(Fault::kLoss) && random_.below(400) == 0) return disconnect(w);
    }
  }

  // --- people

  People::Server reached() { return {*process_->api, *process_->gate, *process_->runtime}; }

  void begin_people() {
    if (plan_.people == 0) return;
    for (std::size_t p = 0; p < people_.size(); ++p) {
      later(around(kPersonActs), [this, p] { act_person(p); });
      later(around(kMinute), [this, p] { switch_feed(p); });
    }
    later(around(kLeadGoverns), [this] { govern_people(); });
  }

  bool people_act() {
    if (!process_ || paused_until_ > now_ || tally_.operations >= plan_.operations) return false;
    ++tally_.operations;
    return true;
  }

  // Anything may have been written, and the disk may have stopped.
  void after_people() {
    if (!still_there()) return;
    want_commit();
    arm();
  }

  void act_person(std::size_t p) {
    later(around(kPersonActs), [this, p] { act_person(p); });
    if (!people_act()) return;
    people_.act(reached(), p);
    after_people();
  }

  void govern_people() {
    later(around(kLeadGoverns), [this] { govern_people(); });
    if (!people_act()) return;
    people_.govern(reached());
    after_people();
  }

  // Opens a person's feed, or reads everything available and closes it.
  void switch_feed(std::size_t p) {
    later(around(kPersonReads), [this, p] { switch_feed(p); });
    if (!process_ || paused_until_ > now_) return;
    if (readers_.is_open(p)) {
      readers_.read(p);
      readers_.close(p);
      return;
    }
    const auto identity = people_.watcher(reached(), p);
    if (!identity) return;
    const State& state = process_->runtime->state();
    FeedReaders::Options options;
    options.filter = people_.random_filter(state);
    options.from_now = random_.chance(20);
    options.binary = random_.chance(75);
    readers_.open(p, *identity, state, *process_->tail, std::move(options));
    reads_at_once_[p] = random_.chance(70);
  }

  // Some read each event as it comes, the others when they like.
  void show_people(const Published& event) {
    readers_.fold(event.seq, event.bytes);
    for (std::size_t p = 0; p < people_.size(); ++p) {
      if (reads_at_once_[p] || random_.below(40) == 0) readers_.read(p);
    }
  }

  // --- clients

  std::string token_for(pb::Role role, const std::string& login, std::uint64_t party) {
    pb::Command c;
    c.mutable_actor()->set_role(process_->runtime->state().accounts().size() == 0 ? pb::ROLE_MARKET
                                                                                  : pb::ROLE_LEAD);
    pb::Account& a = *c.mutable_put_account()->mutable_account();
    a.set_login(login);
    a.set_role(role);
    a.set_party_id(party);
    const auto applied = process_->runtime->apply(c);
    QIAO_CHECK(applied.has_value(), "the simulated accounts are good");
    pb::TokenRequest request;
    request.set_name("simulation");
    request.set_lifetime(86'400 * 400);
    pb::Actor market;
    market.set_role(pb::ROLE_MARKET);
    auto made = process_->gate->make_grant(market, applied.value().subjects.front().key,
                                           pb::GRANT_KIND_TOKEN, request);
    QIAO_CHECK(made.has_value(), "the simulated tokens are good");
    return made.value().secret;
  }

  std::uint64_t make(const std::string& token, const std::string& method, const std::string& target,
                     const std::string& body) {
    Operation o;
    o.method = method;
    o.target = target;
    o.body = body;
    o.token = token;
    const Response r = handle(o);
    QIAO_CHECK(r.status / 100 == 2, "the simulated city is good");
    const auto id = r.location.rfind('/');
    return id == std::string::npos ? 0 : std::stoull(r.location.substr(id + 1));
  }

  // Before any fault.
  void found_city() {
    QIAO_CHECK(process_ != nullptr, "a new disk takes a new database");
    const std::string lead = token_for(pb::ROLE_LEAD, "lead", 0);
    make(
        lead, "PUT", "/v1/areas/" + std::to_string(kCity),
        R"({"level":"AREA_LEVEL_CITY","name":"宁国市","point":{"latitudeE7":306265000,"longitudeE7":1189834000}})");
    make(lead, "PUT", "/v1/areas/" + std::to_string(kTown),
         R"({"parentCode":"341881000000","level":"AREA_LEVEL_TOWN","name":"西津街道"})");
    for (const auto c : kCommunities)
      make(lead, "PUT", "/v1/areas/" + std::to_string(c),
           R"({"parentCode":"341881001000","level":"AREA_LEVEL_COMMUNITY","name":"社区"})");
    for (std::uint32_t i = 0; i < plan_.clients; ++i) {
      Client c;
      c.supplier = i % 3 != 0;
      c.community = kCommunities[i % 2];
      c.party = make(
          lead, "POST", "/v1/parties",
          std::string(R"({"kind":")") +
              (c.supplier ? (i % 3 == 1 ? "PARTY_KIND_VOLUNTEER_TEAM" : "PARTY_KIND_ENTERPRISE")
                          : "PARTY_KIND_ORGANISER") +
              R"(","name":"单位)" + std::to_string(i) + R"(","areaCode":")" +
              std::to_string(c.supplier ? c.community : kTown) + "\"}");
      if (c.supplier) {
        c.offers.push_back(
            make(lead, "POST", "/v1/offers",
                 R"({"partyId":")" + std::to_string(c.party) +
                     R"(","title":"志愿者","time":{"kind":"TIME_KIND_PEOPLE","capacity":"7"}})"));
        c.offers.push_back(
            make(lead, "POST", "/v1/offers",
                 R"({"partyId":")" + std::to_string(c.party) +
                     R"(","title":"大米","stock":{"resource":"rice","quantity":"400"}})"));
      }
      c.token = token_for(c.supplier ? pb::ROLE_SUPPLIER : pb::ROLE_ORGANISER,
                          "client-" + std::to_string(i), c.party);
      for (const auto o : c.offers) offers_.push_back(o);
      if (c.supplier) rice_.push_back(c.offers[1]);
      clients_.push_back(std::move(c));
    }
    // A watcher of everything, of one community, of one team, of one kind.
    watchers_.resize(4);
    for (Watcher& w : watchers_) w.token = lead;
    watchers_[1].filter.area = AreaCode{kCommunities[0]};
    if (clients_.size() > 1) watchers_[2].filter.party = PartyId{clients_[1].party};
    watchers_[3].filter.kinds = {pb::EVENT_KIND_NEED_OPENED, pb::EVENT_KIND_MATCH_ACCEPTED};
    if (plan_.people > 0) people_.found(reached(), lead);
    want_commit();
  }

  void next_request(std::size_t c) {
    later(kSecond + around(5 * kMinute), [this, c] { act(c); });
  }

  void act(std::size_t c) {
    if (tally_.operations >= plan_.operations) return;
    auto o = std::make_shared<Operation>();
    o->number = ++tally_.operations;
    o->client = c;
    o->token = clients_[c].token;
    clients_[c].supplier ? give(clients_[c], *o) : organise(clients_[c], *o);
    if (o->method.empty()) look(*o);
    if (o->method != "GET") o->key = "k" + std::to_string(o->number);
    send(o);
  }

  void look(Operation& o) {
    o.method = "GET";
    if (needs_.empty()) {
      o.target = "/v1/needs?pageSize=5";
      return;
    }
    o.looks_at = recent(needs_);
    o.target = "/v1/needs/" + std::to_string(o.looks_at);
  }

  std::uint64_t recent(const std::vector<std::uint64_t>& ids) {
    return ids[ids.size() - 1 - random_.below(std::min<std::size_t>(ids.size(), 12))];
  }

  std::string need_text(const Client& c, const std::string& title, bool may_want_rice) {
    // Whole half hours, and few of them, so that bookings meet.
    const std::int64_t start = (to_int(wall()) / 1800 + random_.between(6, 16)) * 1800;
    const std::string window = R"("window":{"start":")" + std::to_string(start) + R"(","end":")" +
                               std::to_string(start + 1800 * random_.between(1, 4)) + "\"}";
    std::string lines = R"({"time":{"kind":"TIME_KIND_PEOPLE"},"quantity":")" +
                        std::to_string(random_.between(1, 9)) + "\"," + window + "}";
    if (may_want_rice && random_.chance(25))
      lines += R"(,{"stock":{"resource":"rice"},"quantity":")" +
               std::to_string(random_.between(1, 20)) + "\"," + window + "}";
    return R"({"areaCode":")" + std::to_string(c.community) + R"(","title":")" + title +
           R"(","category":"elder_care","lines":[)" + lines + "]" +
           (random_.chance(15) ? R"(,"allOrNothing":true)" : "") + "}";
  }

  void organise(const Client& c, Operation& o) {
    const auto roll = random_.below(100);
    o.method = "POST";
    if (roll < 40) {
      o.titles = {"需求 " + std::to_string(o.number)};
      o.target = "/v1/needs";
      o.body = need_text(c, o.titles.front(), true);
    } else if (roll < 52) {
      o.target = "/v1/batch";
      std::string parts;
      for (int i = 0; i < 3; ++i) {
        o.titles.push_back("批量 " + std::to_string(o.number) + "/" + std::to_string(i));
        parts += (i > 0 ? "," : "") +
                 (R"({"postNeed":{"need":)" + need_text(c, o.titles.back(), false) + "}}");
      }
      o.body = "{\"commands\":[" + parts + "]}";
    } else if (roll < 66 && !needs_.empty() && !offers_.empty()) {
      take(o, "/v1/matches:dispatch", random_.pick(offers_));
    } else if (roll < 72 && !needs_.empty()) {
      o.target = "/v1/needs/" + std::to_string(recent(needs_)) + ":cancel";
      o.body = R"({"reason":"不需要了"})";
    } else if (roll < 84 && !matches_.empty()) {
      // One draw a statement: compilers differ in the order of two.
      const bool verified = random_.chance(70);
      o.target =
          "/v1/matches/" + std::to_string(recent(matches_)) + (verified ? ":verify" : ":noShow");
    } else if (roll < 90 && !needs_.empty()) {
      o.target = "/v1/needs/" + std::to_string(recent(needs_)) + ":review";
      o.body = R"({"stars":5,"words":"很好"})";
    } else {
      o.method.clear();
    }
  }

  void take(Operation& o, const char* how, std::uint64_t offer) {
    o.method = "POST";
    o.target = how;
    o.need = recent(needs_);
    o.offer = offer;
    // Second lines ask for rice.
    const bool rice = std::find(rice_.begin(), rice_.end(), offer) != rice_.end();
    if (rice && !wants_rice_.empty()) o.need = recent(wants_rice_);
    o.line = rice && !wants_rice_.empty() ? 2 : 1;
    o.body = R"({"needId":")" + std::to_string(o.need) + R"(","offerId":")" +
             std::to_string(o.offer) + R"(","line":)" + std::to_string(o.line) +
             (random_.chance(70) ? R"(,"quantity":")" + std::to_string(random_.between(1, 6)) + "\""
                                 : "") +
             "}";
  }

  void give(Client& c, Operation& o) {
    const auto roll = random_.below(100);
    o.method = "POST";
    if (roll < 50 && !needs_.empty()) {
      take(o, "/v1/matches:claim", c.offers[random_.chance(80) ? 0 : 1]);
    } else if (roll < 85 && !c.matches.empty()) {
      static constexpr const char* kVerbs[] = {":accept",  ":accept",  ":decline",  ":withdraw",
                                               ":checkIn", ":checkIn", ":checkOut", ":checkOut"};
      const char* verb = kVerbs[random_.below(8)];
      o.target = "/v1/matches/" + std::to_string(recent(c.matches)) + verb;
      if (verb[1] == 'd' || verb[1] == 'w') o.body = R"({"reason":"临时有事"})";
    } else {
      o.method.clear();
    }
  }

  // What clients tell each other.
  void learn(const Operation& o, unsigned status, const std::string& body) {
    if (status != 201 && !(status == 200 && o.target == "/v1/batch")) return;
    if (o.target == "/v1/batch") {
      pb::BatchResponse made;
      if (!from_json(body, made)) return;
      for (const auto& r : made.results()) needs_.push_back(r.id());
    } else if (o.need != 0) {
      pb::Match made;
      if (!from_json(body, made)) return;
      matches_.push_back(made.id());
      for (Client& c : clients_) {
        if (c.party == made.party_id()) c.matches.push_back(made.id());
      }
    } else {
      pb::Need made;
      if (!from_json(body, made)) return;
      needs_.push_back(made.id());
      if (made.lines_size() == 2) wants_rice_.push_back(made.id());
    }
  }

  // The end: all faults stop, and everything is checked.
  void check_all() {
    disk_.set_full(false);
    disk_.stop_at(0);
    disk_.refuse_at(0);
    slow_until_ = 0;
    paused_until_ = 0;
    plan_.faults = 0;
    plan_.operations = 0;
    const Micros until = now_ + 10 * kMinute;
    while (ledger_.breach().empty() && !happenings_.empty() && happenings_.top().at <= until)
      step();
    if (!ledger_.breach().empty()) return;
    if (!process_)
      return ledger_.fail("availability",
                          "the server is not there again after all faults have ended");
    for (std::size_t w = 0; w < watchers_.size(); ++w) connect(w);
    if (!ledger_.breach().empty()) return;
    check_rows(*process_);
    verify_all(*process_);
    check_feed();
    readers_.finish();
  }

  // Each watcher has got exactly what the journal has for it.
  void check_feed() {
    std::vector<std::vector<std::uint64_t>> wanted(watchers_.size());
    const auto read = process_->store->read_journal(
        0, process_->runtime->durable_seq(), [&](Seq seq, std::string_view bytes) {
          pb::Event e;
          e.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
          wanted[0].push_back(seq);
          if (e.area_code() == kCommunities[0]) wanted[1].push_back(seq);
          if (clients_.size() > 1 ? e.party_id() == clients_[1].party : true)
            wanted[2].push_back(seq);
          if (e.kind() == pb::EVENT_KIND_NEED_OPENED || e.kind() == pb::EVENT_KIND_MATCH_ACCEPTED)
            wanted[3].push_back(seq);
          return true;
        });
    if (!read) return ledger_.fail("feed", read.error().message);
    for (std::size_t w = 0; w < watchers_.size(); ++w) {
      if (watchers_[w].got != wanted[w]) {
        const auto [got, want] = std::mismatch(watchers_[w].got.begin(), watchers_[w].got.end(),
                                               wanted[w].begin(), wanted[w].end());
        return ledger_.fail(
            "feed", "watcher " + std::to_string(w) + " got " +
                        (got == watchers_[w].got.end() ? "nothing" : std::to_string(*got)) +
                        " where " + (want == wanted[w].end() ? "nothing" : std::to_string(*want)) +
                        " was due");
      }
    }
  }

  Plan plan_;
  Random random_;
  SimulatedDisk disk_;
  std::unique_ptr<Process> process_;
  Ledger ledger_;
  Tally tally_;
  std::priority_queue<Happening> happenings_;
  std::uint64_t order_ = 0;
  Micros now_ = 0;
  std::int64_t skew_ = 0;    // seconds by which the clock is wrong
  std::int64_t latest_ = 0;  // that it has shown
  Micros slow_until_ = 0;
  Micros paused_until_ = 0;
  Micros armed_at_ = 0;
  std::uint64_t armed_for_ = 0;
  std::uint64_t processes_ = 0;
  int failed_starts_ = 0;
  int starts_that_should_work_ = 0;
  bool power_cut_ = false;
  bool damage_due_ = false;  // before the next start
  std::vector<Client> clients_;
  std::vector<Watcher> watchers_;
  // What clients know of, and whose second line asks for rice; and which offers are rice.
  std::vector<std::uint64_t> needs_, matches_, offers_, wants_rice_, rice_;
  People people_;
  FeedReaders readers_;
  std::map<std::size_t, bool> reads_at_once_;  // by person
  std::vector<std::shared_ptr<Operation>> answered_;
  std::map<std::string, Response> cache_;  // of the planted mistake
};

}  // namespace

void Tally::add(const Tally& o) {
  static_assert(sizeof(Tally) % sizeof(std::uint64_t) == 0);
  constexpr std::size_t kNumbers = sizeof(Tally) / sizeof(std::uint64_t);
  std::array<std::uint64_t, kNumbers> mine{};
  std::array<std::uint64_t, kNumbers> others{};
  std::memcpy(mine.data(), this, sizeof(Tally));
  std::memcpy(others.data(), &o, sizeof(Tally));
  for (std::size_t i = 0; i < kNumbers; ++i) mine[i] += others[i];
  std::memcpy(this, mine.data(), sizeof(Tally));
}

Verdict simulate(const Plan& plan) { return World(plan).run(); }

Plan shrink(Plan plan, const std::function<void(const Plan&)>& tried) {
  const auto promise = [](const std::string& breach) { return breach.substr(0, breach.find(':')); };
  const std::string broken = promise(simulate(plan).breach);
  const auto breaks = [&](const Plan& p) {
    tried(p);
    return promise(simulate(p).breach) == broken;
  };
  for (const auto& [name, fault] : fault_names()) {
    Plan less = plan;
    less.faults &= ~static_cast<unsigned>(fault);
    if (less.faults != plan.faults && breaks(less)) plan = less;
  }
  for (std::uint32_t people = 0; people < plan.people; people = std::max(1U, 2 * people)) {
    Plan less = plan;
    less.people = people;
    if (breaks(less)) plan = less;
  }
  // Half of them fewer; if that is too many, a quarter, and so on down to one.
  for (std::uint32_t step = plan.clients / 2; step > 0 && plan.clients > 2;) {
    Plan less = plan;
    less.clients = std::max(2U, plan.clients - step);
    if (breaks(less)) {
      plan = less;
      step = std::min(step, plan.clients / 2);
    } else {
      step /= 2;
    }
  }
  while (plan.hours > 1) {
    Plan less = plan;
    less.hours = plan.hours / 2;
    if (!breaks(less)) break;
    plan = less;
  }
  std::uint64_t low = 0;  // the greatest number that does not break it
  std::uint64_t high = std::min<std::uint64_t>(plan.operations, simulate(plan).tally.operations);
  while (high - low > 1) {
    Plan less = plan;
    less.operations = low + (high - low) / 2;
    if (breaks(less)) {
      high = less.operations;
    } else {
      low = less.operations;
    }
  }
  plan.operations = high;
  return plan;
}

}  // namespace qiao::swarm
