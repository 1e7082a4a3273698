#include "engine/clear/gaps.h"

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <tuple>

#include "engine/base/fixed.h"
#include "engine/clear/collect.h"
#include "engine/clear/improve.h"

namespace qiao {
namespace {

// Gaps that are tried, beyond those that are wanted, since the estimate that orders them is rough.
constexpr std::size_t kTriedPerWanted = 2;
constexpr int kTimesAround = 4;
// Lines of other gaps that the new unit may serve as well.
constexpr std::size_t kMostLines = 200;

struct Key {
  Slot community;
  std::uint16_t resource;
  std::uint8_t time_kind;
  std::uint8_t certificate;
  std::uint8_t skill;  // 0xff: none
  std::uint8_t weekday;
  std::uint8_t hour;
  auto tuple() const { return std::tie(community, resource, time_kind, certificate, skill, weekday, hour); }
  friend bool operator==(const Key& a, const Key& b) { return a.tuple() == b.tuple(); }
  friend bool operator<(const Key& a, const Key& b) { return a.tuple() < b.tuple(); }
  friend std::size_t hash_value(const Key& k) {
    std::uint64_t h = k.community;
    for (const std::uint64_t part : {std::uint64_t{k.resource}, std::uint64_t{k.time_kind}, std::uint64_t{k.certificate}, std::uint64_t{k.skill},
                                     std::uint64_t{k.weekday}, std::uint64_t{k.hour}}) {
      h = h * 0x9E3779B97F4A7C15ULL + part + 1;
    }
    return static_cast<std::size_t>(h ^ h >> 32);
  }
};

// The first skill that is not everybody's.
std::uint8_t skill_of(const LineRow& line, std::uint8_t ordinary) {
  SkillMask skills = line.skills;
  if (ordinary < 64) skills.low &= ~(std::uint64_t{1} << ordinary);
  if (skills.low != 0) return static_cast<std::uint8_t>(std::countr_zero(skills.low));
  if (skills.high != 0) return static_cast<std::uint8_t>(64 + std::countr_zero(skills.high));
  return 0xff;
}

Key key_of(const State& state, const ClearLine& line, std::uint8_t ordinary) {
  const LineRow& row = state.line(line.ref);
  Key key{state.needs()[row.need].fairness, row.resource, row.time_kind, row.certificate, 0xff, 0, 0};
  if (row.time_kind == 0) return key;
  key.skill = skill_of(row, ordinary);
  const LocalMoment m = take_apart(state.zone().to_local(row.window.start));
  key.weekday = static_cast<std::uint8_t>(m.weekday);
  key.hour = static_cast<std::uint8_t>(m.minute / 60);
  return key;
}

// Sentences without their last part, which says how many more are served.
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
    gap.set_zh(area.name() + "多一" + resource.unit_zh() + resource.term().zh());
    gap.set_en("One more " + resource.unit() + " of " + resource.term().en() + " in " + area.name());
    return;
  }
  const auto kind = static_cast<pb::TimeKind>(key.time_kind);
  std::string code = pb::TimeKind_Name(kind).substr(std::string_view("TIME_KIND_").size());
  std::transform(code.begin(), code.end(), code.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  gap.set_kind(code);
  const pb::Term* asked = nullptr;
  if (key.certificate != 0xff) {
    asked = &taxonomy.certificates(key.certificate).term();
  } else if (key.skill != 0xff) {
    asked = &taxonomy.skills(key.skill);
  }
  if (asked != nullptr) gap.set_skill(asked->code());
  static constexpr const char* kDaysZh[] = {"一", "二", "三", "四", "五", "六", "日"};
  static constexpr const char* kDaysEn[] = {"Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"};
  // In the order of TimeKind.
  static constexpr std::pair<const char*, const char*> kKinds[] = {{"名志愿者", "volunteer"}, {"名专业人员", "professional"}, {"个场地座位", "seat of a venue"},
                                                                  {"个车辆座位", "seat in a vehicle"}, {"套设备", "set of equipment"}};
  const auto& [kind_zh, kind_en] = kKinds[key.time_kind - 1];
  gap.set_zh(std::string("每周") + kDaysZh[key.weekday - 1] + std::to_string(key.hour) + "点在" + area.name() + "多一" + kind_zh + (asked != nullptr ? "（" + asked->zh() + "）" : ""));
  gap.set_en(std::string("One more ") + kind_en + (asked != nullptr ? " (" + asked->en() + ")" : "") + " on " + kDaysEn[key.weekday - 1] + " at " + std::to_string(key.hour) +
             ":00 in " + area.name());
}

}  // namespace

GapFinder::GapFinder(const Ranking& ranking, const Instance& instance, const Cleared& cleared, const GapOptions& options)
    : in_(instance), cleared_(cleared), options_(options) {
  const State& state = ranking.state();
  const auto ordinary = static_cast<std::uint8_t>(state.vocabulary().find(WordList::kSkill, "general").value_or(0xff));
  boost::unordered_flat_map<Key, Group> groups;
  for (std::uint32_t l = 0; l < in_.lines.size(); ++l) {
    const ClearLine& line = in_.lines[l];
    std::int64_t lacks = line.missing;
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) lacks -= cleared_.held[e];
    if (lacks <= 0) continue;
    const LineRow& row = state.line(line.ref);
    const NeedRow& need = state.needs()[row.need];
    if (options_.within != kNoSlot && !state.within(need.area, options_.within)) continue;
    Group& g = groups[key_of(state, line, ordinary)];
    const std::int64_t value = ranking.judge().newcomer(need, row, distance_metres(state.areas()[need.fairness].point, need.point)) / line.asked;
    g.stock = row.time_kind == 0;
    g.estimate += value;
    g.gap.set_price_micro(std::max(g.gap.price_micro(), value));
    g.gap.set_unmet_units(g.gap.unmet_units() + lacks);
    if (!g.stock) g.gap.set_unmet_unit_minutes(g.gap.unmet_unit_minutes() + lacks * ((line.window.end - line.window.start).count() / 60));
    if (g.lines.size() < kMostLines) g.lines.push_back({l, value * in_.per_micro});
  }
  std::vector<std::pair<Key, Group*>> order;
  for (auto& [key, g] : groups) order.emplace_back(key, &g);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second->estimate != b.second->estimate ? a.second->estimate > b.second->estimate : a.first < b.first;
  });
  if (order.size() > options_.most * kTriedPerWanted) order.resize(options_.most * kTriedPerWanted);
  for (const auto& [key, g] : order) {
    describe(state, key, g->gap);
    groups_.push_back(std::move(*g));
  }
}

std::vector<pb::SupplyGap> GapFinder::find() const {
  std::vector<pb::SupplyGap> gaps;
  for (const Group& g : groups_) {
    const auto [gain, units] = try_one(g);
    pb::SupplyGap& gap = gaps.emplace_back(g.gap);
    gap.set_gain_micro(gain / in_.per_micro);
    gap.set_gain_units(units);
    gap.set_zh(gap.zh() + "，可多满足" + std::to_string(units) + "个单位的需求");
    gap.set_en(gap.en() + " would serve " + std::to_string(units) + " more");
  }
  std::stable_sort(gaps.begin(), gaps.end(), [](const pb::SupplyGap& a, const pb::SupplyGap& b) { return a.gain_micro() > b.gain_micro(); });
  if (gaps.size() > options_.most) gaps.resize(options_.most);
  return gaps;
}

// The needs around cleared again, with the unit and without it.
std::pair<Worth, std::int64_t> GapFinder::try_one(const Group& g) const {
  Instance more = in_;
  const auto offer = static_cast<std::uint32_t>(more.offers.size());
  const auto first_slot = static_cast<std::uint32_t>(more.slots.size());
  std::vector<Interval> windows;
  windows.reserve(g.lines.size());
  for (const Short& s : g.lines) windows.push_back(in_.lines[s.line].window);
  if (g.stock) {
    more.slots.push_back({Time{}, offer, 1});
  } else {
    for (const Instant& i : instants_of(windows, {}, 1)) more.slots.push_back({i.at, offer, 1});
  }
  more.offers.push_back({kNoSlot, first_slot, static_cast<std::uint32_t>(more.slots.size()) - first_slot, 1});
  // Edges of a line lie one after another: those behind it move up.
  std::vector<Edge> edges;
  Allocation held;
  edges.reserve(in_.edges.size() + g.lines.size());
  held.reserve(in_.edges.size() + g.lines.size());
  std::size_t next = 0;
  for (std::uint32_t l = 0; l < more.lines.size(); ++l) {
    ClearLine& line = more.lines[l];
    const auto begin = static_cast<std::uint32_t>(edges.size());
    edges.insert(edges.end(), in_.edges.begin() + line.first_edge, in_.edges.begin() + line.first_edge + line.edges);
    held.insert(held.end(), cleared_.held.begin() + line.first_edge, cleared_.held.begin() + line.first_edge + line.edges);
    line.first_edge = begin;
    if (next == g.lines.size() || g.lines[next].line != l) continue;
    Edge edge{g.lines[next++].unit, offer, first_slot, g.stock ? 1U : 0U, 1};
    for (std::uint32_t s = first_slot; !g.stock && s < more.slots.size(); ++s) {
      if (more.slots[s].at < line.window.start) {
        edge.slot = s + 1;
      } else if (more.slots[s].at < line.window.end) {
        ++edge.slots;
      }
    }
    edges.push_back(edge);
    held.push_back(0);
    ++line.edges;
  }
  more.edges = std::move(edges);
  more.link();
  std::vector<std::uint32_t> needs;
  for (const Short& s : g.lines) {
    if (needs.empty() || needs.back() != in_.lines[s.line].need) needs.push_back(in_.lines[s.line].need);
  }
  std::vector<Worth> prices = cleared_.prices;
  prices.resize(more.slots.size(), 0);
  const Workers workers = alone;
  const auto again = [&](const Instance& instance, const Allocation& from) {
    Improver improver(instance, prices, 1, workers);
    improver.settle(from);
    improver.improve_around(needs, kTimesAround);
    std::int64_t units = 0;
    for (const std::int32_t h : improver.held()) units += h;
    return std::pair(improver.worth(), units);
  };
  const auto [without, units_without] = again(in_, cleared_.held);
  const auto [with, units_with] = again(more, held);
  return {std::max<Worth>(0, with - without), std::max<std::int64_t>(0, units_with - units_without)};
}

}  // namespace qiao
