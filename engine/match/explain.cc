#include "engine/match/explain.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/market/amount.h"
#include "engine/market/words.h"

namespace qiao {
namespace {

struct Distance {
  std::string zh;
  std::string en;
};

Distance distance(std::int64_t metres) {
  if (metres < 1000) return {std::to_string(metres) + "米", std::to_string(metres) + " m"};
  const std::string tenth = std::to_string(metres % 1000 / 100);
  const std::string text = std::to_string(metres / 1000) + "." + tenth;
  return {text + "公里", text + " km"};
}

std::string per_cent(std::int64_t micro) { return std::to_string((micro + 5'000) / 10'000) + "%"; }

// "(×1.25)": the effect of the factor on the value.
std::string times(std::int64_t micro) {
  const std::int64_t hundredths = (micro + 5'000) / 10'000;
  const std::string fraction = std::to_string(hundredths % 100);
  return "×" + std::to_string(hundredths / 100) + "." + (fraction.size() == 1 ? "0" : "") +
         fraction;
}

struct FactorWords {
  std::int64_t observed;
  std::string zh;
  std::string en;
};

FactorWords urgency_words(const NeedRow& need) {
  switch (need.urgency) {
    case pb::URGENCY_CRITICAL:
      return {3, "特急需求", "critical"};
    case pb::URGENCY_URGENT:
      return {2, "紧急需求", "urgent"};
    default:
      return {1, "一般需求", "normal urgency"};
  }
}

FactorWords fit_words(const NeedRow& need, const OfferRow& offer, std::int64_t micro,
                      const Vocabulary& vocabulary) {
  const bool meant = offer.categories != nullptr && offer.categories->test(need.category);
  const auto& taxonomy = vocabulary.taxonomy();
  if (meant && need.category < taxonomy.categories_size()) {
    const pb::Term& category = taxonomy.categories(need.category);
    return {1, "专为“" + category.zh() + "”提供", "meant for " + category.en()};
  }
  if (micro < kMicro)
    return {0, "有此处用不上的专长，宜留给更需要的地方",
            "has scarce skills that this need does not use"};
  return {0, "能满足要求", "meets the requirements"};
}

FactorWords words_of(std::size_t i, const Ranking& ranking, const NeedRow& need,
                     const LineRow& line, Slot offer, const Judgement& j) {
  const State& state = ranking.state();
  const OfferRow& o = state.offers()[offer];
  const PartyRow& party = state.parties()[o.party];
  switch (static_cast<pb::FactorKind>(i + 1)) {
    case pb::FACTOR_KIND_URGENCY:
      return urgency_words(need);
    case pb::FACTOR_KIND_FIT:
      return fit_words(need, o, j.factors[i], state.vocabulary());
    case pb::FACTOR_KIND_NEARNESS:
      return {j.distance_m, "相距" + distance(j.distance_m).zh,
              distance(j.distance_m).en + " away"};
    case pb::FACTOR_KIND_CONTINUITY: {
      if (const auto n = state.served_resident(o.party, need.resident_ref); n > 0) {
        return {n, "曾为这位居民服务" + std::to_string(n) + "次",
                "has served this resident " + std::to_string(n) + (n == 1 ? " time" : " times")};
      }
      if (const auto n = state.served_area(o.party, need.area); n > 0) {
        return {n, "曾在这个社区服务" + std::to_string(n) + "次",
                "has served this community " + std::to_string(n) + (n == 1 ? " time" : " times")};
      }
      return {0, "第一次来这个社区", "new to this community"};
    }
    case pb::FACTOR_KIND_EQUITY: {
      const std::int64_t here = ranking.judge().fill(need.fairness);
      const std::int64_t mean = ranking.judge().mean_fill();
      const std::int64_t percent = (here + 5'000) / 10'000;
      return {percent, "本社区满足率" + per_cent(here) + "，全市" + per_cent(mean),
              "fill rate of this community " + per_cent(here) + ", of the city " + per_cent(mean)};
    }
    case pb::FACTOR_KIND_RELIABILITY: {
      const std::int64_t all = std::int64_t{party.kept} + party.broken;
      if (all == 0) return {0, "新加入，尚无记录", "new, no record yet"};
      return {party.kept,
              "接单" + std::to_string(all) + "次，兑现" + std::to_string(party.kept) + "次",
              "kept " + std::to_string(party.kept) + " of " + std::to_string(all) + " promises"};
    }
    default: {
      const std::int64_t missing = line.quantity - line.held;
      const auto say = [&](std::int64_t quantity) {
        return amount_words(state.taxonomy(), line.time_kind, line.resource, quantity);
      };
      const AmountWords lacks = say(missing);
      const AmountWords asked = say(line.quantity);
      return {missing, "还缺" + lacks.zh + "，共需" + asked.zh,
              lacks.en + " of " + asked.en + " still missing"};
    }
  }
}

// An eligible pair that is never proposed, because the party refused the line before.
void mention_refusal(const State& state, Slot line, Slot offer, pb::Explanation& e) {
  if (!e.eligible()) return;
  const auto refused = parties_that_refused(state, line);
  const Slot party = state.offers()[offer].party;
  if (std::find(refused.begin(), refused.end(), party) == refused.end()) return;
  e.set_zh("可以对接，但该单位曾婉拒、未答复或退过这一项，不会再自动派给它；可以指定派给它");
  e.set_en(
      "eligible, but this party declined, did not answer or withdrew from this line before: "
      "it is not asked again automatically, only by a dispatch that names it");
}

}  // namespace

pb::Explanation explain(const Ranking& ranking, const NeedRow& need, const LineRow& line,
                        Slot offer, const Judgement& j) {
  pb::Explanation e;
  e.set_need_id(need.id.value());
  e.set_line(line.number);
  e.set_offer_id(ranking.state().offers()[offer].id.value());
  e.set_eligible(j.eligible());
  e.set_rule(j.rule);
  const Words w = words(j.rule);
  e.set_zh(std::string(w.zh));
  e.set_en(std::string(w.en));
  e.set_distance_m(j.distance_m);
  if (!j.eligible()) {
    if (j.rule == pb::RULE_TOO_FAR) {
      const std::int64_t reach = Judge::reach(ranking.state().offers()[offer], need.travel_m);
      e.set_zh("相距" + distance(j.distance_m).zh + "，超出服务范围" + distance(reach).zh);
      e.set_en(distance(j.distance_m).en + " away, but it serves up to " + distance(reach).en);
    }
    return e;
  }
  e.set_value_micro(j.value_micro);
  e.set_available(j.available);
  for (std::size_t i = 0; i < kFactors; ++i) {
    pb::Factor& f = *e.add_factors();
    FactorWords fw = words_of(i, ranking, need, line, offer, j);
    f.set_kind(static_cast<pb::FactorKind>(i + 1));
    f.set_micro(j.factors[i]);
    f.set_observed(fw.observed);
    f.set_zh(fw.zh + "（" + times(j.factors[i]) + "）");
    f.set_en(fw.en + " (" + times(j.factors[i]) + ")");
  }
  return e;
}

pb::Explanation explain(const Ranking& ranking, Slot line, Slot offer, Time now) {
  const LineRow& l = ranking.state().line(line);
  const Judgement j = static_cast<const Matcher&>(ranking).judge(line, offer, now);
  auto e = explain(ranking, ranking.state().needs()[l.need], l, offer, j);
  mention_refusal(ranking.state(), line, offer, e);
  return e;
}

pb::RankedPair to_ranked_pair(const Ranking& ranking, const NeedRow& need, const LineRow& line,
                              const Candidate& c, std::uint32_t rank) {
  const State& state = ranking.state();
  const OfferRow& offer = state.offers()[c.offer];
  const PartyRow& party = state.parties()[offer.party];
  pb::RankedPair pair;
  pair.set_rank(rank);
  pair.set_need_id(need.id.value());
  pair.set_line(line.number);
  if (c.line != kNoSlot) {
    const pb::Need posted = state.load_need(line.need);
    pair.set_need_title(posted.title());
    pair.set_area_code(posted.area_code());
    pair.set_area_name(state.area_name(need.area));
    pair.set_category(posted.category());
    pair.set_urgency(posted.urgency());
    *pair.mutable_requirement() = posted.lines(line.number - 1);
  }
  pair.set_offer_id(offer.id.value());
  pair.set_offer_title(state.load_offer(c.offer).title());
  pair.set_party_id(party.id.value());
  pair.set_party_name(state.load_party(offer.party).name());
  pair.set_party_kind(party.kind);
  pair.mutable_window()->set_start(to_int(line.window.start));
  pair.mutable_window()->set_end(to_int(line.window.end));
  pair.set_missing(line.quantity - line.held);
  *pair.mutable_explanation() = explain(ranking, need, line, c.offer, c.judgement);
  if (c.line != kNoSlot) {
    mention_refusal(state, c.line, c.offer, *pair.mutable_explanation());
  }
  return pair;
}

}  // namespace qiao
