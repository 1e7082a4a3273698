#include "engine/match/preview.h"

#include <algorithm>
#include <string>

#include "engine/base/check.h"
#include "engine/match/explain.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

constexpr std::size_t kBestShown = 5;
constexpr std::size_t kChangesShown = 5;
constexpr std::uint32_t kFartherMetres = 10'000;
// Other days and hours, without a certificate or skills, farther.
constexpr std::size_t kMostChanges = 8;
constexpr std::size_t kStepsOfLine = 1 + kMostChanges;

// The same local time, some days later; correct across a change of clocks.
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

}  // namespace

Preview::Preview(const Ranking& ranking, const pb::Need& sent, std::uint32_t only_line, Time now)
    : ranking_(ranking), need_(sent), only_line_(only_line), now_(now) {
  const State& state = ranking.state();
  need_.set_state(pb::NEED_STATE_OPEN);
  if (!need_.has_point()) {
    const Point p = state.areas()[state.areas().find(AreaCode{need_.area_code()})].point;
    need_.mutable_point()->set_latitude_e7(p.latitude_e7);
    need_.mutable_point()->set_longitude_e7(p.longitude_e7);
  }
  fill(row_, need_, state);
}

std::size_t Preview::steps() const {
  return static_cast<std::size_t>(need_.lines_size()) * kStepsOfLine;
}

std::vector<Preview::Change> Preview::changes_of(const pb::RequirementLine& line,
                                                 const NeedRow& need, const TimeZone& zone,
                                                 Time now) {
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
      moved("saturday", "改在周六", "on Saturday",
            on_other_day(line.window(), zone, (6 - static_cast<int>(moment.weekday) + 7) % 7));
    }
    if (moment.weekday != 7)
      moved("sunday", "改在周日", "on Sunday",
            on_other_day(line.window(), zone, 7 - static_cast<int>(moment.weekday)));
    if (moment.minute >= 12 * 60) {
      moved("morning", "改在上午9点", "at nine in the morning", at_hour(line.window(), zone, 9));
    } else {
      moved("afternoon", "改在下午2点", "at two in the afternoon",
            at_hour(line.window(), zone, 14));
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
    result.push_back({"farther", "居民可到10公里内接受服务",
                      "if the beneficiaries can travel up to 10 km", line, kFartherMetres});
  }
  return result;
}

void Preview::add(std::size_t step) {
  const auto number = static_cast<std::uint32_t>(step / kStepsOfLine + 1);
  if (only_line_ != 0 && only_line_ != number) return;
  const std::size_t part = step % kStepsOfLine;
  if (part == 0) {
    begin_line(need_.lines(static_cast<int>(number) - 1), number);
  } else if (part <= changes_.size()) {
    count_change(std::move(changes_[part - 1]));
  }
  if (part + 1 == kStepsOfLine) finish_line();
}

void Preview::begin_line(const pb::RequirementLine& sent, std::uint32_t number) {
  LineRow line;
  line.number = static_cast<std::uint8_t>(number);
  fill(line, sent, ranking_.state());
  const auto count = ranking_.count(row_, line, now_);
  pb::LinePreview& out = *response_.add_lines();
  out.set_line(number);
  out.set_offers(static_cast<std::uint32_t>(count.offers));
  out.set_parties(static_cast<std::uint32_t>(count.parties));
  out.set_units(count.units);
  out.set_enough(count.units >= line.quantity);
  std::uint32_t rank = 0;
  for (const Candidate& c : ranking_.candidates(row_, line, kBestShown, now_)) {
    *out.add_best() = to_ranked_pair(ranking_, row_, line, c, ++rank);
  }
  changes_ = changes_of(sent, row_, ranking_.state().zone(), now_);
  QIAO_CHECK(changes_.size() <= kMostChanges, "each change has a step");
  better_.clear();
}

void Preview::count_change(Change change) {
  const pb::LinePreview& out = response_.lines(response_.lines_size() - 1);
  LineRow other;
  other.number = static_cast<std::uint8_t>(out.line());
  fill(other, change.line, ranking_.state());
  const std::uint32_t travel = std::exchange(row_.travel_m, change.travel_m);
  const auto count = ranking_.count(row_, other, now_);
  row_.travel_m = travel;
  if (count.parties > out.parties()) better_.emplace_back(count, std::move(change));
}

void Preview::finish_line() {
  pb::LinePreview& out = *response_.mutable_lines(response_.lines_size() - 1);
  std::stable_sort(better_.begin(), better_.end(),
                   [](const auto& a, const auto& b) { return a.first.parties > b.first.parties; });
  for (std::size_t b = 0; b < std::min(better_.size(), kChangesShown); ++b) {
    const auto& [count, change] = better_[b];
    pb::PreviewChange& c = *out.add_changes();
    const std::string before = std::to_string(out.parties());
    const std::string after = std::to_string(count.parties);
    c.set_code(change.code);
    c.set_zh(change.zh + "：" + after + "家能来，现在" + before + "家");
    c.set_en(change.en + ": " + after + (count.parties == 1 ? " party" : " parties") +
             " instead of " + before);
    c.set_offers(static_cast<std::uint32_t>(count.offers));
    c.set_parties(static_cast<std::uint32_t>(count.parties));
    if (change.moves) *c.mutable_window() = change.line.window();
  }
}

}  // namespace qiao
