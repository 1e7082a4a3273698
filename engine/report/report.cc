#include "engine/report/report.h"

#include <algorithm>

#include "engine/report/overview.h"

namespace qiao {
namespace {

constexpr std::string_view kWords[] = {"programme", "category", "beneficiary", "area", "month"};

void add_up(pb::ReportRow& into, const pb::ReportRow& one) {
  into.set_needs(into.needs() + one.needs());
  into.set_under_way(into.under_way() + one.under_way());
  into.set_served(into.served() + one.served());
  into.set_ended(into.ended() + one.ended());
  into.set_asked_units(into.asked_units() + one.asked_units());
  into.set_served_units(into.served_units() + one.served_units());
  into.set_served_minutes(into.served_minutes() + one.served_minutes());
  into.set_reviews(into.reviews() + one.reviews());
  into.set_stars(into.stars() + one.stars());
}

}  // namespace

std::optional<ReportBy> report_by(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (kWords[i] == word) return static_cast<ReportBy>(i);
  }
  return std::nullopt;
}

std::int64_t served_seconds(const pb::Match& match) {
  if (!served(match.state())) return 0;
  return std::max<std::int64_t>(0, match.checked_out_at() - match.checked_in_at());
}

ReportCount::ReportCount(const State& state, Slot within, ReportBy by, Time from, Time to) : state_(state), within_(within), by_(by), from_(from), to_(to) {}

std::string ReportCount::code_of(const pb::Need& need) const {
  switch (by_) {
    case ReportBy::kProgramme: return need.programme();
    case ReportBy::kCategory: return need.category();
    case ReportBy::kBeneficiary: return need.beneficiary();
    case ReportBy::kArea: return std::to_string(need.area_code());
    case ReportBy::kMonth: return std::to_string(take_apart(state_.zone().to_local(to_time(need.created_at()))).date / 100);
  }
  return {};
}

void ReportCount::add(Slot slot) {
  const NeedRow& row = state_.needs()[slot];
  if (!in_part(state_, row.area, within_)) return;
  const pb::Need need = state_.load_need(slot);
  if (need.created_at() < to_int(from_) || need.created_at() >= to_int(to_) || need.state() == pb::NEED_STATE_DRAFT) return;
  pb::ReportRow one;
  one.set_needs(1);
  switch (need.state()) {
    case pb::NEED_STATE_DONE:
    case pb::NEED_STATE_REVIEWED: one.set_served(1); break;
    case pb::NEED_STATE_REJECTED:
    case pb::NEED_STATE_CANCELLED:
    case pb::NEED_STATE_EXPIRED: one.set_ended(1); break;
    default: one.set_under_way(1);
  }
  for (const pb::RequirementLine& line : need.lines()) {
    if (line.has_time()) one.set_asked_units(one.asked_units() + line.quantity());
  }
  if (need.review().stars() > 0) {
    one.set_reviews(1);
    one.set_stars(need.review().stars());
  }
  Group& group = groups_[code_of(need)];
  for (Slot m = row.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
    const MatchRow& match = state_.matches()[m];
    if (!served(match.state)) continue;
    const Slot party = state_.offers()[match.offer].party;
    group.parties.insert(party);
    total_.parties.insert(party);
    if (state_.offers()[match.offer].time_kind == 0) continue;
    one.set_served_units(one.served_units() + match.quantity);
    one.set_served_minutes(one.served_minutes() + match.quantity * (served_seconds(state_.load_match(m)) / 60));
  }
  add_up(group.row, one);
  add_up(total_.row, one);
}

void ReportCount::name(pb::ReportRow& row) const {
  const std::string& code = row.code();
  const auto term = [&](WordList list) {
    const auto index = state_.vocabulary().find(list, code);
    if (!index) return;
    row.set_zh(state_.vocabulary().term(list, *index).zh());
    row.set_en(state_.vocabulary().term(list, *index).en());
  };
  switch (by_) {
    case ReportBy::kProgramme: term(WordList::kProgramme); break;
    case ReportBy::kCategory: term(WordList::kCategory); break;
    case ReportBy::kBeneficiary: term(WordList::kBeneficiary); break;
    case ReportBy::kArea: {
      const std::string area = state_.area_name(state_.areas().find(AreaCode{std::stoull(code)}));
      row.set_zh(area);
      row.set_en(area);
      break;
    }
    case ReportBy::kMonth:
      row.set_zh(code.substr(0, 4) + "年" + std::to_string(std::stoi(code.substr(4))) + "月");
      row.set_en(code.substr(0, 4) + "-" + code.substr(4));
      break;
  }
  if (code.empty()) {
    row.set_zh("未填写");
    row.set_en("none");
  }
}

pb::Report ReportCount::finish() {
  pb::Report r;
  if (within_ != kNoSlot) r.set_area_code(state_.areas()[within_].id.value());
  r.set_by(std::string(kWords[static_cast<std::size_t>(by_)]));
  r.set_from(to_int(from_));
  r.set_to(to_int(to_));
  for (auto& [code, group] : groups_) {
    group.row.set_code(code);
    group.row.set_parties(static_cast<std::uint32_t>(group.parties.size()));
    name(group.row);
    *r.add_rows() = group.row;
  }
  std::sort(r.mutable_rows()->begin(), r.mutable_rows()->end(), [&](const auto& a, const auto& b) {
    if (by_ != ReportBy::kMonth && a.needs() != b.needs()) return a.needs() > b.needs();
    return a.code() < b.code();
  });
  total_.row.set_parties(static_cast<std::uint32_t>(total_.parties.size()));
  total_.row.set_zh("合计");
  total_.row.set_en("total");
  *r.mutable_total() = total_.row;
  return r;
}

}  // namespace qiao
