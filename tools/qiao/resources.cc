#include "tools/qiao/resources.h"

#include <algorithm>

#include "qiao/v1/query.pb.h"

namespace qiao {
namespace {

using google::protobuf::Message;

template <class List, class Pick>
Status each_page(Session& session, const std::string& path, Pick pick,
                 const std::function<void(const Message&)>& visit) {
  std::string token;
  do {
    QIAO_TRY(const auto page, session.get<List>(path + "?pageSize=500" +
                                                (token.empty() ? "" : "&pageToken=" + token)));
    for (const auto& m : pick(page)) visit(m);
    token = page.next_page_token();
  } while (!token.empty());
  return outcome::success();
}

// The server's order is that of creation until it restarts.
Status each_area(Session& session, const std::function<void(const Message&)>& visit) {
  std::vector<pb::Area> areas;
  QIAO_TRY(each_page<pb::ListAreasResponse>(
      session, "/v1/areas", [](const auto& page) { return page.areas(); },
      [&](const Message& m) { areas.push_back(static_cast<const pb::Area&>(m)); }));
  const auto place = [](const pb::Area& a) { return std::pair(a.level(), a.code()); };
  std::sort(areas.begin(), areas.end(),
            [&](const pb::Area& a, const pb::Area& b) { return place(a) < place(b); });
  for (const pb::Area& a : areas) visit(a);
  return outcome::success();
}

}  // namespace

Status each_resource(Session& session, const Sheet& sheet,
                     const std::function<void(const Message&)>& visit) {
  const std::string path = std::string("/v1/") + sheet.collection();
  const std::string what = sheet.collection();
  if (what == "areas") return each_area(session, visit);
  if (what == "parties")
    return each_page<pb::ListPartiesResponse>(
        session, path, [](const auto& p) { return p.parties(); }, visit);
  if (what == "offers")
    return each_page<pb::ListOffersResponse>(
        session, path, [](const auto& p) { return p.offers(); }, visit);
  return each_page<pb::ListNeedsResponse>(
      session, path, [](const auto& p) { return p.needs(); }, visit);
}

Result<SheetContext> make_context(Session& session) {
  QIAO_TRY(const auto zone, session.zone());
  QIAO_TRY(const auto words, session.taxonomy());
  SheetContext context{.zone = *zone, .words = *words};
  QIAO_TRY(each_resource(session, *find_sheet("parties"), [&](const Message& m) {
    const auto& p = static_cast<const pb::Party&>(m);
    context.parties.add(p.id(), p.name(), p.credit_code());
  }));
  return context;
}

bool is_json_lines(const std::string& file) {
  return file.ends_with(".jsonl") || file.ends_with(".ndjson");
}

}  // namespace qiao
