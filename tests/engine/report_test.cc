// What is counted, against a count that shares nothing with it.
#include "engine/report/report.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/report/calendar.h"
#include "engine/report/inbox.h"
#include "engine/report/overview.h"
#include "engine/report/record.h"
#include "engine/report/trial.h"
#include "engine/report/workforce.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

// A city in which something of everything has happened.
struct Lively : City {
  std::uint64_t team1 = team("甲队");
  std::uint64_t team2 = party(pb::PARTY_KIND_VOLUNTEER_TEAM, "乙队", kOtherCommunity);
  std::uint64_t firm = party(pb::PARTY_KIND_ENTERPRISE, "企业");
  std::uint64_t people1 = post(offer(team1).people(10));
  std::uint64_t people2 = post(offer(team2).people(5));
  std::uint64_t rice = post(offer(firm).stock("rice", 100));
  std::uint64_t served = 0, waiting = 0, submitted = 0, rejected = 0, meal = 0;

  Lively() {
    pb::Need first = need().people(4);
    first.set_programme("micro_wish");
    served = post(first);
    const std::uint64_t m = claim(served, people1, 4);
    meal = post(need().stock("rice", 30));
    const std::uint64_t given = claim(meal, rice, 30);
    waiting = post(need().people(50).in(kOtherCommunity));
    claim(waiting, people2, 5);
    submitted = post(need().people(1), pb::NEED_STATE_SUBMITTED);
    rejected = post(need().people(1), pb::NEED_STATE_SUBMITTED);
    EXPECT_TRUE(move_need(rejected, pb::NEED_VERB_REJECT));
    now = at(57);
    EXPECT_TRUE(move(m, pb::MATCH_VERB_CHECK_IN));
    EXPECT_TRUE(move(given, pb::MATCH_VERB_CHECK_IN));
    now = at(60);
    EXPECT_TRUE(move(m, pb::MATCH_VERB_CHECK_OUT));
    EXPECT_TRUE(move(given, pb::MATCH_VERB_CHECK_OUT));
    pb::Command review = by(pb::ROLE_LEAD);
    review.mutable_review_need()->set_need_id(served);
    review.mutable_review_need()->set_stars(4);
    must(review);
  }
  pb::Overview overview(Slot within = kNoSlot) {
    OverviewCount count(state(), within, now, at(0));
    for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
    return count.finish();
  }
  pb::Report report(ReportBy by, Slot within = kNoSlot) {
    ReportCount count(state(), {within, by, at(0), at(1000)});
    for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
    count.sort();
    pb::Report r = count.head();
    for (std::size_t i = 0; i < count.rows(); ++i) *r.add_rows() = count.row(i);
    return r;
  }
  Slot area(std::uint64_t code) { return state().areas().find(AreaCode{code}); }
};

TEST(Overview, CountsStatesStepsAndWhatWaits) {
  Lively c;
  const pb::Overview o = c.overview();
  std::map<pb::NeedState, std::uint32_t> naive;
  for (Slot n = 0; n < c.state().needs().size(); ++n) ++naive[c.state().load_need(n).state()];
  std::uint32_t all = 0;
  for (const auto& s : o.needs()) {
    EXPECT_EQ(s.needs(), naive[s.state()]) << s.state();
    all += s.needs();
  }
  EXPECT_EQ(all, c.state().needs().size());
  std::map<std::string, pb::FunnelStep> steps;
  for (const auto& s : o.funnel()) steps[s.step()] = s;
  EXPECT_EQ(steps["opened"].needs(), 3U);
  EXPECT_EQ(steps["done"].needs(), 2U);
  EXPECT_EQ(steps["reviewed"].needs(), 1U);
  EXPECT_EQ(steps["started"].median_s(), 57 * 3600);
  EXPECT_EQ(steps["done"].median_s(), 3 * 3600);
  ASSERT_EQ(o.waiting_size(), 1);
  EXPECT_EQ(o.waiting(0).need_id(), c.waiting);
  EXPECT_EQ(o.waiting(0).missing_units(), 45);
  ASSERT_EQ(o.parties_size(), 3);
  EXPECT_EQ(o.parties(0).active(), 2U);
  for (const auto& a : o.areas()) {
    if (a.area_code() == kOtherCommunity) {
      EXPECT_EQ(a.open_needs(), 1U);
      EXPECT_EQ(a.missing_units(), 45);
      EXPECT_EQ(a.filled_micro(), a.asked_micro() / 10);
      EXPECT_EQ(a.parties(), 1U);
    }
  }
}

TEST(Overview, OfAPartLooksAtThatPartOnly) {
  Lively c;
  const pb::Overview o = c.overview(c.area(kTown));
  EXPECT_EQ(o.waiting_size(), 0);
  EXPECT_EQ(o.parties(0).active(), 1U);
  for (const auto& a : o.areas()) EXPECT_EQ(a.area_code() / 1000, kTown / 1000);
}

TEST(Overview, KeepsTheTenThatWaitedLongestInOrder) {
  City c;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 25; ++i) {
    c.now = at(i % 7 + 0.01 * i);
    ids.push_back(c.post(need().people(1).on(hours(100, 102))));
  }
  OverviewCount count(c.state(), kNoSlot, c.now, at(0));
  for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
  std::vector<std::pair<std::int64_t, std::uint64_t>> naive;
  for (const auto id : ids) naive.emplace_back(c.need_row(id).opened_at(), id);
  std::sort(naive.begin(), naive.end());
  const pb::Overview o = count.finish();
  ASSERT_EQ(o.waiting_size(), 10);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(o.waiting(i).need_id(), naive[static_cast<std::size_t>(i)].second);
}

TEST(Overview, OfAProvinceIsByTownsOrCities) {
  City c;
  const auto put_area = [&](std::uint64_t code, std::uint64_t parent, pb::AreaLevel level) {
    pb::Command put = by(pb::ROLE_LEAD);
    pb::Area& a = *put.mutable_put_area();
    a.set_code(code);
    a.set_parent_code(parent);
    a.set_level(level);
    a.set_name("某地");
    c.must(put);
  };
  for (std::uint64_t i = 0; i < 600; ++i) {
    const std::uint64_t town = kCity + (10 + i / 20) * 1000;
    if (i % 20 == 0) put_area(town, kCity, pb::AREA_LEVEL_TOWN);
    put_area(town + 1 + i % 20, town, pb::AREA_LEVEL_COMMUNITY);
    c.post(need().people(2).in(town + 1 + i % 20));
  }
  OverviewCount count(c.state(), kNoSlot, c.now, at(0));
  for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
  const pb::Overview o = count.finish();
  EXPECT_EQ(o.areas_level(), pb::AREA_LEVEL_TOWN);
  ASSERT_EQ(o.areas_size(), 30);
  for (const auto& a : o.areas()) {
    EXPECT_EQ(a.open_needs(), 20U);
    EXPECT_EQ(a.missing_units(), 40);
    EXPECT_EQ(a.asked_micro(), 20'000'000);
  }
}

TEST(Report, GroupsAddUpToTheWholeWhateverTheyAreBy) {
  Lively c;
  for (const ReportBy by : {ReportBy::kProgramme, ReportBy::kCategory, ReportBy::kBeneficiary,
                            ReportBy::kArea, ReportBy::kMonth}) {
    const pb::Report r = c.report(by);
    std::uint32_t needs = 0, served = 0, ended = 0;
    std::int64_t units = 0, minutes = 0;
    for (const auto& row : r.rows()) {
      needs += row.needs();
      served += row.served();
      ended += row.ended();
      units += row.served_units();
      minutes += row.served_minutes();
      EXPECT_FALSE(row.zh().empty());
      EXPECT_FALSE(row.en().empty());
    }
    EXPECT_EQ(needs, 5U);
    EXPECT_EQ(r.total().needs(), needs);
    EXPECT_EQ(r.total().served(), served);
    EXPECT_EQ(served, 2U);
    EXPECT_EQ(r.total().ended(), ended);
    EXPECT_EQ(units, 4) << "rice is no service of people";
    EXPECT_EQ(minutes, 4 * 180);
    EXPECT_EQ(r.total().parties(), 2U);
    EXPECT_EQ(r.total().stars(), 4U);
  }
}

TEST(Record, HoursGoodsWishesAndStarsAreComputed) {
  Lively c;
  const auto record = [&](std::uint64_t party) {
    return service_record(c.state(), c.state().parties().find(PartyId{party}), true);
  };
  const pb::ServiceRecord team = record(c.team1);
  EXPECT_EQ(team.services(), 1U);
  EXPECT_EQ(team.minutes(), 4 * 180);
  EXPECT_EQ(team.micro_wishes(), 1U);
  EXPECT_EQ(team.stars(), 4U);
  ASSERT_EQ(team.entries_size(), 1);
  EXPECT_EQ(team.entries(0).quantity(), 4);
  EXPECT_TRUE(team.entries(0).verified());
  const pb::ServiceRecord firm = record(c.firm);
  EXPECT_EQ(firm.minutes(), 0);
  ASSERT_EQ(firm.goods_size(), 1);
  EXPECT_EQ(firm.goods(0).resource(), "rice");
  EXPECT_EQ(firm.goods(0).quantity(), 30);
  EXPECT_EQ(record(c.team2).services(), 0U);
  RecognitionCount count(c.state(), pb::PARTY_KIND_ENTERPRISE, kNoSlot, 5);
  for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
  const pb::ListRecognitionResponse best = count.finish();
  ASSERT_EQ(best.records_size(), 1);
  EXPECT_EQ(best.records(0).party_id(), c.firm);
}

TEST(Record, StarsComeWithTheHoursOfThePolicy) {
  pb::RecognitionPolicy p;
  for (const std::uint32_t h : {100U, 300U, 600U, 1000U, 1500U}) p.add_star_hours(h);
  EXPECT_EQ(star_rating(p, 100 * 60 - 1), 0U);
  EXPECT_EQ(star_rating(p, 100 * 60), 1U);
  EXPECT_EQ(star_rating(p, 1500 * 60), 5U);
  EXPECT_EQ(star_rating({}, 1500 * 60), 0U);
}

TEST(Workforce, IsMeasuredAgainstTheStandardAndPaidByLevel) {
  City c;
  pb::Command area = by(pb::ROLE_LEAD);
  *area.mutable_put_area() = c.state().load_area(c.state().areas().find(AreaCode{kTown}));
  area.mutable_put_area()->set_population(10'001);
  c.must(area);
  const std::uint64_t station = c.organiser(kTown);
  const auto person = [&](pb::Workforce kind, std::uint32_t level, std::int64_t expires = 0) {
    pb::Command put = by(pb::ROLE_LEAD);
    pb::Person& p = *put.mutable_put_person();
    p.set_party_id(station);
    p.set_name("某某");
    p.set_workforce(kind);
    if (level > 0) {
      p.add_certificates()->set_code("social_worker");
      p.mutable_certificates(0)->set_level(level);
      p.mutable_certificates(0)->set_expires_at(expires);
    }
    return c.must(put);
  };
  person(pb::WORKFORCE_COMMUNITY_WORKER, 1);
  person(pb::WORKFORCE_COMMUNITY_WORKER, 3);
  person(pb::WORKFORCE_COMMUNITY_WORKER, 2, to_int(at(5)));
  person(pb::WORKFORCE_SOCIAL_WORK_PROFESSIONAL, 2);
  person(pb::WORKFORCE_PARTY_AFFAIRS_WORKER, 0);
  person(pb::WORKFORCE_UNSPECIFIED, 0);
  c.now = at(10);
  WorkforceCount count(c.state(), kNoSlot, c.now);
  for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
  count.sort();
  pb::WorkforceReport r = count.head();
  for (std::size_t i = 0; i < count.rows(); ++i) *r.add_areas() = count.row(i);
  EXPECT_EQ(r.per_10000(), 18U);
  EXPECT_EQ(r.total().community_workers(), 3U);
  EXPECT_EQ(r.total().volunteers(), 1U);
  EXPECT_EQ(r.total().party_affairs_workers(), 1U);
  EXPECT_EQ(r.total().licensed(0), 1U);
  EXPECT_EQ(r.total().licensed(1), 1U) << "the other has expired";
  EXPECT_EQ(r.total().licensed(2), 1U);
  // 100 yuan at level 1; who stands above the highest level that is paid gets what that level gets.
  EXPECT_EQ(r.total().monthly_fen(), 10'000 + 30'000);
  bool there = false;
  for (const auto& row : r.areas()) {
    if (row.area_code() != kTown) continue;
    there = true;
    EXPECT_EQ(row.standard(), 19U) << "18 for each 10,000, rounded up";
  }
  EXPECT_TRUE(there);
}

// A community has no area below it: its row is the whole.
TEST(Workforce, ACommunitysRowHasItsResidentsAndItsStandard) {
  City c;
  pb::Command area = by(pb::ROLE_LEAD);
  *area.mutable_put_area() = c.state().load_area(c.state().areas().find(AreaCode{kCommunity}));
  area.mutable_put_area()->set_population(8'000);
  c.must(area);
  pb::Command put = by(pb::ROLE_LEAD);
  put.mutable_put_person()->set_party_id(c.organiser(kCommunity));
  put.mutable_put_person()->set_name("某某");
  put.mutable_put_person()->set_workforce(pb::WORKFORCE_COMMUNITY_WORKER);
  c.must(put);
  WorkforceCount count(c.state(), c.state().areas().find(AreaCode{kCommunity}), c.now);
  for (std::size_t i = 0; i < count.steps(); ++i) count.add(i);
  count.sort();
  ASSERT_EQ(count.rows(), 1U);
  EXPECT_EQ(count.row(0).population(), 8'000U);
  EXPECT_EQ(count.row(0).standard(), count.head().total().standard());
  EXPECT_EQ(count.row(0).standard(), 15U);
}

TEST(Inbox, HoldsWhatFallsToWhoeverAsks) {
  Lively c;
  const std::uint64_t station = c.organiser(kCommunity);
  const auto kinds = [&](pb::Role role, std::uint64_t party) {
    std::multiset<pb::InboxKind> all;
    const pb::Command asks = by(role, party);
    const pb::Inbox waits = inbox(c.state(), asks.actor(), c.now);
    for (const auto& item : waits.items()) all.insert(item.kind());
    return all;
  };
  using Kinds = std::multiset<pb::InboxKind>;
  // A review verifies; the rice waits for its own.
  EXPECT_EQ(kinds(pb::ROLE_ORGANISER, station),
            (Kinds{pb::INBOX_KIND_CHECK_NEED, pb::INBOX_KIND_VERIFY_SERVICE,
                   pb::INBOX_KIND_REVIEW_NEED}));
  EXPECT_EQ(kinds(pb::ROLE_LEAD, 0), Kinds{}) << "nothing was escalated to the city";
  EXPECT_EQ(kinds(pb::ROLE_SUPPLIER, c.team2), Kinds{pb::INBOX_KIND_CHECK_IN});
  const std::uint64_t asked = c.post(need().people(3).on(hours(200, 202)));
  c.dispatch(asked, c.people1, 3);
  EXPECT_EQ(kinds(pb::ROLE_SUPPLIER, c.team1), Kinds{pb::INBOX_KIND_ANSWER_DISPATCH});
  EXPECT_EQ(kinds(pb::ROLE_MEMBER, c.team1), Kinds{}) << "a member does not answer for its team";
}

TEST(Calendar, FoldsLinesAndNeverACharacter) {
  EXPECT_EQ(fold_line("SUMMARY:短"), "SUMMARY:短\r\n");
  const std::string folded = fold_line("DESCRIPTION:" + std::string(40, 'x') +
                                       "陪独居老人看病陪独居老人看病陪独居老人看病");
  std::string unfolded;
  std::size_t at = 0;
  while (at < folded.size()) {
    const auto end = folded.find("\r\n", at);
    ASSERT_LE(end - at, 75U);
    std::string line = folded.substr(at, end - at);
    if (at > 0) {
      ASSERT_EQ(line[0], ' ');
      line.erase(0, 1);
    }
    EXPECT_NE(static_cast<unsigned char>(line[0]) & 0xC0U, 0x80U) << "a character was cut";
    unfolded += line;
    at = end + 2;
  }
  EXPECT_EQ(unfolded,
            "DESCRIPTION:" + std::string(40, 'x') + "陪独居老人看病陪独居老人看病陪独居老人看病");
}

TEST(Calendar, HasWhatWasAcceptedAndWhatIsAsked) {
  Lively c;
  const std::uint64_t asked = c.post(need().people(2).on(hours(200, 202)));
  const std::uint64_t match = c.dispatch(asked, c.people1, 2);
  const auto page_of = [](MatchId m) {
    return "https://qiao.example.cn/" + std::to_string(m.value());
  };
  const std::string text =
      calendar(c.state(), c.state().parties().find(PartyId{c.team1}), c.now, page_of);
  EXPECT_TRUE(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"));
  EXPECT_TRUE(text.ends_with("END:VCALENDAR\r\n"));
  EXPECT_NE(text.find("DTSTART:20261126T010000Z\r\nDTEND:20261126T040000Z"), std::string::npos)
      << text;
  EXPECT_NE(text.find("UID:match-" + std::to_string(match) + "@qiao"), std::string::npos);
  EXPECT_NE(text.find("URL:https://qiao.example.cn/" + std::to_string(match)), std::string::npos);
  EXPECT_NE(text.find("STATUS:TENTATIVE"), std::string::npos);
  EXPECT_NE(text.find("STATUS:CONFIRMED"), std::string::npos);
}

// The needs of a trial, as they were posted.
TrialRows rows_of(City& c, const std::vector<pb::Need>& needs) {
  TrialRows rows;
  rows.taxonomy = c.state().taxonomy();
  const State& s = c.state();
  for (Slot i = 0; i < s.areas().size(); ++i)
    rows.areas.emplace_back(s.row_bytes(pb::Event::kArea, s.areas()[i].id.value()));
  for (Slot i = 0; i < s.parties().size(); ++i)
    rows.parties.emplace_back(s.row_bytes(pb::Event::kParty, s.parties()[i].id.value()));
  for (Slot i = 0; i < s.offers().size(); ++i)
    rows.offers.emplace_back(s.row_bytes(pb::Event::kOffer, s.offers()[i].id.value()));
  rows.needs = needs;
  return rows;
}

TEST(Trial, FairnessTakesFromTheWellServedAndGivesToTheOthers) {
  City c;
  const std::uint64_t near = c.team();
  c.post(offer(near).people(4).radius(500'000));
  std::vector<pb::Need> needs;
  const auto asks = [&](double opened, std::uint64_t area, std::int64_t people, double from,
                        double km) {
    pb::Need n = need().people(people).in(area).on(hours(from, from + 2)).km_north(km);
    n.set_opened_at(to_int(at(opened)));
    needs.push_back(n);
  };
  // Day after day two communities ask for the same four people at the same hour; one is far away,
  // and nearness decides where fairness does not.
  for (int d = 0; d < 10; ++d) {
    asks(24 * d + 0.1, kCommunity, 4, 24 * d + 12, 0);
    asks(24 * d + 0.2, kOtherCommunity, 4, 24 * d + 12, 4);
  }
  const TrialRows rows = rows_of(c, needs);
  pb::Policy none = c.policy();
  none.mutable_value()->set_equity_alpha_milli(0);
  pb::Policy fair = c.policy();
  fair.mutable_value()->set_equity_alpha_milli(4000);
  const auto yes = [] { return true; };
  const TrialResult before = try_policy(rows, none, yes).value();
  const TrialResult after = try_policy(rows, fair, yes).value();
  EXPECT_EQ(before.needs, 20U);
  EXPECT_EQ(before.outcome.needs_filled(), 10U) << "four people serve one of two each day";
  EXPECT_EQ(after.outcome.needs_filled(), 10U);
  EXPECT_EQ(before.outcome.units(), 40);
  EXPECT_LT(before.outcome.equity().jain_micro(), after.outcome.equity().jain_micro());
  EXPECT_EQ(before.outcome.equity().worst_decile_micro(), 0);
  EXPECT_GT(after.outcome.equity().worst_decile_micro(), 300'000);
  EXPECT_LT(before.outcome.mean_distance_m(), after.outcome.mean_distance_m())
      << "and it costs way";
}

TEST(Trial, IsTheSameEachTimeAndLeavesTheCityAlone) {
  Lively c;
  std::vector<pb::Need> needs;
  for (int i = 0; i < 12; ++i) {
    pb::Need n = need().people(3).on(hours(80 + i, 82 + i));
    n.set_opened_at(to_int(at(61 + i)));
    needs.push_back(n);
  }
  const Seq seq = c.state().last_seq();
  const TrialRows rows = rows_of(c, needs);
  const auto yes = [] { return true; };
  const TrialResult one = try_policy(rows, c.policy(), yes).value();
  const TrialResult two = try_policy(rows, c.policy(), yes).value();
  EXPECT_EQ(one.outcome.SerializeAsString(), two.outcome.SerializeAsString());
  EXPECT_EQ(one.needs, 12U);
  EXPECT_EQ(c.state().last_seq(), seq);
  // One that is told to stop has done what it had done by then.
  EXPECT_EQ(try_policy(rows, c.policy(), [] { return false; }).value().outcome.units(), 0);
}

TEST(Trial, OfRowsThatDoNotFitTogetherIsRefused) {
  Lively c;
  TrialRows rows = rows_of(c, {});
  rows.parties.clear();  // so that offers reference missing ones
  const auto result = try_policy(rows, c.policy(), [] { return true; });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kTrialFailed);
  EXPECT_FALSE(result.error().zh().empty());
}

TEST(Trial, ComparesACommunityWithItselfAndWithNoOther) {
  TrialResult before;
  before.fills = {{kCommunity, {0, 4'000'000, 0, 1'000'000}},
                  {kOtherCommunity, {1, 2'000'000, 0, 2'000'000}}};
  // The second policy never came to a need of the first community.
  TrialResult after;
  after.fills = {{kOtherCommunity, {0, 2'000'000, 0, 1'000'000}}};
  const auto all = compare_fills(before, after);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].area_code(), kOtherCommunity);
  EXPECT_EQ(all[0].asked_micro(), 2'000'000);
  EXPECT_EQ(all[0].before_micro(), 1'000'000);
  EXPECT_EQ(all[0].after_micro(), 500'000);
}

}  // namespace
}  // namespace qiao
