#include "tools/sim/policies.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <queue>

#include "data/defaults.h"
#include "engine/base/check.h"
#include "engine/base/fixed.h"
#include "engine/clear/steer.h"
#include "engine/market/market.h"
#include "engine/market/notifications.h"
#include "engine/match/ranked_market.h"
#include "engine/notify/notify.h"
#include "engine/report/equity.h"
#include "qiao/v1/command.pb.h"

namespace qiao {
namespace {

using namespace std::chrono_literals;

// How often a supplier looks at its list unprompted, and how likely it takes the first line, in per
// cent.
constexpr Seconds kLooksEvery = 5 * 24h;
constexpr unsigned kTakes = 70;
constexpr std::size_t kListed = 100;  // lines that an order chooses from
constexpr Seconds kClearEvery = 6h;
constexpr Seconds kTellEvery = 1h;
constexpr std::size_t kEverybody = 40;  // notified of one line

class Season {
 public:
  Season(const std::vector<Place>& places, const SeasonPlan& plan, const SimulatedPolicy& policy)
      : places_(places),
        plan_(plan),
        policy_(policy),
        standing_(market_.ranking()),
        random_(plan.seed * 7919 + 1),
        zone_(TimeZone::load(plan.policy.time_zone()).value()) {}

  SeasonResult run() {
    found();
    const Time end = plan_.begin + std::chrono::days{plan_.days};
    while (!tasks_.empty() && tasks_.top().at < end) {
      const Task task = tasks_.top();
      tasks_.pop();
      advance(task.at);
      act(task);
    }
    advance(end);
    return result(end);
  }

 private:
  enum class Do : std::uint8_t { kPost, kLook, kAnswer, kCheckIn, kCheckOut, kClear, kTell };
  struct Task {
    Time at;
    std::uint64_t order;
    Do what;
    std::uint64_t id;
    std::uint64_t more;
    friend bool operator<(const Task& a, const Task& b) {
      return std::pair(b.at, b.order) < std::pair(a.at, a.order);
    }
  };
  void schedule(Time at, Do what, std::uint64_t id = 0, std::uint64_t more = 0) {
    tasks_.push({at, order_++, what, id, more});
  }

  std::uint64_t must(const std::function<void(pb::Command&)>& make) {
    pb::Command c;
    c.mutable_actor()->set_role(pb::ROLE_LEAD);
    make(c);
    auto done = market_.apply(c, now_);
    if (!done)
      std::fprintf(stderr, "%s: %s\n", done.error().field.c_str(), done.error().en().c_str());
    QIAO_CHECK(done.has_value(), "what the simulation sets up is good");
    return done.value().subjects.front().key;
  }
  bool may(const std::function<void(pb::Command&)>& make, pb::Role role = pb::ROLE_LEAD) {
    pb::Command c;
    c.mutable_actor()->set_role(role);
    make(c);
    return market_.apply(c, now_).has_value();
  }
  void advance(Time to) {
    while (const auto due = market_.next_tick()) {
      if (*due > to) break;
      now_ = *due;
      may([](pb::Command& c) { c.mutable_tick(); }, pb::ROLE_MARKET);
    }
    now_ = to;
  }

  void found() {
    now_ = plan_.begin - 1h;
    must([](pb::Command& c) { *c.mutable_put_taxonomy() = default_taxonomy(); });
    pb::Policy policy = plan_.policy;
    policy.set_redispatch(false);
    if (policy_.telling == Telling::kEverybody) {
      policy.mutable_notification()->set_per_week(100);
      policy.mutable_notification()->set_spacing(0);
    }
    must([&](pb::Command& c) { *c.mutable_set_policy() = policy; });
    for (const Place& p : places_)
      must([&](pb::Command& c) { *c.mutable_put_area() = to_area(p); });
    Population population(places_, zone_, plan_.seed);
    std::vector<Giver> givers = plan_.givers;
    if (givers.empty()) {
      for (std::int64_t i = 0; i < plan_.teams; ++i)
        givers.push_back(population.giver(pb::PARTY_KIND_VOLUNTEER_TEAM, now_));
      for (std::int64_t i = 0; i < plan_.enterprises; ++i)
        givers.push_back(population.giver(pb::PARTY_KIND_ENTERPRISE, now_));
      for (std::int64_t i = 0; i < plan_.organisations; ++i)
        givers.push_back(population.giver(pb::PARTY_KIND_SOCIAL_ORGANISATION, now_));
    }
    for (const Giver& g : givers) {
      const std::uint64_t party =
          must([&](pb::Command& c) { *c.mutable_register_party() = g.party; });
      for (pb::Offer o : g.offers) {
        o.set_party_id(party);
        must([&](pb::Command& c) { *c.mutable_post_offer() = o; });
      }
      const Slot slot = market_.state().parties().find(PartyId{party});
      habits_.resize(slot + 1);
      // One notification in four is answered on average; some parties never answer, some mostly.
      habits_[slot] = static_cast<unsigned>(random_.between(0, 50));
      schedule(plan_.begin + Seconds{random_.between(0, 2 * kLooksEvery.count())}, Do::kLook, slot);
    }
    const Time end = plan_.begin + std::chrono::days{plan_.days};
    if (plan_.needs_as_given.empty()) {
      for (std::int64_t i = 0; i < plan_.needs; ++i) {
        const Time at = population.posting_time(plan_.begin, end);
        needs_.push_back(population.need(at));
        schedule(at, Do::kPost, needs_.size() - 1);
      }
    } else {
      for (const pb::Need& n : plan_.needs_as_given) {
        const Time at =
            std::max(plan_.begin, to_time(n.lines(0).window().start()) - std::chrono::days{14} +
                                      Seconds{random_.between(0, 86'400)});
        needs_.push_back(n);
        schedule(at, Do::kPost, needs_.size() - 1);
      }
    }
    if (policy_.order == Order::kClearing) schedule(plan_.begin, Do::kClear);
    if (policy_.telling != Telling::kNobody) schedule(plan_.begin, Do::kTell);
  }

  void act(const Task& t) {
    const State& state = market_.state();
    switch (t.what) {
      case Do::kPost:
        may([&](pb::Command& c) {
          *c.mutable_post_need()->mutable_need() = needs_[t.id];
          c.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
        });
        return;
      case Do::kLook:
        schedule(now_ + Seconds{random_.between(1, 2 * kLooksEvery.count())}, Do::kLook, t.id);
        look(static_cast<Slot>(t.id));
        return;
      case Do::kAnswer: {
        const Slot line = static_cast<Slot>(t.id);
        const Slot offer = static_cast<Slot>(t.more);
        claim(line, offer);
        return;
      }
      case Do::kCheckIn:
      case Do::kCheckOut:
        may([&](pb::Command& c) {
          c.mutable_move_match()->set_match_id(t.id);
          c.mutable_move_match()->set_verb(t.what == Do::kCheckIn ? pb::MATCH_VERB_CHECK_IN
                                                                  : pb::MATCH_VERB_CHECK_OUT);
        });
        return;
      case Do::kClear: {
        schedule(now_ + kClearEvery, Do::kClear);
        Collector collector(market_.ranking(), now_);
        for (Slot n = 0; n < state.needs().size(); ++n) collector.add(n);
        const Instance instance = collector.finish();
        ClearOptions options;
        options.improvements_per_line = 4;
        options.polish_rounds = 50;
        standing_.replace(instance, clear_market(instance, options));
        return;
      }
      case Do::kTell:
        schedule(now_ + kTellEvery, Do::kTell);
        tell();
        return;
    }
  }

  std::vector<Candidate> listed(Slot party) const {
    const State& state = market_.state();
    if (policy_.order == Order::kClearing) {
      std::vector<Candidate> lines;
      for (const Steered& s : steered_lines(market_.ranking(), standing_, party, kListed, now_))
        lines.push_back(s.candidate);
      return lines;
    }
    auto lines = market_.ranking().open_lines(party, kListed, now_);
    const auto by = [&](auto key) {
      std::stable_sort(lines.begin(), lines.end(),
                       [&](const Candidate& a, const Candidate& b) { return key(a) > key(b); });
    };
    switch (policy_.order) {
      case Order::kNewest:
        by([](const Candidate& c) { return c.line; });
        break;
      case Order::kNearest:
        by([](const Candidate& c) { return -c.judgement.distance_m; });
        break;
      // By the number of parties that have joined already, like boards with "hot" lists.
      case Order::kPopular:
        by([&](const Candidate& c) { return state.line(c.line).held; });
        break;
      default:
        break;
    }
    return lines;
  }

  void look(Slot party) {
    for (const Candidate& c : listed(party)) {
      if (!random_.chance(kTakes)) continue;
      claim(c.line, c.offer);
      return;
    }
  }

  void claim(Slot line, Slot offer) {
    const State& state = market_.state();
    const LineRow& row = state.line(line);
    const Slot match = state.matches().size();
    const bool made = may([&](pb::Command& c) {
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(state.needs()[row.need].id.value());
      m.set_line(row.number);
      m.set_offer_id(state.offers()[offer].id.value());
      m.set_how(pb::MATCH_STATE_CLAIMED);
    });
    if (!made) return;
    const MatchRow& m = state.matches()[match];
    schedule(m.window.start, Do::kCheckIn, m.id.value());
    schedule(m.window.end, Do::kCheckOut, m.id.value());
    if (row.held == row.quantity) {
      days_to_full_.push_back(
          static_cast<double>((now_ - to_time(state.load_need(row.need).created_at())).count()) /
          86'400);
    }
  }

  void tell() {
    const State& state = market_.state();
    if (quiet(state, now_)) return;
    for (Slot n = 0; n < state.needs().size(); ++n) {
      if (!takes_matches(state.needs()[n].state)) continue;
      std::vector<pb::Notification> all;
      if (policy_.telling == Telling::kPolicy) {
        all = choose_notifications(market_.ranking(), n, now_);
      } else {
        const NeedRow& need = state.needs()[n];
        for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
          for (const Candidate& c : market_.ranking().candidates(l, kEverybody, now_)) {
            pb::Notification& note = all.emplace_back();
            note.set_need_id(need.id.value());
            note.set_line(state.line(l).number);
            note.set_offer_id(state.offers()[c.offer].id.value());
            note.set_party_id(state.parties()[state.offers()[c.offer].party].id.value());
          }
        }
      }
      for (const pb::Notification& note : all) {
        if (!may([&](pb::Command& c) { *c.mutable_notify()->add_notifications() = note; },
                 pb::ROLE_MARKET))
          continue;
        ++told_;
        const Slot party = state.parties().find(PartyId{note.party_id()});
        // Parties that are notified too often stop answering: each notification of the last week
        // takes a tenth of the remaining chance.
        double listens = 1;
        for (Slot s = state.parties()[party].first_notification;
             s != kNoSlot && state.notifications()[s].sent > now_ - 7 * 24h;
             s = state.notifications()[s].next_of_party)
          listens *= 0.9;
        if (!random_.chance(static_cast<unsigned>(habits_[party] * listens))) continue;
        schedule(now_ + Seconds{random_.between(600, 12 * 3600)}, Do::kAnswer,
                 state.line_of(n, note.line()), state.offers().find(OfferId{note.offer_id()}));
      }
    }
  }
  SeasonResult result(Time end) const {
    const State& state = market_.state();
    SeasonResult r;
    double asked = 0;
    double held = 0;
    for (Slot l = 0; l < state.line_count(); ++l) {
      const LineRow& line = state.line(l);
      if (line.window.start >= end) continue;
      asked += 1;
      held += std::min(1.0, static_cast<double>(line.held) / line.quantity);
    }
    r.fill = asked == 0 ? 0 : held / asked;
    if (!days_to_full_.empty()) {
      auto days = days_to_full_;
      std::nth_element(days.begin(), days.begin() + static_cast<std::ptrdiff_t>(days.size() / 2),
                       days.end());
      r.median_days = days[days.size() / 2];
    }
    r.jain = static_cast<double>(equity(fills(state), When::kBefore).jain_micro()) / kMicro;
    double metres = 0;
    double value = 0;
    for (Slot m = 0; m < state.matches().size(); ++m) {
      const pb::Match match = state.load_match(m);
      metres += static_cast<double>(match.score().distance_m());
      const LineRow& line = state.line(state.matches()[m].line);
      value += static_cast<double>(match.score().value_micro()) / kMicro *
               static_cast<double>(match.quantity()) / line.quantity;
    }
    if (state.matches().size() > 0) r.kilometres = metres / 1000 / state.matches().size();
    if (state.matches().size() > 0)
      r.told_per_claim = static_cast<double>(told_) / state.matches().size();
    if (state.needs().size() > 0) r.value = value / state.needs().size();
    return r;
  }

  const std::vector<Place>& places_;
  const SeasonPlan& plan_;
  const SimulatedPolicy& policy_;
  RankedMarket market_;
  Plan standing_;
  Random random_;
  TimeZone zone_;
  Time now_{};
  std::priority_queue<Task> tasks_;
  std::uint64_t order_ = 0;
  std::vector<pb::Need> needs_;
  std::vector<unsigned> habits_;  // by party: per cent of notifications it answers
  std::vector<double> days_to_full_;
  std::uint64_t told_ = 0;
};

struct Measure {
  const char* name;
  double SeasonResult::*of;
  const char* unit;
  int digits;
};
constexpr Measure kMeasures[] = {{"fill", &SeasonResult::fill, "of what was asked", 3},
                                 {"value", &SeasonResult::value, "per need", 3},
                                 {"days to full", &SeasonResult::median_days, "median", 2},
                                 {"Jain index", &SeasonResult::jain, "of communities", 3},
                                 {"km", &SeasonResult::kilometres, "per match", 2},
                                 {"told", &SeasonResult::told_per_claim, "per match", 2}};

}  // namespace

std::vector<SimulatedPolicy> simulated_policies() {
  return {{"newest first", Order::kNewest, Telling::kNobody},
          {"nearest first", Order::kNearest, Telling::kNobody},
          {"most popular first", Order::kPopular, Telling::kNobody},
          {"by value", Order::kValue, Telling::kNobody},
          {"by clearing prices", Order::kClearing, Telling::kNobody},
          {"by value, all are told", Order::kValue, Telling::kEverybody},
          {"by value, told by policy", Order::kValue, Telling::kPolicy},
          {"prices, told by policy", Order::kClearing, Telling::kPolicy}};
}

SeasonResult simulate(const std::vector<Place>& places, const SeasonPlan& plan,
                      const SimulatedPolicy& policy) {
  return Season(places, plan, policy).run();
}

std::vector<Compared> compare(const std::vector<Place>& places, const SeasonPlan& plan, int seeds,
                              const std::function<void(std::size_t, std::size_t)>& progress) {
  std::vector<Compared> all;
  const auto policies = simulated_policies();
  std::size_t done = 0;
  for (const SimulatedPolicy& policy : policies) {
    std::vector<SeasonResult> results;
    for (int s = 0; s < seeds; ++s) {
      SeasonPlan one = plan;
      one.seed = plan.seed + static_cast<std::uint64_t>(s);
      results.push_back(simulate(places, one, policy));
      progress(++done, policies.size() * static_cast<std::size_t>(seeds));
    }
    Compared c{policy.name, {}, {}};
    for (const Measure& m : kMeasures) {
      double sum = 0;
      for (const SeasonResult& r : results) sum += r.*m.of;
      const double mean = sum / seeds;
      double squares = 0;
      for (const SeasonResult& r : results) squares += (r.*m.of - mean) * (r.*m.of - mean);
      c.mean.*m.of = mean;
      c.spread.*m.of = seeds > 1 ? std::sqrt(squares / (seeds - 1)) : 0;
    }
    all.push_back(c);
  }
  return all;
}

std::string to_table(const std::vector<Compared>& all) {
  std::string out;
  char text[80];
  std::snprintf(text, sizeof text, "%-26s", "policy");
  out += text;
  for (const Measure& m : kMeasures) {
    std::snprintf(text, sizeof text, " %16s", m.name);
    out += text;
  }
  out += "\n";
  for (const Compared& c : all) {
    std::snprintf(text, sizeof text, "%-26s", c.name.c_str());
    out += text;
    for (const Measure& m : kMeasures) {
      std::snprintf(text, sizeof text, " %9.*f +-%4.*f", m.digits, c.mean.*m.of, m.digits,
                    c.spread.*m.of);
      out += text;
    }
    out += "\n";
  }
  return out;
}

std::string to_svg(const std::vector<Compared>& all, const std::string& title) {
  constexpr int kPanel = 300;
  constexpr int kRow = 24;
  constexpr int kNames = 190;
  const int height = 90 + kRow * static_cast<int>(all.size());
  const int width = kNames + kPanel * static_cast<int>(std::size(kMeasures)) / 2 + 20;
  std::string out;
  char text[400];
  const auto add = [&](const char* format, auto... values) {
    std::snprintf(text, sizeof text, format, values...);
    out += text;
  };
  add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"white\"/>\n",
      width, height);
  add("<text x=\"10\" y=\"24\" font-size=\"16\">%s</text>\n", title.c_str());
  for (std::size_t i = 0; i < all.size(); ++i)
    add("<text x=\"10\" y=\"%d\">%s</text>\n", 83 + kRow * static_cast<int>(i),
        all[i].name.c_str());
  int left = kNames;
  for (const Measure& m : kMeasures) {
    constexpr int kBar = kPanel / 2 - 40;
    double most = 1e-9;
    for (const Compared& c : all) most = std::max(most, c.mean.*m.of + c.spread.*m.of);
    add("<text x=\"%d\" y=\"50\" font-weight=\"bold\">%s</text><text x=\"%d\" y=\"64\" "
        "font-size=\"10\" fill=\"#666\">%s</text>\n",
        left, m.name, left, m.unit);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double mean = all[i].mean.*m.of;
      const double spread = all[i].spread.*m.of;
      const int y = 71 + kRow * static_cast<int>(i);
      const int end = left + static_cast<int>(kBar * mean / most);
      add("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\" fill=\"#2f6db5\"/>", left, y,
          end - left);
      add("<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#222\"/>",
          static_cast<int>(left + kBar * std::max(0.0, mean - spread) / most),
          static_cast<int>(left + kBar * (mean + spread) / most), y + 7, y + 7);
      add("<text x=\"%d\" y=\"%d\" font-size=\"11\">%.*f</text>\n", left + kBar + 4, y + 12,
          m.digits, mean);
    }
    left += kPanel / 2;
  }
  return out + "</svg>\n";
}

}  // namespace qiao
