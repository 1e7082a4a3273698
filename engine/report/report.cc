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

ReportCount::ReportCount(const State& state, const ReportScope& scope)
    : state_(state), scope_(scope), needs_(state.needs().size()) {}

std::uint32_t ReportCount::key_of(Slot need) const {
  const NeedProgress& progress = state_.progress(need);
  switch (scope_.by) {
    case ReportBy::kProgramme:
      return progress.programme;
    case ReportBy::kCategory:
      return state_.needs()[need].category;
    case ReportBy::kBeneficiary:
      return progress.beneficiary;
    case ReportBy::kArea:
      return state_.needs()[need].area;
    case ReportBy::kMonth: {
      const auto written = state_.zone().to_local(to_time(progress.created));
      return static_cast<std::uint32_t>(take_apart(written).date / 100);
    }
  }
  return 0;
}

std::string ReportCount::code_of(std::uint32_t key) const {
  const auto term = [&](WordList list) {
    return key == NeedProgress::kNoTerm ? std::string()
                                        : state_.vocabulary().term(list, key).code();
  };
  switch (scope_.by) {
    case ReportBy::kProgramme:
      return term(WordList::kProgramme);
    case ReportBy::kCategory:
      return term(WordList::kCategory);
    case ReportBy::kBeneficiary:
      return term(WordList::kBeneficiary);
    case ReportBy::kArea:
      return std::to_string(state_.areas()[key].id.value());
    case ReportBy::kMonth:
      return std::to_string(key);
  }
  return {};
}

pb::ReportRow ReportCount::counted(Slot slot) const {
  const NeedRow& need = state_.needs()[slot];
  pb::ReportRow one;
  one.set_needs(1);
  switch (need.state) {
    case pb::NEED_STATE_DONE:
    case pb::NEED_STATE_REVIEWED:
      one.set_served(1);
      break;
    case pb::NEED_STATE_REJECTED:
    case pb::NEED_STATE_CANCELLED:
    case pb::NEED_STATE_EXPIRED:
      one.set_ended(1);
      break;
    default:
      one.set_under_way(1);
  }
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    const LineRow& line = state_.line(l);
    if (line.time_kind != 0) one.set_asked_units(one.asked_units() + line.quantity);
  }
  if (const std::uint32_t stars = state_.progress(slot).stars; stars > 0) {
    one.set_reviews(1);
    one.set_stars(stars);
  }
  return one;
}

void ReportCount::add_services(Slot need, pb::ReportRow& row, Group& group) {
  for (Slot m = state_.needs()[need].first_match; m != kNoSlot;
       m = state_.matches()[m].next_of_need) {
    const MatchRow& match = state_.matches()[m];
    if (!served(match.state)) continue;
    const Slot party = state_.offers()[match.offer].party;
    group.parties.insert(party);
    if (party >= parties_.size()) parties_.resize(party + 1);
    if (!parties_[party]) total_.set_parties(total_.parties() + 1);
    parties_[party] = true;
    if (state_.offers()[match.offer].time_kind == 0) continue;
    const std::int64_t minutes = served_seconds(state_.load_match(m)) / 60;
    row.set_served_units(row.served_units() + match.quantity);
    row.set_served_minutes(row.served_minutes() + match.quantity * minutes);
  }
}

void ReportCount::add(std::size_t step) {
  const auto slot = static_cast<Slot>(step);
  const NeedRow& need = state_.needs()[slot];
  const Time created = to_time(state_.progress(slot).created);
  if (created < scope_.from || created >= scope_.to || need.state == pb::NEED_STATE_DRAFT) return;
  if (!in_part(state_, need.area, scope_.within)) return;
  const std::uint32_t key = key_of(slot);
  Group*& found = groups_[key];
  if (found == nullptr) {
    found = &all_.emplace_back();
    found->code = code_of(key);
  }
  Group& group = *found;
  pb::ReportRow one = counted(slot);
  add_services(slot, one, group);
  add_up(group.row, one);
  add_up(total_, one);
}

void ReportCount::name(pb::ReportRow& row) const {
  const std::string& code = row.code();
  const auto term = [&](WordList list) {
    const auto index = state_.vocabulary().find(list, code);
    if (!index) return;
    row.set_zh(state_.vocabulary().term(list, *index).zh());
    row.set_en(state_.vocabulary().term(list, *index).en());
  };
  switch (scope_.by) {
    case ReportBy::kProgramme:
      term(WordList::kProgramme);
      break;
    case ReportBy::kCategory:
      term(WordList::kCategory);
      break;
    case ReportBy::kBeneficiary:
      term(WordList::kBeneficiary);
      break;
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

void ReportCount::sort() {
  sorted_.reserve(all_.size());
  for (const Group& group : all_) sorted_.push_back(&group);
  std::sort(sorted_.begin(), sorted_.end(), [this](const Group* a, const Group* b) {
    if (scope_.by != ReportBy::kMonth && a->row.needs() != b->row.needs()) {
      return a->row.needs() > b->row.needs();
    }
    return a->code < b->code;
  });
}

pb::Report ReportCount::head() const {
  pb::Report r;
  if (scope_.within != kNoSlot) r.set_area_code(state_.areas()[scope_.within].id.value());
  r.set_by(std::string(kWords[static_cast<std::size_t>(scope_.by)]));
  r.set_from(to_int(scope_.from));
  r.set_to(to_int(scope_.to));
  *r.mutable_total() = total_;
  r.mutable_total()->set_zh("合计");
  r.mutable_total()->set_en("total");
  return r;
}

pb::ReportRow ReportCount::row(std::size_t place) const {
  const Group& group = *sorted_[place];
  pb::ReportRow row = group.row;
  row.set_code(group.code);
  row.set_parties(static_cast<std::uint32_t>(group.parties.size()));
  name(row);
  return row;
}

}  // namespace qiao
