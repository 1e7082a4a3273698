#include "tools/sim/population.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "proto/text/notation.h"

namespace qiao {
namespace {

using namespace std::chrono_literals;

// Free times, as volunteers have them.
constexpr std::array<const char*, 12> kWeeks = {
    "",
    "6,7 08:00-18:00",
    "6,7 08:00-12:00",
    "6 08:00-18:00",
    "7 08:00-18:00",
    "1-5 08:00-18:00",
    "1-5 08:30-11:30; 1-5 14:00-17:30",
    "1-5 17:00-21:00; 6,7 08:00-21:00",
    "1-7 08:00-20:00",
    "1,3,5 08:00-18:00; 6 08:00-12:00",
    "2,4 08:00-18:00; 6,7 08:00-18:00",
    "1-5 18:00-22:00",
};

constexpr std::array<const char*, 10> kFamiliar = {"和谐", "同心", "暖阳", "先锋",   "邻里",
                                                   "萤火", "春雨", "红帆", "小水滴", "向日葵"};
// Invented; no real firm is meant.
constexpr std::array<const char*, 12> kFirmWords = {"宁皖",     "青岭",   "水阳江", "港口湾",
                                                    "皖南竹海", "天目北", "山核桃", "东津",
                                                    "中津",     "九龙潭", "方塘",   "仙霞"};
constexpr std::array<const char*, 8> kIndustries = {"密封件", "汽车零部件", "食品", "竹木",
                                                    "商贸",   "医药",       "物流", "电子元件"};
constexpr std::array<const char*, 6> kOrganisations = {"社会工作服务中心",     "心理健康服务中心",
                                                       "公益助老服务中心",     "青少年事务服务中心",
                                                       "法律援助志愿服务中心", "康复护理服务中心"};

struct Goods {
  const char* resource;
  const char* title;
  std::int64_t least;
  std::int64_t most;
  std::int64_t lot;
};
constexpr std::array<Goods, 14> kGoods = {{{"rice", "大米", 200, 3000, 5},
                                           {"oil", "食用油", 100, 1000, 1},
                                           {"meal", "助餐份额", 100, 2000, 1},
                                           {"water", "饮用水", 500, 6000, 24},
                                           {"quilt", "棉被", 30, 300, 1},
                                           {"winter_coat", "冬衣", 30, 400, 1},
                                           {"school_bag", "书包", 30, 300, 1},
                                           {"stationery", "文具", 50, 500, 1},
                                           {"wheelchair", "轮椅", 2, 20, 1},
                                           {"medicine_kit", "药箱", 10, 100, 1},
                                           {"smoke_alarm", "烟感报警器", 50, 600, 5},
                                           {"charging_voucher", "充电券", 100, 1000, 10},
                                           {"safety_helmet", "安全头盔", 30, 300, 1},
                                           {"gift_pack", "慰问包", 50, 400, 1}}};

struct Profession {
  const char* certificate;
  const char* skill;
  std::uint32_t most_level;
  const char* title;
  const char* category;
};
constexpr std::array<Profession, 7> kProfessions = {
    {{"social_worker", "social_case_work", 3, "持证社工", "social_work"},
     {"counsellor", "counselling", 1, "心理咨询师", "mental_health"},
     {"nurse", "nursing", 1, "护士", "elder_care"},
     {"doctor", "medicine", 1, "医师", "health"},
     {"lawyer", "law", 1, "律师", "legal_aid"},
     {"teacher", "teaching", 1, "教师", "student_aid"},
     {"electrician", "electrician", 1, "电工", "safety_check"}}};

// GB 32100-2015: 17 characters and a check by weights 3^i mod 31.
std::string credit_code(Random& random, std::uint64_t area) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::string code = "91" + std::to_string(area / 1'000'000 % 1'000'000);
  code.resize(8, '0');
  while (code.size() < 17) code += kLetters[random.below(kLetters.size())];
  std::size_t sum = 0;
  std::size_t weight = 1;
  for (const char c : code) {
    sum += kLetters.find(c) * weight;
    weight = weight * 3 % 31;
  }
  return code + kLetters[(31 - sum % 31) % 31];
}

void set_week(pb::TimeSupply& time, const char* week) {
  const auto slots = parse_week(week, "week");
  QIAO_CHECK(slots.has_value(), "the weeks above are well written");
  for (const auto& s : slots.value()) *time.add_weekly() = s;
}

pb::Party party_at(pb::PartyKind kind, const Place& at, std::string name) {
  pb::Party p;
  p.set_kind(kind);
  p.set_name(std::move(name));
  p.set_area_code(at.code);
  p.mutable_point()->set_latitude_e7(at.point.latitude_e7);
  p.mutable_point()->set_longitude_e7(at.point.longitude_e7);
  return p;
}

std::vector<std::uint32_t> weights(const std::vector<Place>& places,
                                   const std::vector<std::size_t>& communities) {
  std::vector<std::uint32_t> w;
  w.reserve(communities.size());
  for (const std::size_t i : communities) w.push_back(std::max(1U, places[i].population));
  return w;
}

std::vector<std::size_t> communities_of(const std::vector<Place>& places) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].level == pb::AREA_LEVEL_COMMUNITY) all.push_back(i);
  }
  QIAO_CHECK(!all.empty(), "there is at least one community");
  return all;
}

}  // namespace

std::string short_name(const std::string& place) {
  for (const std::string_view suffix : {"居委会", "委会"}) {
    if (place.ends_with(suffix)) return place.substr(0, place.size() - suffix.size());
  }
  return place;
}

Population::Population(const std::vector<Place>& places, const TimeZone& zone, std::uint64_t seed)
    : places_(places),
      zone_(zone),
      random_(seed),
      communities_(communities_of(places)),
      by_population_(weights(places, communities_)) {}

const Place& Population::community() { return places_[communities_[by_population_.draw(random_)]]; }

pb::Party Population::organiser(const Place& place) const {
  const std::string name =
      short_name(place.name) +
      (place.level == pb::AREA_LEVEL_COMMUNITY ? "新时代文明实践站" : "新时代文明实践所");
  return party_at(pb::PARTY_KIND_ORGANISER, place, name);
}

std::vector<pb::Person> Population::staff(const Place& place) {
  std::vector<pb::Person> all;
  const std::uint64_t workers = std::min<std::uint64_t>(
      30, std::max<std::uint64_t>(
              2, place.population * static_cast<std::uint64_t>(random_.between(10, 21)) / 10'000));
  for (std::uint64_t i = 0; i < workers; ++i) {
    pb::Person p;
    p.set_workforce(pb::WORKFORCE_COMMUNITY_WORKER);
    // In practice about one in four; seniors are very few.
    if (random_.chance(25)) {
      pb::Certificate& c = *p.add_certificates();
      c.set_code("social_worker");
      c.set_level(random_.chance(70) ? 1 : random_.chance(95) ? 2 : 3);
    }
    all.push_back(std::move(p));
  }
  pb::Person party;
  party.set_workforce(pb::WORKFORCE_PARTY_AFFAIRS_WORKER);
  all.push_back(std::move(party));
  return all;
}

Giver Population::giver(pb::PartyKind kind, Time now) {
  const Place& at = community();
  if (kind == pb::PARTY_KIND_ENTERPRISE) return enterprise(at, now);
  if (kind == pb::PARTY_KIND_SOCIAL_ORGANISATION) return organisation(at, now);
  return team(at, now);
}

Giver Population::team(const Place& at, Time) {
  const auto all = services();
  const Service& service = random_.pick(all);
  Giver g;
  g.party = party_at(
      pb::PARTY_KIND_VOLUNTEER_TEAM, at,
      short_name(at.name) + "“" + service.team + "”" + random_.pick(kFamiliar) + "志愿服务队");
  g.party.set_service_radius_m(static_cast<std::uint32_t>(random_.between(3, 15)) * 1000);
  pb::Offer o;
  o.set_title(std::string(service.team) + "志愿者");
  o.add_categories(service.category);
  pb::TimeSupply& time = *o.mutable_time();
  time.set_kind(pb::TIME_KIND_PEOPLE);
  time.set_capacity(random_.between(4, 25));
  set_week(time, random_.pick(kWeeks));
  time.add_skills("general");
  if (*service.skill != '\0') time.add_skills(service.skill);
  static constexpr std::array<const char*, 10> kExtra = {
      "first_aid",  "driving_c", "local_dialect", "photography", "organising",
      "it_support", "cooking",   "haircut",       "music",       "teaching"};
  for (int i = 0; i < 2; ++i) {
    const char* extra = random_.pick(kExtra);
    if (random_.chance(40) &&
        std::find(time.skills().begin(), time.skills().end(), extra) == time.skills().end())
      time.add_skills(extra);
  }
  g.offers.push_back(std::move(o));
  if (random_.chance(8)) {
    pb::Offer cars;
    cars.set_title("志愿者私家车");
    cars.mutable_time()->set_kind(pb::TIME_KIND_VEHICLE);
    cars.mutable_time()->set_capacity(random_.between(4, 16));
    set_week(*cars.mutable_time(), random_.pick(kWeeks));
    g.offers.push_back(std::move(cars));
  }
  return g;
}

Giver Population::enterprise(const Place& at, Time now) {
  Giver g;
  const std::string name =
      std::string(random_.pick(kFirmWords)) + random_.pick(kIndustries) + "（示例）有限公司";
  g.party = party_at(pb::PARTY_KIND_ENTERPRISE, at, name);
  g.party.set_credit_code(credit_code(random_, at.code));
  g.party.set_service_radius_m(static_cast<std::uint32_t>(random_.between(10, 60)) * 1000);
  g.party.add_programmes("love_enterprise");
  const int kinds = static_cast<int>(random_.between(1, 2));
  for (int i = 0; i < kinds; ++i) {
    const Goods& goods = random_.pick(kGoods);
    pb::Offer o;
    o.set_title(std::string("捐赠") + goods.title);
    pb::StockSupply& stock = *o.mutable_stock();
    stock.set_resource(goods.resource);
    stock.set_quantity(random_.between(goods.least, goods.most));
    stock.set_smallest_lot(goods.lot);
    if (random_.chance(30))
      stock.set_expires_at(to_int(now + std::chrono::days{random_.between(40, 400)}));
    stock.set_handover(random_.chance(15) ? pb::HANDOVER_COLLECT : pb::HANDOVER_DELIVER);
    g.offers.push_back(std::move(o));
  }
  if (random_.chance(35)) {
    pb::Offer o;
    o.set_title("企业员工志愿者");
    o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
    o.mutable_time()->set_capacity(random_.between(6, 40));
    set_week(*o.mutable_time(), "6,7 08:00-18:00");
    o.mutable_time()->add_skills("general");
    o.set_radius_m(15'000);
    g.offers.push_back(std::move(o));
  }
  if (random_.chance(20)) {
    pb::Offer o;
    o.set_title("会议室");
    o.mutable_time()->set_kind(pb::TIME_KIND_VENUE);
    o.mutable_time()->set_capacity(random_.between(30, 200));
    set_week(*o.mutable_time(), "1-7 08:00-21:00");
    o.set_radius_m(5'000);
    g.offers.push_back(std::move(o));
  }
  return g;
}

Giver Population::organisation(const Place& at, Time now) {
  Giver g;
  g.party = party_at(pb::PARTY_KIND_SOCIAL_ORGANISATION, at,
                     short_name(at.name) + random_.pick(kFamiliar) + random_.pick(kOrganisations));
  g.party.set_credit_code(credit_code(random_, at.code));
  g.party.set_service_radius_m(static_cast<std::uint32_t>(random_.between(8, 40)) * 1000);
  const int kinds = static_cast<int>(random_.between(1, 2));
  std::size_t first = kProfessions.size();
  for (int i = 0; i < kinds; ++i) {
    const std::size_t which = random_.below(kProfessions.size());
    if (which == first) continue;
    first = which;
    const Profession& p = kProfessions[which];
    pb::Offer o;
    o.set_title(p.title);
    o.add_categories(p.category);
    pb::TimeSupply& time = *o.mutable_time();
    time.set_kind(pb::TIME_KIND_PROFESSIONAL);
    time.set_capacity(random_.between(1, 5));
    set_week(time, random_.pick(kWeeks));
    time.add_skills("general");
    time.add_skills(p.skill);
    pb::Certificate& c = *time.add_certificates();
    c.set_code(p.certificate);
    c.set_level(static_cast<std::uint32_t>(random_.between(1, p.most_level)));
    c.set_expires_at(to_int(now + std::chrono::days{random_.between(60, 1000)}));
    g.offers.push_back(std::move(o));
  }
  return g;
}

pb::Window Population::window(Time now, int hours, Days kind, bool soon) {
  const LocalTime today = std::chrono::floor<std::chrono::days>(zone_.to_local(now));
  LocalTime day = today + std::chrono::days{random_.between(1, soon ? 3 : 14)};
  const auto weekend = [](LocalTime t) { return take_apart(t).weekday >= 6; };
  while ((kind == Days::kWeekdays && weekend(day)) || (kind == Days::kWeekend && !weekend(day)))
    day += std::chrono::days{1};
  static constexpr std::array<int, 8> kStarts = {8, 9, 9, 9, 14, 14, 15, 18};
  const int start = std::min(random_.pick(kStarts), 23 - hours);
  pb::Window w;
  w.set_start(to_int(zone_.to_utc(day + std::chrono::hours{start})));
  w.set_end(w.start() + hours * 3600);
  return w;
}

pb::Need Population::need(Time now) {
  const Place& at = community();
  const auto all = services();
  const unsigned month = take_apart(zone_.to_local(now)).date / 100 % 100;
  const Service* service = nullptr;
  do {
    service = &random_.pick(all);
  } while (random_.below(120) >= (at.urban ? service->urban : service->rural) *
                                     static_cast<std::uint32_t>(service->season[month - 1] - '0'));
  pb::Need n;
  n.set_area_code(at.code);
  // Scattered over the community.
  n.mutable_point()->set_latitude_e7(at.point.latitude_e7 +
                                     static_cast<std::int32_t>(random_.between(-40'000, 40'000)));
  n.mutable_point()->set_longitude_e7(at.point.longitude_e7 +
                                      static_cast<std::int32_t>(random_.between(-45'000, 45'000)));
  std::string title = service->title;
  title.replace(title.find("{}"), 2, short_name(at.name));
  n.set_title(title);
  n.set_category(service->category);
  n.set_beneficiary(service->beneficiary);
  n.set_programme(service->programme);
  const std::uint64_t haste = random_.below(100);
  n.set_urgency(haste < 3    ? pb::URGENCY_CRITICAL
                : haste < 15 ? pb::URGENCY_URGENT
                             : pb::URGENCY_NORMAL);
  if (random_.chance(30))
    n.set_resident_ref(1 + random_.below(std::max(1U, at.population)) + at.code * 100'000);
  const pb::Window w =
      window(now, service->hours, service->days, n.urgency() != pb::URGENCY_NORMAL);
  const std::int64_t people = random_.between(service->people_least, service->people_most);
  pb::RequirementLine& helpers = *n.add_lines();
  helpers.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  if (*service->skill != '\0') helpers.mutable_time()->add_skills(service->skill);
  helpers.set_quantity(people);
  *helpers.mutable_window() = w;
  if (*service->certificate != '\0') {
    pb::RequirementLine& professionals = *n.add_lines();
    pb::TimeRequirement& time = *professionals.mutable_time();
    time.set_kind(pb::TIME_KIND_PROFESSIONAL);
    time.add_skills(service->professional_skill);
    time.set_certificate(service->certificate);
    time.set_certificate_level(service->level);
    const std::int64_t ratio = 10;
    professionals.set_quantity((people + ratio - 1) / ratio);
    *professionals.mutable_window() = w;
    if (std::string_view(service->certificate) == "social_worker")
      n.set_volunteers_per_professional(static_cast<std::uint32_t>(ratio));
  }
  if (*service->resource != '\0') {
    pb::RequirementLine& goods = *n.add_lines();
    goods.mutable_stock()->set_resource(service->resource);
    goods.set_quantity(random_.between(service->stock_least, service->stock_most));
    *goods.mutable_window() = w;
  }
  n.set_all_or_nothing(n.lines_size() > 1 && random_.chance(15));
  return n;
}

Time Population::posting_time(Time from, Time to) {
  const std::int64_t length = (to - from).count();
  while (true) {
    const Time t =
        from +
        Seconds{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(length)))};
    const LocalMoment m = take_apart(zone_.to_local(t));
    if (random_.below(10'000) < load_at(m.weekday, m.minute / 60)) return t;
  }
}

}  // namespace qiao
