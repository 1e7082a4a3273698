#include "engine/clear/gaps.h"

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <tuple>

#include "engine/base/ascii.h"
#include "engine/base/fixed.h"
#include "engine/clear/collect.h"
#include "engine/clear/improve.h"
#include "engine/market/amount.h"

namespace qiao {
namespace {

// More gaps are tried than requested, because the estimate that orders them is rough.
constexpr std::size_t kTriedPerWanted = 2;
constexpr int kTimesAround = 4;
// The maximum number of lines of other gaps that the new unit may serve as well.
constexpr std::size_t kMostLines = 200;
constexpr std::uint8_t kNoSkill = 0xff;
// Needs that a new unit may affect: those of the gap, those that hold what these could use, and
// those that hold what the latter could use; at most kMostAround.
constexpr int kSteps = 2;
constexpr std::size_t kMostAround = 2'000;

struct Key {
  Slot community;
  std::uint16_t resource;
  std::uint8_t time_kind;
  std::uint8_t certificate;
  std::uint8_t skill;  // kNoSkill: none
  std::uint8_t weekday;
  std::uint8_t hour;
  auto tuple() const {
    return std::tie(community, resource, time_kind, certificate, skill, weekday, hour);
  }
  friend bool operator==(const Key& a, const Key& b) { return a.tuple() == b.tuple(); }
  friend bool operator<(const Key& a, const Key& b) { return a.tuple() < b.tuple(); }
  friend std::size_t hash_value(const Key& k) {
    std::uint64_t h = k.community;
    for (const std::uint64_t part :
         {std::uint64_t{k.resource}, std::uint64_t{k.time_kind}, std::uint64_t{k.certificate},
          std::uint64_t{k.skill}, std::uint64_t{k.weekday}, std::uint64_t{k.hour}}) {
      h = h * 0x9E3779B97F4A7C15ULL + part + 1;
    }
    return static_cast<std::size_t>(h ^ h >> 32);
  }
};

// The first skill other than the one that every person has.
std::uint8_t skill_of(const LineRow& line, std::uint8_t ordinary) {
  SkillMask skills = line.skills;
  if (ordinary != kNoSkill) {
    SkillMask everybodys;
    everybodys.set(ordinary);
    skills.low &= ~everybodys.low;
    skills.high &= ~everybodys.high;
  }
  if (skills.low != 0) return static_cast<std::uint8_t>(std::countr_zero(skills.low));
  if (skills.high != 0) return static_cast<std::uint8_t>(64 + std::countr_zero(skills.high));
  return kNoSkill;
}

Key key_of(const State& state, const ClearLine& line, std::uint8_t ordinary) {
  const LineRow& row = state.line(line.ref);
  const Slot community = state.needs()[row.need].fairness;
  Key key{community, row.resource, row.time_kind, row.certificate, kNoSkill, 0, 0};
  if (row.time_kind == 0) return key;
  key.skill = skill_of(row, ordinary);
  const LocalMoment m = take_apart(state.zone().to_local(row.window.start));
  key.weekday = static_cast<std::uint8_t>(m.weekday);
  key.hour = static_cast<std::uint8_t>(m.minute / 60);
  return key;
}

// The sentences without their last part, which states how many more are served. For money they
// state what is missing, because the effect of one more fen is negligible.
void describe(const State& state, const Key& key, pb::SupplyGap& gap) {
  const pb::Area area = state.load_area(key.community);
  gap.set_area_code(area.code());
  gap.set_area_name(area.name());
  gap.set_weekday(key.weekday);
  gap.set_hour(key.hour);
  const pb::Taxonomy& taxonomy = state.taxonomy();
  if (key.time_kind == 0) {
    const pb::ResourceKind& resource = taxonomy.resources(key.resource);
    gap.set_kind(resource.term().code());
    if (is_money(resource)) {
      const AmountWords lacks = amount_words(taxonomy, 0, key.resource, gap.unmet_units());
      gap.set_zh(area.name() + "还缺" + resource.term().zh() + lacks.zh);
      gap.set_en(lacks.en + " of " + resource.term().en() + " are missing in " + area.name());
      return;
    }
    gap.set_zh(area.name() + "多一" + resource.unit_zh() + resource.term().zh());
    gap.set_en("One more " + resource.unit() + " of " + resource.term().en() + " in " +
               area.name());
    return;
  }
  const auto kind = static_cast<pb::TimeKind>(key.time_kind);
  gap.set_kind(ascii_lower(pb::TimeKind_Name(kind).substr(std::string_view("TIME_KIND_").size())));
  const pb::Term* asked = nullptr;
  if (key.certificate != 0xff) {
    asked = &taxonomy.certificates(key.certificate).term();
  } else if (key.skill != kNoSkill) {
    asked = &taxonomy.skills(key.skill);
  }
  if (asked != nullptr) gap.set_skill(asked->code());
  static constexpr const char* kDaysZh[] = {"一", "二", "三", "四", "五", "六", "日"};
  static constexpr const char* kDaysEn[] = {"Mondays", "Tuesdays",  "Wednesdays", "Thursdays",
                                            "Fridays", "Saturdays", "Sundays"};
  // In the order of TimeKind.
  static constexpr std::pair<const char*, const char*> kKinds[] = {
      {"名人员", "person"},
      {"名专业人员", "professional"},
      {"个场地座位", "seat of a venue"},
      {"个车辆座位", "seat in a vehicle"},
      {"套设备", "set of equipment"}};
  const auto& [kind_zh, kind_en] = kKinds[key.time_kind - 1];
  gap.set_zh(std::string("每周") + kDaysZh[key.weekday - 1] + std::to_string(key.hour) + "点在" +
             area.name() + "多一" + kind_zh + (asked != nullptr ? "（" + asked->zh() + "）" : ""));
  gap.set_en(std::string("One more ") + kind_en +
             (asked != nullptr ? " (" + asked->en() + ")" : "") + " on " +
             kDaysEn[key.weekday - 1] + " at " + std::to_string(key.hour) + ":00 in " +
             area.name());
}

}  // namespace

// Groups keep their addresses while the map grows.
struct GapFinder::Grouping {
  std::uint8_t ordinary = kNoSkill;  // the skill that every person has
  boost::unordered_flat_map<Key, Group*> by_key;
  std::deque<Group> all;
};

GapFinder::GapFinder(const Ranking& ranking, const Instance& instance, const Cleared& cleared,
                     const GapOptions& options)
    : ranking_(ranking),
      in_(instance),
      cleared_(cleared),
      options_(options),
      grouping_(std::make_unique<Grouping>()) {
  const auto general = ranking.state().vocabulary().find(WordList::kSkill, "general");
  grouping_->ordinary = static_cast<std::uint8_t>(general.value_or(kNoSkill));
}

GapFinder::~GapFinder() = default;

void GapFinder::add(std::size_t step) {
  const State& state = ranking_.state();
  const auto l = static_cast<std::uint32_t>(step);
  const ClearLine& line = in_.lines[l];
  std::int64_t lacks = line.missing;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    lacks -= cleared_.held[e];
  }
  if (lacks <= 0) return;
  const LineRow& row = state.line(line.ref);
  const NeedRow& need = state.needs()[row.need];
  if (options_.within != kNoSlot && !state.within(need.area, options_.within)) return;
  const auto [at, fresh] = grouping_->by_key.try_emplace(key_of(state, line, grouping_->ordinary));
  if (fresh) at->second = &grouping_->all.emplace_back();
  Group& g = *at->second;
  const auto metres = distance_metres(state.areas()[need.fairness].point, need.point);
  const std::int64_t value = ranking_.judge().newcomer(need, row, metres) / line.asked;
  g.stock = row.time_kind == 0;
  g.money = g.stock && is_money(state.taxonomy().resources(row.resource));
  g.estimate += value;
  g.gap.set_price_micro(std::max(g.gap.price_micro(), value));
  g.gap.set_unmet_units(g.gap.unmet_units() + lacks);
  if (!g.stock) {
    const auto minutes = (line.window.end - line.window.start).count() / 60;
    g.gap.set_unmet_unit_minutes(g.gap.unmet_unit_minutes() + lacks * minutes);
  }
  if (g.lines.size() < kMostLines) g.lines.push_back({l, value * in_.per_micro});
}

void GapFinder::choose() {
  std::vector<std::pair<Key, Group*>> order(grouping_->by_key.begin(), grouping_->by_key.end());
  const std::size_t tried = std::min(order.size(), options_.most * kTriedPerWanted);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(tried);
  std::partial_sort(order.begin(), end, order.end(), [](const auto& a, const auto& b) {
    if (a.second->estimate != b.second->estimate) return a.second->estimate > b.second->estimate;
    return a.first < b.first;
  });
  for (auto at = order.begin(); at != end; ++at) {
    describe(ranking_.state(), at->first, at->second->gap);
    groups_.push_back(std::move(*at->second));
  }
}

std::vector<pb::SupplyGap> GapFinder::find(const std::function<bool()>& keep_going) const {
  std::vector<pb::SupplyGap> gaps;
  for (const Group& g : groups_) {
    if (!keep_going()) break;
    const auto [gain, units] = try_one(g);
    pb::SupplyGap& gap = gaps.emplace_back(g.gap);
    gap.set_gain_micro(gain / in_.per_micro);
    gap.set_gain_units(units);
    if (g.money) continue;
    const bool people = gap.kind() == "people" || gap.kind() == "professional";
    const std::string count = std::to_string(units);
    gap.set_zh(gap.zh() + (people ? "，可多服务" + count + "人次" : "，可多满足" + count + "份"));
    gap.set_en(gap.en() + " would serve " + count + " more");
  }
  std::stable_sort(gaps.begin(), gaps.end(), [](const pb::SupplyGap& a, const pb::SupplyGap& b) {
    return a.gain_micro() > b.gain_micro();
  });
  if (gaps.size() > options_.most) gaps.resize(options_.most);
  return gaps;
}

// The needs of the gap, then those around them.
std::vector<std::uint32_t> GapFinder::needs_around(const Group& g) const {
  std::vector<std::uint32_t> needs;
  boost::unordered_flat_set<std::uint32_t> known;
  const auto add = [&](std::uint32_t need) {
    if (needs.size() < kMostAround && known.insert(need).second) needs.push_back(need);
  };
  for (const Short& s : g.lines) add(in_.lines[s.line].need);
  boost::unordered_flat_set<std::uint32_t> seen;
  const auto add_holders = [&](const Edge& edge) {
    for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) {
      if (!seen.insert(s).second) continue;
      for (const std::uint32_t user : in_.users_of(s)) {
        if (cleared_.held[user] > 0) add(in_.lines[in_.line_of_edge[user]].need);
      }
    }
  };
  std::size_t begin = 0;
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t end = needs.size();
    for (std::size_t i = begin; i < end; ++i) {
      const ClearNeed& need = in_.needs[needs[i]];
      for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
        for (const Edge& edge : in_.edges_of(in_.lines[l])) add_holders(edge);
      }
    }
    begin = end;
  }
  return needs;
}

// Copies an offer; needs that are not copied keep what they hold of it.
std::uint32_t GapFinder::copy_offer(std::uint32_t number, const std::vector<bool>& inside,
                                    Around& to) const {
  ClearOffer offer = in_.offers[number];
  const auto first = static_cast<std::uint32_t>(to.instance.slots.size());
  const auto copied = static_cast<std::uint32_t>(to.instance.offers.size());
  for (std::uint32_t s = offer.first_slot; s < offer.first_slot + offer.slots; ++s) {
    ClearSlot slot = in_.slots[s];
    slot.offer = copied;
    for (const std::uint32_t user : in_.users_of(s)) {
      if (!inside[in_.lines[in_.line_of_edge[user]].need]) slot.room -= cleared_.held[user];
    }
    to.instance.slots.push_back(slot);
    to.prices.push_back(cleared_.prices[s]);
  }
  offer.first_slot = first;
  to.instance.offers.push_back(offer);
  return copied;
}

// Adds a supplier with one unit of what the gap lacks.
std::uint32_t GapFinder::add_newcomer(const Group& g, Around& to) const {
  Instance& in = to.instance;
  const auto offer = static_cast<std::uint32_t>(in.offers.size());
  const auto first = static_cast<std::uint32_t>(in.slots.size());
  if (g.stock) {
    in.slots.push_back({Time{}, offer, 1});
  } else {
    std::vector<Interval> windows;
    windows.reserve(g.lines.size());
    for (const Short& s : g.lines) windows.push_back(in_.lines[s.line].window);
    for (const Instant& i : instants_of(windows, {}, 1)) in.slots.push_back({i.at, offer, 1});
  }
  const auto slots = static_cast<std::uint32_t>(in.slots.size()) - first;
  in.offers.push_back({kNoSlot, first, slots, 1});
  to.prices.resize(in.slots.size(), 0);
  return offer;
}

namespace {

// The new supplier's edge to a line: the slots of its offer in the window.
Edge newcomer_edge(const Instance& in, std::uint32_t offer, Worth unit, const Interval& window,
                   bool stock) {
  const ClearOffer& o = in.offers[offer];
  Edge edge{unit, offer, o.first_slot, stock ? 1U : 0U, 1};
  for (std::uint32_t s = o.first_slot; !stock && s < o.first_slot + o.slots; ++s) {
    if (in.slots[s].at < window.start) {
      edge.slot = s + 1;
    } else if (in.slots[s].at < window.end) {
      ++edge.slots;
    }
  }
  return edge;
}

}  // namespace

// Copies some needs with all offers that they could use, and the room that other needs leave.
GapFinder::Around GapFinder::copy(const Group& g, const std::vector<std::uint32_t>& needs,
                                  bool with_newcomer) const {
  Around to;
  Instance& out = to.instance;
  out.per_micro = in_.per_micro;
  std::vector<bool> inside(in_.needs.size(), false);
  for (const std::uint32_t n : needs) inside[n] = true;
  boost::unordered_flat_map<std::uint32_t, Worth> short_lines;
  for (const Short& s : g.lines) short_lines.emplace(s.line, s.unit);
  const std::uint32_t newcomer = with_newcomer ? add_newcomer(g, to) : 0;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> offers;
  for (const std::uint32_t n : needs) {
    ClearNeed need = in_.needs[n];
    const std::uint32_t first_line = need.first_line;
    need.first_line = static_cast<std::uint32_t>(out.lines.size());
    for (std::uint32_t l = first_line; l < first_line + need.lines; ++l) {
      ClearLine line = in_.lines[l];
      line.need = static_cast<std::uint32_t>(out.needs.size());
      line.first_edge = static_cast<std::uint32_t>(out.edges.size());
      const std::uint32_t first = in_.lines[l].first_edge;
      for (std::uint32_t e = first; e < first + line.edges; ++e) {
        Edge edge = in_.edges[e];
        const std::uint32_t old = edge.offer;
        const auto [it, fresh] = offers.try_emplace(old, 0);
        if (fresh) it->second = copy_offer(old, inside, to);
        edge.offer = it->second;
        edge.slot = edge.slot - in_.offers[old].first_slot + out.offers[edge.offer].first_slot;
        out.edges.push_back(edge);
        to.held.push_back(cleared_.held[e]);
      }
      if (const auto it = short_lines.find(l); with_newcomer && it != short_lines.end()) {
        out.edges.push_back(newcomer_edge(out, newcomer, it->second, line.window, g.stock));
        to.held.push_back(0);
        ++line.edges;
      }
      out.lines.push_back(line);
    }
    out.needs.push_back(need);
  }
  out.link();
  return to;
}

// Clears the needs around the gap again, with the unit and without it.
std::pair<Worth, std::int64_t> GapFinder::try_one(const Group& g) const {
  const std::vector<std::uint32_t> needs = needs_around(g);
  // The needs of the gap come first.
  boost::unordered_flat_set<std::uint32_t> of_gap;
  for (const Short& s : g.lines) of_gap.insert(in_.lines[s.line].need);
  std::vector<std::uint32_t> helped(std::min(of_gap.size(), needs.size()));
  for (std::uint32_t i = 0; i < helped.size(); ++i) helped[i] = i;
  const auto again = [&](const Around& around) {
    const Workers workers = alone;
    Improver improver(around.instance, around.prices, 1, workers);
    improver.start_from(around.held);
    improver.improve_around(helped, kTimesAround);
    std::int64_t units = 0;
    for (const std::int32_t h : improver.held()) units += h;
    return std::pair(improver.worth(), units);
  };
  const auto [without, units_without] = again(copy(g, needs, false));
  const auto [with, units_with] = again(copy(g, needs, true));
  return {std::max<Worth>(0, with - without),
          std::max<std::int64_t>(0, units_with - units_without)};
}

}  // namespace qiao
