#include "tools/sim/history.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/check.h"
#include "proto/json/json.h"

namespace qiao {
namespace {

// Numbers of residents who have no organiser begin here.
constexpr std::uint64_t kUnknownResidents = 1'000'000'000'000;

// An invented person with an invalid telephone number: no Chinese number begins with 100. Derived
// from a number, not drawn, so that names change nothing else in a history.
struct Contact {
  std::string name;
  std::string phone;
};
Contact contact_of(std::uint64_t n) {
  static constexpr std::array<const char*, 16> kFamily = {"王", "李", "张", "刘", "陈", "杨",
                                                          "黄", "赵", "吴", "周", "徐", "孙",
                                                          "马", "朱", "胡", "汪"};
  static constexpr std::array<const char*, 16> kGiven = {
      "桂英", "建国", "秀兰", "小明", "丽华", "志强", "玉梅", "海燕",
      "德贵", "春花", "文斌", "晓云", "国平", "爱民", "雪梅", "永康"};
  const std::uint64_t h = (n + 1) * 0x9E3779B97F4A7C15ULL;
  std::string tail = std::to_string(10'000'000 + (h >> 24) % 90'000'000);
  return {std::string(kFamily[h >> 60]) + kGiven[(h >> 56) & 15], "100" + tail};
}

using namespace std::chrono_literals;

class Player {
 public:
  Player(const std::vector<Place>& places, const HistoryPlan& plan, std::ostream& out)
      : places_(places), plan_(plan), out_(out) {}

  Result<HistorySummary> play(const pb::Taxonomy& taxonomy, const pb::Policy& policy) {
    // The loader sets these two itself.
    pb::Command words;
    *words.mutable_put_taxonomy() = taxonomy;
    pb::Command rules;
    *rules.mutable_set_policy() = policy;
    for (pb::Command* c : {&words, &rules}) {
      c->mutable_actor()->set_role(pb::ROLE_LEAD);
      QIAO_TRY(market_.apply(*c, to_time(1)));
    }
    const auto zone = TimeZone::load(policy.time_zone());
    population_.emplace(places_, *zone, plan_.seed);
    random_ = Random(plan_.seed ^ 0x5151);
    const Time begin = plan_.until - std::chrono::days{plan_.days};
    QIAO_TRY(found_city(begin - 2h));
    QIAO_TRY(register_givers(begin - 1h));
    if (!plan_.needs_as_given.empty()) {
      for (const pb::Need& n : plan_.needs_as_given) post_at(begin + 1h, n);
    } else {
      std::vector<Time> times;
      times.reserve(static_cast<std::size_t>(plan_.needs));
      for (std::int64_t i = 0; i < plan_.needs; ++i)
        times.push_back(population_->posting_time(begin, plan_.until - 10min));
      std::sort(times.begin(), times.end());
      for (const Time t : times) schedule(t, Do::kPost, 0);
    }
    const std::size_t all = std::max<std::size_t>(1, queue_.size());
    std::size_t posted = 0;
    while (!queue_.empty() && queue_.top().at < plan_.until) {
      const Task task = queue_.top();
      queue_.pop();
      if (task.what == Do::kPost && ++posted % 1000 == 0) plan_.progress(posted, all);
      act(task);
    }
    advance(plan_.until);
    plan_.progress(all, all);
    const State& s = market_.state();
    return HistorySummary{lines_, s.parties().size(), s.offers().size(), s.needs().size(),
                          s.matches().size()};
  }

 private:
  enum class Do : std::uint8_t {
    kPost,
    kPostGiven,
    kCheck,
    kFind,
    kAnswer,
    kCheckIn,
    kCheckOut,
    kReview
  };
  struct Task {
    Time at;
    std::uint64_t order;
    Do what;
    std::uint64_t id;
    friend bool operator<(const Task& a, const Task& b) {
      return std::pair(b.at, b.order) < std::pair(a.at, a.order);
    }
  };

  void schedule(Time at, Do what, std::uint64_t id) { queue_.push({at, order_++, what, id}); }
  void post_at(Time at, const pb::Need& need) {
    given_.push_back(need);
    schedule(at, Do::kPostGiven, given_.size() - 1);
  }
  Seconds hours(std::int64_t least, std::int64_t most) {
    return Seconds{random_.between(least * 3600, most * 3600)};
  }

  void write(const pb::Command& command, Time at) {
    pb::HistoryLine line;
    line.set_time(to_int(at));
    *line.mutable_command() = command;
    text_.clear();
    append_json(line, text_);
    text_ += '\n';
    out_ << text_;
    ++lines_;
  }

  // Runs and writes the timers due by then, so that loading the history gives the same identifiers.
  void advance(Time now) {
    for (auto due = market_.next_tick(); due && *due <= now; due = market_.next_tick()) {
      pb::Command tick;
      tick.mutable_actor()->set_role(pb::ROLE_MARKET);
      tick.mutable_tick();
      const Time at = std::max(*due, market_.state().last_time());
      const auto applied = market_.apply(tick, at);
      QIAO_CHECK(applied.has_value(), "a tick is never refused");
      write(tick, at);
      notice(applied.value());
    }
  }

  // The id of the created or changed row; 0 if it was refused (another party was faster, or it is
  // too late).
  // too late).
  std::uint64_t submit(pb::Command& command, Time now) {
    now = std::max(now, market_.state().last_time());
    advance(now);
    const auto applied = market_.apply(command, now);
    if (!applied) return 0;
    write(command, now);
    const std::uint64_t id =
        applied.value().subjects.empty() ? 0 : applied.value().subjects.front().key;
    notice(applied.value());
    return id;
  }

  // The reactions of people.
  void notice(const Outcome& outcome) {
    for (const pb::Event& e : outcome.events) {
      const Time now = to_time(e.time());
      switch (e.kind()) {
        case pb::EVENT_KIND_NEED_SUBMITTED:
          schedule(now + hours(1, 9), Do::kCheck, e.need_id());
          break;
        case pb::EVENT_KIND_NEED_OPENED:
        case pb::EVENT_KIND_NEED_REOPENED:
          schedule(now + hours(1, 30), Do::kFind, e.need_id());
          break;
        case pb::EVENT_KIND_MATCH_DISPATCHED: {
          const auto limit = Seconds{e.match().answer_by() - e.time()};
          schedule(now + Seconds{random_.between(
                             60, std::max<std::int64_t>(61, limit.count() * 9 / 10))},
                   Do::kAnswer, e.match().id());
          break;
        }
        case pb::EVENT_KIND_MATCH_ACCEPTED:
          schedule(to_time(e.match().window().start()) - Seconds{random_.between(0, 1200)},
                   Do::kCheckIn, e.match().id());
          break;
        case pb::EVENT_KIND_MATCH_CHECKED_IN:
          schedule(to_time(e.match().window().end()) + Seconds{random_.between(0, 900)},
                   Do::kCheckOut, e.match().id());
          break;
        case pb::EVENT_KIND_NEED_DONE:
          schedule(now + hours(2, 48), Do::kReview, e.need_id());
          break;
        default:
          break;
      }
    }
  }

  static pb::Command by(pb::Role role, std::uint64_t party = 0) {
    pb::Command c;
    c.mutable_actor()->set_role(role);
    c.mutable_actor()->set_party_id(party);
    return c;
  }

  Status found_city(Time at) {
    for (const Place& p : places_) {
      pb::Command c = by(pb::ROLE_LEAD);
      *c.mutable_put_area() = to_area(p);
      QIAO_TRY(market_.apply(c, at));
      write(c, at);
    }
    for (const Place& p : places_) {
      if (p.level == pb::AREA_LEVEL_CITY && p.parent == 0) {
        pb::Command c = by(pb::ROLE_LEAD);
        *c.mutable_register_party() = population_->organiser(p);
        c.mutable_register_party()->set_kind(pb::PARTY_KIND_LEAD);
        c.mutable_register_party()->set_name("中共" + p.name + "委社会工作部");
        submit(c, at);
      }
      if (p.level == pb::AREA_LEVEL_COMMUNITY && !plan_.community_organisers) continue;
      pb::Command c = by(pb::ROLE_LEAD);
      *c.mutable_register_party() = population_->organiser(p);
      const std::uint64_t organiser = submit(c, at);
      organiser_of_.emplace(p.code, organiser);
      parent_of_.emplace(p.code, p.parent);
      if (p.level != pb::AREA_LEVEL_COMMUNITY) continue;
      for (pb::Person& person : population_->staff(p)) {
        QIAO_TRY(add_person(organiser, std::move(person), at));
      }
    }
    if (!plan_.community_organisers) {
      for (const Place& p : places_) parent_of_.emplace(p.code, p.parent);
    }
    return outcome::success();
  }

  Status add_person(std::uint64_t party, pb::Person person, Time at) {
    const Contact contact = contact_of(market_.state().last_seq());
    person.set_party_id(party);
    person.set_name(contact.name);
    pb::Command c = by(pb::ROLE_LEAD);
    *c.mutable_put_person() = std::move(person);
    QIAO_TRY(market_.apply(c, at));
    write(c, at);
    return outcome::success();
  }

  Status register_giver(const Giver& giver, Time at) {
    pb::Command c = by(pb::ROLE_LEAD);
    *c.mutable_register_party() = giver.party;
    const Contact contact = contact_of(market_.state().last_seq());
    c.mutable_register_party()->set_contact_name(contact.name);
    c.mutable_register_party()->set_contact_phone(contact.phone);
    at = std::max(at, market_.state().last_time());
    QIAO_TRY(const auto made, market_.apply(c, at));
    const std::uint64_t party = made.subjects.front().key;
    write(c, at);
    for (const pb::Offer& o : giver.offers) {
      pb::Command post = by(pb::ROLE_SUPPLIER, party);
      *post.mutable_post_offer() = o;
      post.mutable_post_offer()->set_party_id(party);
      QIAO_TRY(market_.apply(post, at));
      write(post, at);
    }
    if (!plan_.community_organisers) return outcome::success();
    // Some members of a team are listed by name; those of an organisation are its professionals.
    for (const pb::Offer& o : giver.offers) {
      if (!o.has_time() || (o.time().kind() != pb::TIME_KIND_PEOPLE &&
                            o.time().kind() != pb::TIME_KIND_PROFESSIONAL))
        continue;
      for (std::int64_t i = 0; i < std::min<std::int64_t>(o.time().capacity(), 6); ++i) {
        pb::Person p;
        p.set_workforce(o.time().kind() == pb::TIME_KIND_PROFESSIONAL
                            ? pb::WORKFORCE_SOCIAL_WORK_PROFESSIONAL
                            : pb::WORKFORCE_VOLUNTEER);
        *p.mutable_certificates() = o.time().certificates();
        QIAO_TRY(add_person(party, std::move(p), at));
      }
    }
    return outcome::success();
  }

  Status register_givers(Time at) {
    for (const Giver& g : plan_.named) {
      QIAO_TRY(register_giver(g, at));
    }
    const auto some = [&](pb::PartyKind kind, std::int64_t count) -> Status {
      for (std::int64_t i = 0; i < count; ++i) {
        QIAO_TRY(register_giver(population_->giver(kind, at), at));
      }
      return outcome::success();
    };
    QIAO_TRY(some(pb::PARTY_KIND_VOLUNTEER_TEAM, plan_.teams));
    QIAO_TRY(some(pb::PARTY_KIND_ENTERPRISE, plan_.enterprises));
    return some(pb::PARTY_KIND_SOCIAL_ORGANISATION, plan_.organisations);
  }

  // The nearest organiser up the tree; 0 for none.
  std::uint64_t organiser(std::uint64_t area) const {
    while (area != 0) {
      if (const auto it = organiser_of_.find(area); it != organiser_of_.end()) return it->second;
      const auto up = parent_of_.find(area);
      area = up == parent_of_.end() ? 0 : up->second;
    }
    return 0;
  }
  std::uint64_t area_of_need(Slot need) const {
    return market_.state().areas()[market_.state().needs()[need].area].id.value();
  }

  void act(const Task& task) {
    switch (task.what) {
      case Do::kPost:
        return post(population_->need(task.at), task.at);
      case Do::kPostGiven:
        return post(given_[task.id], task.at);
      case Do::kCheck:
        return check(task.id, task.at);
      case Do::kFind:
        return find(task.id, task.at);
      case Do::kAnswer:
        return answer(task.id, task.at);
      case Do::kCheckIn:
        return move_by_giver(task.id, pb::MATCH_VERB_CHECK_IN, task.at, 93);
      case Do::kCheckOut:
        return move_by_giver(task.id, pb::MATCH_VERB_CHECK_OUT, task.at, 90);
      case Do::kReview:
        return review(task.id, task.at);
    }
  }

  void post(const pb::Need& need, Time at) {
    const std::uint64_t staff = organiser(need.area_code());
    const bool resident = staff == 0 || random_.chance(30);
    pb::Command c = resident ? by(pb::ROLE_RESIDENT) : by(pb::ROLE_ORGANISER, staff);
    *c.mutable_post_need()->mutable_need() = need;
    const std::uint64_t n = market_.state().last_seq();
    const Contact contact = contact_of(n);
    c.mutable_post_need()->mutable_need()->set_contact_name(contact.name);
    c.mutable_post_need()->mutable_need()->set_contact_phone(contact.phone);
    c.mutable_post_need()->mutable_need()->set_address(std::to_string(n % 30 + 1) + "幢" +
                                                       std::to_string(n % 6 + 1) + "0" +
                                                       std::to_string(n % 4 + 1) + "室");
    if (resident)
      c.mutable_actor()->set_resident_ref(need.resident_ref() != 0
                                              ? need.resident_ref()
                                              : kUnknownResidents + market_.state().last_seq());
    submit(c, at);
  }

  void check(std::uint64_t id, Time at) {
    const Slot need = market_.state().needs().find(NeedId{id});
    pb::Command c = by(pb::ROLE_ORGANISER, organiser(area_of_need(need)));
    c.mutable_move_need()->set_need_id(id);
    c.mutable_move_need()->set_verb(pb::NEED_VERB_APPROVE);
    if (random_.chance(3)) {
      c.mutable_move_need()->set_verb(pb::NEED_VERB_REJECT);
      c.mutable_move_need()->set_reason("与已有需求重复");
    }
    submit(c, at);
  }

  void find(std::uint64_t id, Time at) {
    const State& s = market_.state();
    const Slot need = s.needs().find(NeedId{id});
    const std::uint64_t staff = organiser(area_of_need(need));
    for (std::uint32_t number = 1; number <= s.needs()[need].line_count; ++number) {
      // Not every need is filled on the first day.
      if (random_.chance(20)) continue;
      const auto candidates = market_.ranking().candidates(s.line_of(need, number), 5, at);
      if (candidates.empty()) continue;
      const bool claims = random_.chance(45);
      const Candidate& who = candidates[claims ? random_.below(candidates.size()) : 0];
      const OfferRow& offer = s.offers()[who.offer];
      pb::Command c = claims ? by(pb::ROLE_SUPPLIER, s.parties()[offer.party].id.value())
                             : by(pb::ROLE_ORGANISER, staff);
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(id);
      m.set_line(number);
      m.set_offer_id(offer.id.value());
      m.set_how(claims ? pb::MATCH_STATE_CLAIMED : pb::MATCH_STATE_DISPATCHED);
      submit(c, at);
    }
    const Slot still = s.needs().find(NeedId{id});
    if (takes_matches(s.needs()[still].state)) schedule(at + hours(8, 40), Do::kFind, id);
  }

  void answer(std::uint64_t id, Time at) {
    const std::uint64_t roll = random_.below(100);
    if (roll < 12) return;  // nobody answered in time
    pb::Command c = by(pb::ROLE_SUPPLIER, giver_of(id));
    c.mutable_move_match()->set_match_id(id);
    c.mutable_move_match()->set_verb(roll < 28 ? pb::MATCH_VERB_DECLINE : pb::MATCH_VERB_ACCEPT);
    if (roll < 28) c.mutable_move_match()->set_reason(roll < 20 ? "当天已有其他安排" : "人手不足");
    submit(c, at);
  }

  void move_by_giver(std::uint64_t id, pb::MatchVerb verb, Time at, unsigned percent) {
    if (!random_.chance(percent)) return;
    pb::Command c = by(pb::ROLE_SUPPLIER, giver_of(id));
    c.mutable_move_match()->set_match_id(id);
    c.mutable_move_match()->set_verb(verb);
    submit(c, at);
  }

  void review(std::uint64_t id, Time at) {
    if (!random_.chance(65)) return;
    static constexpr std::array<const char*, 6> kWords = {
        "很及时，谢谢志愿者", "服务细致", "老人很高兴", "", "希望下次多来几个人", "准时、热情"};
    const Slot need = market_.state().needs().find(NeedId{id});
    const std::uint64_t resident = market_.state().needs()[need].resident_ref;
    const std::uint64_t staff = organiser(area_of_need(need));
    // A resident without an account is asked by the organiser, who records the answer.
    pb::Command c = resident != 0 ? by(pb::ROLE_RESIDENT)
                    : staff != 0  ? by(pb::ROLE_ORGANISER, staff)
                                  : by(pb::ROLE_LEAD);
    c.mutable_actor()->set_resident_ref(resident);
    c.mutable_review_need()->set_need_id(id);
    c.mutable_review_need()->set_stars(
        static_cast<std::uint32_t>(random_.chance(75) ? 5 : random_.between(3, 4)));
    c.mutable_review_need()->set_words(random_.pick(kWords));
    submit(c, at);
  }

  std::uint64_t giver_of(std::uint64_t match) const {
    const State& s = market_.state();
    return s.parties()[s.offers()[s.matches()[s.matches().find(MatchId{match})].offer].party]
        .id.value();
  }

  const std::vector<Place>& places_;
  const HistoryPlan& plan_;
  std::ostream& out_;
  RankedMarket market_;
  std::optional<Population> population_;
  Random random_{0};
  std::priority_queue<Task> queue_;
  std::vector<pb::Need> given_;
  std::uint64_t order_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> organiser_of_;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> parent_of_;
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace

Result<HistorySummary> write_history(const std::vector<Place>& places, const HistoryPlan& plan,
                                     const pb::Taxonomy& taxonomy, const pb::Policy& policy,
                                     std::ostream& out) {
  return Player(places, plan, out).play(taxonomy, policy);
}

}  // namespace qiao
