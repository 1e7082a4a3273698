// A server with two towns and an account of every role in the first: for tests of who may do what.
#pragma once

#include <map>
#include <string>

#include "tests/support/host.h"

namespace qiao {

// Two towns that are alike: whatever is in the first belongs to the accounts, whatever is in the
// second is somebody else's.
struct Towns : Host {
  struct Side {
    std::uint64_t organiser = 0, team = 0, person = 0, people = 0, need = 0, draft = 0, match = 0,
                  dispatched = 0, proposed = 0, account = 0, resident_ref = 0;
    std::uint64_t area = 0;
  };
  Side own{};
  Side foreign{};
  std::map<std::string, std::string> tokens;  // by role

  explicit Towns(GateOptions options = {.writes_per_second = 0,
                                        .time_share = 0,
                                        .log_ins_per_minute = 0})
      : Host(std::move(options)) {
    put_city();
    own = side("341881001", "甲", 7);
    foreign = side("341881002", "乙", 8);
    tokens["lead"] = token;
    tokens["organiser"] = token_of(account(pb::ROLE_ORGANISER, "organiser", own.organiser));
    own.account = account(pb::ROLE_SUPPLIER, "supplier", own.team);
    tokens["supplier"] = token_of(own.account);
    foreign.account = account(pb::ROLE_SUPPLIER, "elsewhere", foreign.team);
    tokens["member"] = token_of(account(pb::ROLE_MEMBER, "member", own.team, own.person));
    tokens["resident"] = token_of(account(pb::ROLE_RESIDENT, "resident", 0, 0, 7));
    tokens["auditor"] = token_of(account(pb::ROLE_AUDITOR, "auditor"));
  }

  Side side(const std::string& town, const std::string& name, std::uint64_t resident_ref) {
    Side s{};
    s.resident_ref = resident_ref;
    s.area = std::stoull(town + "001");
    const std::string area = town + "001";
    EXPECT_EQ(send("PUT", "/v1/areas/" + town + "000",
                   R"({"parentCode":"341881000000","level":"AREA_LEVEL_TOWN","name":")" + name +
                       R"(街道"})")
                  .status,
              200U);
    EXPECT_EQ(send("PUT", "/v1/areas/" + area,
                   R"({"parentCode":")" + town + R"(000","level":"AREA_LEVEL_COMMUNITY","name":")" +
                       name + R"(社区"})")
                  .status,
              200U);
    s.organiser = id_of(send("POST", "/v1/parties",
                             R"({"kind":"PARTY_KIND_ORGANISER","name":")" + name +
                                 R"(街道办","areaCode":")" + town + R"(000"})"));
    s.team = id_of(send(
        "POST", "/v1/parties",
        R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":")" + name + R"(队","areaCode":")" + area +
            R"(","contactName":"李四","contactPhone":"13900005678","serviceRadiusM":50000})"));
    s.person = id_of(send(
        "POST", "/v1/persons",
        R"({"partyId":")" + std::to_string(s.team) + R"(","name":"张三","phone":"13900009999"})"));
    s.people = id_of(
        send("POST", "/v1/offers",
             R"({"partyId":")" + std::to_string(s.team) +
                 R"(","title":"志愿者","time":{"kind":"TIME_KIND_PEOPLE","capacity":"100"}})"));
    s.need = id_of(send("POST", "/v1/needs", need_of(s, "")));
    s.draft = id_of(send("POST", "/v1/needs?until=draft", need_of(s, "")));
    s.match = make("claim", s);
    s.dispatched = make("dispatch", s);
    s.proposed = make("propose", s);
    return s;
  }
  static std::string need_of(const Side& s, const std::string& more) {
    return R"({"areaCode":")" + std::to_string(s.area) +
           R"(","title":"陪老人","category":"elder_care","residentRef":")" +
           std::to_string(s.resident_ref) +
           R"(","contactName":"王小明","contactPhone":"13912341234","address":"城东路18号")" +
           more +
           R"(,"lines":[{"time":{"kind":"TIME_KIND_PEOPLE"},"quantity":50,"window":{"start":"1795654800","end":"1795665600"}}]})";
  }
  std::uint64_t make(const std::string& how, const Side& s) {
    return id_of(send("POST", "/v1/matches:" + how,
                      R"({"needId":")" + std::to_string(s.need) + R"(","offerId":")" +
                          std::to_string(s.people) + R"(","quantity":"2"})"));
  }
  // {need} and the like become what they are on that side.
  static std::string on(const Side& s, std::string text) {
    const std::pair<const char*, std::string> words[] = {
        {"{organiser}", std::to_string(s.organiser)},
        {"{team}", std::to_string(s.team)},
        {"{person}", std::to_string(s.person)},
        {"{people}", std::to_string(s.people)},
        {"{need}", std::to_string(s.need)},
        {"{draft}", std::to_string(s.draft)},
        {"{match}", std::to_string(s.match)},
        {"{dispatched}", std::to_string(s.dispatched)},
        {"{proposed}", std::to_string(s.proposed)},
        {"{account}", std::to_string(s.account)},
        {"{ref}", std::to_string(s.resident_ref)},
        {"{area}", std::to_string(s.area)},
        {"{town}", std::to_string(s.area / 1000 * 1000)},
        {"{need-body}", need_of(s, "")}};
    for (const auto& [word, value] : words) {
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word))
        text.replace(at, std::string_view(word).size(), value);
    }
    return text;
  }
};

}  // namespace qiao
