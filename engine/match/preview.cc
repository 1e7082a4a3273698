#include "engine/match/preview.h"

#include <algorithm>
#include <string>

#include "engine/market/limits.h"
#include "engine/match/explain.h"

namespace qiao {
namespace {

constexpr std::size_t kBestShown = 5;
constexpr std::size_t kChangesShown = 5;
constexpr std::uint32_t kFartherMetres = 10'000;

struct Change {
  const char* code;
  std::string zh;
  std::string en;
  pb::RequirementLine line;
  std::uint32_t travel_m;
  bool moves = false;
};

// The same wall clock, some days on; right across a change of clocks.
pb::Window on_other_day(const pb::Window& w, const TimeZone& zone, int days) {
  const LocalTime start = zone.to_local(to_time(w.start()));
  const std::int64_t length = w.end() - w.start();
  pb::Window result;
  result.set_start(to_int(zone.to_utc(start + std::chrono::days{days})));
  result.set_end(result.start() + length);
  return result;
}

pb::Window at_hour(const pb::Window& w, const TimeZone& zone, int hour) {
  const LocalTime start = zone.to_local(to_time(w.start()));
  const auto midnight = std::chrono::floor<std::chrono::days>(start);
  pb::Window result;
  result.set_start(to_int(zone.to_utc(midnight + std::chrono::hours{hour})));
  result.set_end(result.start() + w.end() - w.start());
  return result;
}

std::vector<Change> changes(const pb::RequirementLine& line, const NeedRow& need, const TimeZone& zone, Time now) {
  std::vector<Change> result;
  auto moved = [&](const char* code, std::string zh, std::string en, const pb::Window& window) {
    if (to_time(window.start()) <= now || window.start() == line.window().start()) return;
    Change c{code, std::move(zh), std::move(en), line, need.travel_m, true};
    *c.line.mutable_window() = window;
    result.push_back(std::move(c));
  };
  if (line.has_time() && line.window().end() - line.window().start() <= 86'400) {
    const LocalMoment moment = take_apart(zone.to_local(to_time(line.window().start())));
    moved("day_earlier", "提前一天", "a day earlier", on_other_day(line.window(), zone, -1));
    moved("day_later", "推后一天", "a day later", on_other_day(line.window(), zone, 1));
    if (moment.weekday != 6) {
      moved("saturday", "改在周六", "on Saturday", on_other_day(line.window(), zone, (6 - static_cast<int>(moment.weekday) + 7) % 7));
    }
    if (moment.weekday != 7) moved("sunday", "改在周日", "on Sunday", on_other_day(line.window(), zone, 7 - static_cast<int>(moment.weekday)));
    if (moment.minute >= 12 * 60) {
      moved("morning", "改在上午9点", "at nine in the morning", at_hour(line.window(), zone, 9));
    } else {
      moved("afternoon", "改在下午2点", "at two in the afternoon", at_hour(line.window(), zone, 14));
    }
    if (!line.time().certificate().empty()) {
      Change c{"without_certificate", "不要求资质", "without the certificate", line, need.travel_m};
      c.line.mutable_time()->clear_certificate();
      c.line.mutable_time()->clear_certificate_level();
      result.push_back(std::move(c));
    }
    if (line.time().skills_size() > 0) {
      Change c{"without_skill", "不要求专门技能", "without the skills", line, need.travel_m};
      c.line.mutable_time()->clear_skills();
      result.push_back(std::move(c));
    }
  }
  if (need.travel_m < kFartherMetres) {
    result.push_back({"farther", "居民可到10公里内接受服务", "if people can come up to 10 km", line, kFartherMetres});
  }
  return result;
}

}  // namespace

pb::PreviewResponse preview(const Ranking& ranking, const pb::Need& sent, std::uint32_t only_line, Time now) {
  const State& state = ranking.state();
  pb::Need need = sent;
  need.set_state(pb::NEED_STATE_OPEN);
  if (!need.has_point()) {
    const Point p = state.areas()[state.areas().find(AreaCode{need.area_code()})].point;
    need.mutable_point()->set_latitude_e7(p.latitude_e7);
    need.mutable_point()->set_longitude_e7(p.longitude_e7);
  }
  NeedRow row;
  fill(row, need, state);
  pb::PreviewResponse response;
  for (int i = 0; i < need.lines_size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    if (only_line != 0 && only_line != number) continue;
    LineRow line;
    line.number = static_cast<std::uint8_t>(number);
    fill(line, need.lines(i), state);
    const auto now_count = ranking.count(row, line, now);
    pb::LinePreview& out = *response.add_lines();
    out.set_line(number);
    out.set_offers(static_cast<std::uint32_t>(now_count.offers));
    out.set_parties(static_cast<std::uint32_t>(now_count.parties));
    out.set_units(now_count.units);
    out.set_enough(now_count.units >= line.quantity);
    std::uint32_t rank = 0;
    for (const Candidate& c : ranking.candidates(row, line, kBestShown, now)) {
      *out.add_best() = to_ranked_pair(ranking, row, line, c, ++rank);
    }
    std::vector<std::pair<Ranking::Count, Change>> better;
    for (Change& change : changes(need.lines(i), row, state.zone(), now)) {
      LineRow other;
      other.number = line.number;
      fill(other, change.line, state);
      const std::uint32_t travel = std::exchange(row.travel_m, change.travel_m);
      const auto count = ranking.count(row, other, now);
      row.travel_m = travel;
      if (count.parties > now_count.parties) better.emplace_back(count, std::move(change));
    }
    std::stable_sort(better.begin(), better.end(), [](const auto& a, const auto& b) { return a.first.parties > b.first.parties; });
    for (std::size_t b = 0; b < std::min(better.size(), kChangesShown); ++b) {
      const auto& [count, change] = better[b];
      pb::PreviewChange& c = *out.add_changes();
      const std::string before = std::to_string(now_count.parties);
      const std::string after = std::to_string(count.parties);
      c.set_code(change.code);
      c.set_zh(change.zh + "：" + after + "家可接单，现在是" + before + "家");
      c.set_en(change.en + ": " + after + (count.parties == 1 ? " party" : " parties") + " instead of " + before);
      c.set_offers(static_cast<std::uint32_t>(count.offers));
      c.set_parties(static_cast<std::uint32_t>(count.parties));
      if (change.moves) *c.mutable_window() = change.line.window();
    }
  }
  return response;
}

}  // namespace qiao
