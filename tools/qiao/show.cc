#include "tools/qiao/show.h"

#include <iostream>

#include "engine/market/words.h"
#include "proto/json/json.h"
#include "proto/text/notation.h"
#include "qiao/v1/query.pb.h"
#include "server/sheets/supply.h"
#include "tools/io/visible.h"
#include "tools/qiao/show_access.h"
#include "tools/qiao/show_clearing.h"
#include "tools/qiao/table.h"
#include "tools/qiao/terms.h"

namespace qiao {
namespace {

using google::protobuf::Message;

class Shower {
 public:
  Shower(Session& session, std::ostream& out) : s_(session), out_(out) {
    const auto zone = session.zone();
    if (zone) zone_ = *zone.value();
    const auto words = session.taxonomy();
    if (words) words_ = words.value();
  }

  bool show(const Message& m) {
    const std::string& type = m.GetDescriptor()->name();
    if (type == "ListAreasResponse")
      return areas(static_cast<const pb::ListAreasResponse&>(m)), true;
    if (type == "ListPartiesResponse")
      return parties(static_cast<const pb::ListPartiesResponse&>(m).parties()), true;
    if (type == "ListPersonsResponse")
      return persons(static_cast<const pb::ListPersonsResponse&>(m)), true;
    if (type == "ListOffersResponse")
      return offers(static_cast<const pb::ListOffersResponse&>(m).offers()), true;
    if (type == "ListNeedsResponse")
      return needs(static_cast<const pb::ListNeedsResponse&>(m).needs()), true;
    if (type == "ListMatchesResponse")
      return matches(static_cast<const pb::ListMatchesResponse&>(m).matches()), true;
    if (type == "ListEventsResponse") {
      for (const auto& e : static_cast<const pb::ListEventsResponse&>(m).events())
        out_ << event(e) << "\n";
      return true;
    }
    if (type == "RankedPairs") return pairs(static_cast<const pb::RankedPairs&>(m).pairs()), true;
    if (type == "Explanation") return explanation(static_cast<const pb::Explanation&>(m), ""), true;
    if (type == "PreviewResponse") return preview(static_cast<const pb::PreviewResponse&>(m)), true;
    if (type == "Bundle") return bundle(static_cast<const pb::Bundle&>(m)), true;
    if (type == "Need") return need(static_cast<const pb::Need&>(m)), true;
    if (type == "Match") return match(static_cast<const pb::Match&>(m)), true;
    if (type == "Clearing")
      return show_clearing(s_, static_cast<const pb::Clearing&>(m), out_), true;
    if (type == "ListClearingsResponse") {
      for (const auto& c : static_cast<const pb::ListClearingsResponse&>(m).clearings())
        show_clearing(s_, c, out_);
      return true;
    }
    if (type == "ListProposalsResponse")
      return show_proposals(s_, static_cast<const pb::ListProposalsResponse&>(m), out_), true;
    if (type == "SupplyGapsResponse")
      return show_gaps(s_, static_cast<const pb::SupplyGapsResponse&>(m), out_), true;
    if (type == "EquityReport")
      return show_equity(s_, static_cast<const pb::EquityReport&>(m), out_), true;
    if (type == "ListNotificationsResponse")
      return show_notifications(s_, static_cast<const pb::ListNotificationsResponse&>(m), out_),
             true;
    if (show_access(
            s_, m, [this](std::int64_t t) { return when(t); }, out_))
      return true;
    if (type == "CheckBatchResponse") {
      for (const auto& r : static_cast<const pb::CheckBatchResponse&>(m).refused()) {
        out_ << "commands[" << r.index() << "] " << r.field() << ": "
             << (s_.chinese() ? r.zh() : r.en()) << "\n";
      }
      return true;
    }
    return false;
  }

  std::string event(const pb::Event& e) {
    std::string line = std::to_string(e.seq()) + "  " + when(e.time()) + "  " +
                       enum_word(pb::EventKind_descriptor(), e.kind(), s_.chinese());
    if (e.has_need())
      line += "  " + say("需求", "need ") + std::to_string(e.need_id()) + " " + e.need().title();
    if (e.has_match()) {
      line += "  " + say("对接单", "match ") + std::to_string(e.match().id()) +
              say("，需求", ", need ") + std::to_string(e.need_id()) + ", " +
              s_.party_name(e.party_id()) + " ×" + std::to_string(e.match().quantity());
    }
    if (e.has_offer())
      line +=
          "  " + say("供给", "offer ") + std::to_string(e.offer().id()) + " " + e.offer().title();
    if (e.has_party())
      line += "  " + say("单位", "party ") + std::to_string(e.party_id()) + " " + e.party().name();
    if (e.has_notification())
      line += "  " + s_.party_name(e.party_id()) + say("，需求", ", need ") +
              std::to_string(e.need_id());
    if (e.has_area()) line += "  " + std::to_string(e.area_code()) + " " + e.area().name();
    return line;
  }

 private:
  std::string say(const char* zh, const char* en) const { return s_.say(zh, en); }
  std::string word(const Words& w) const { return std::string(s_.chinese() ? w.zh : w.en); }
  std::string when(std::int64_t t) const { return format_moment(to_time(t), zone_); }
  std::string when(const pb::Window& w) const { return format_window(w, zone_); }
  std::string line_text(const pb::RequirementLine& l) const {
    const auto cells = write_line(l);
    std::string text = visible(amount(l.quantity(), cells.kind, *words_, s_.chinese()));
    if (!cells.skills.empty()) text += " [" + cells.skills + "]";
    if (!cells.certificates.empty()) text += " [" + cells.certificates + "]";
    return text;
  }

  void areas(const pb::ListAreasResponse& r) {
    Table t{
        {say("编码", "CODE"), say("名称", "NAME"), say("层级", "LEVEL"), say("人口", "POPULATION")},
        {}};
    for (const auto& a : r.areas()) {
      t.rows.push_back({std::to_string(a.code()), a.name(),
                        enum_word(pb::AreaLevel_descriptor(), a.level(), s_.chinese()),
                        std::to_string(a.population())});
    }
    t.print(out_);
  }
  template <class List>
  void parties(const List& list) {
    Table t{{say("编号", "ID"), say("种类", "KIND"), say("名称", "NAME"), say("区域", "AREA"),
             say("审核状态", "STANDING")},
            {}};
    for (const auto& p : list) {
      t.rows.push_back({std::to_string(p.id()),
                        enum_word(pb::PartyKind_descriptor(), p.kind(), s_.chinese()), p.name(),
                        s_.area_name(p.area_code()),
                        enum_word(pb::Standing_descriptor(), p.standing(), s_.chinese())});
    }
    t.print(out_);
  }
  void persons(const pb::ListPersonsResponse& r) {
    Table t{{say("编号", "ID"), say("姓名", "NAME"), say("单位", "PARTY"), say("技能", "SKILLS")},
            {}};
    for (const auto& p : r.persons())
      t.rows.push_back(
          {std::to_string(p.id()), p.name(), s_.party_name(p.party_id()), join(p.skills())});
    t.print(out_);
  }
  template <class List>
  void offers(const List& list) {
    Table t{{say("编号", "ID"), say("名称", "TITLE"), say("供给方", "PARTY"),
             say("数量", "QUANTITY"), say("时间", "WEEK"), say("技能", "SKILLS")},
            {}};
    for (const auto& o : list) {
      const auto cells = write_offer(o, zone_);
      const std::int64_t quantity = o.has_time() ? o.time().capacity() : o.stock().quantity();
      t.rows.push_back(
          {std::to_string(o.id()), o.title(), s_.party_name(o.party_id()),
           visible(amount(quantity, cells.kind, *words_, s_.chinese())), cells.week,
           cells.skills + (cells.certificates.empty() ? "" : " " + cells.certificates)});
    }
    t.print(out_);
  }
  template <class List>
  void needs(const List& list) {
    Table t{{say("编号", "ID"), say("状态", "STATE"), say("名称", "TITLE"),
             say("社区", "COMMUNITY"), say("需要", "WANTED"), say("时间", "WHEN")},
            {}};
    for (const auto& n : list) {
      std::string wanted;
      for (const auto& l : n.lines()) {
        wanted += (wanted.empty() ? "" : " + ") + line_text(l);
        if (l.held() > 0)
          wanted += s_.chinese() ? "（已有" + std::to_string(l.held()) + "）"
                                 : " (" + std::to_string(l.held()) + " held)";
      }
      t.rows.push_back({std::to_string(n.id()), word(words(n.state())), n.title(),
                        s_.area_name(n.area_code()), wanted, when(n.lines(0).window())});
    }
    t.print(out_);
  }
  template <class List>
  void matches(const List& list) {
    Table t{{say("编号", "ID"), say("状态", "STATE"), say("需求", "NEED"), say("项", "LINE"),
             say("供给方", "PARTY"), say("数量", "QUANTITY"), say("时间", "WHEN")},
            {}};
    for (const auto& m : list) {
      t.rows.push_back({std::to_string(m.id()), word(words(m.state())), std::to_string(m.need_id()),
                        std::to_string(m.line()), s_.party_name(m.party_id()),
                        std::to_string(m.quantity()), when(m.window())});
    }
    t.print(out_);
  }

  void explanation(const pb::Explanation& e, const std::string& indent) {
    if (!e.eligible()) {
      out_ << indent << say("不能对接：", "no: ") << (s_.chinese() ? e.zh() : e.en()) << "\n";
      return;
    }
    for (const auto& f : e.factors()) out_ << indent << (s_.chinese() ? f.zh() : f.en()) << "\n";
    if (indent.empty())
      out_ << say("推荐分 ", "value ") << value(e.value_micro())
           << say("，可提供 ", ", can provide ") << e.available() << "\n";
  }
  static std::string value(std::int64_t micro) {
    const std::string thousandths = std::to_string(1000 + micro / 1000 % 1000).substr(1);
    return std::to_string(micro / 1'000'000) + "." + thousandths;
  }
  template <class List>
  void pairs(const List& list) {
    if (list.empty())
      out_ << say("目前没有合适的供给。用 qiao explain 需求 供给 查看原因。",
                  "No offer is eligible now. `qiao explain NEED OFFER` says why.")
           << "\n";
    for (const auto& p : list) {
      out_ << p.rank() << ". " << value(p.explanation().value_micro()) << "  ";
      if (!p.need_title().empty())
        out_ << say("需求", "need ") << p.need_id() << " " << p.need_title() << " · "
             << say("第", "line ") << p.line() << say("项", "") << " · ";
      out_ << say("供给", "offer ") << p.offer_id() << " " << p.offer_title() << " · "
           << p.party_name() << " · " << when(p.window()) << " · " << say("可提供", "can provide ")
           << p.explanation().available() << "\n";
      explanation(p.explanation(), "     ");
    }
  }
  void preview(const pb::PreviewResponse& r) {
    for (const auto& l : r.lines()) {
      out_ << say("第", "line ") << l.line() << say("项：", ": ") << l.parties()
           << say("家能来，共可提供", " parties could serve it, with ") << l.units()
           << (l.enough() ? say("，够了", " units: enough") : say("，还不够", " units: not enough"))
           << "\n";
      for (const auto& c : l.changes()) out_ << "  " << (s_.chinese() ? c.zh() : c.en()) << "\n";
      pairs(l.best());
    }
  }
  void bundle(const pb::Bundle& b) {
    Table t{{say("项", "LINE"), say("供给", "OFFER"), say("供给方", "PARTY"), say("种类", "KIND"),
             say("数量", "QUANTITY"), say("推荐分", "VALUE")},
            {}};
    for (const auto& p : b.parts()) {
      t.rows.push_back({std::to_string(p.line()), std::to_string(p.offer_id()), p.party_name(),
                        enum_word(pb::PartyKind_descriptor(), p.party_kind(), s_.chinese()),
                        std::to_string(p.quantity()), value(p.value_micro())});
    }
    t.print(out_);
    for (const auto& f : b.shortfalls())
      out_ << say("第", "line ") << f.line() << say("项还缺", " still lacks ") << f.missing()
           << "\n";
    if (b.held_back_by_ratio())
      out_ << say("专业人员不足，志愿者人数受配比限制",
                  "limited by the staffing ratio: too few professionals")
           << "\n";
    out_ << (b.complete() ? say("已配齐", "complete") : say("尚未配齐", "not complete")) << "\n";
  }
  void need(const pb::Need& n) {
    out_ << say("需求", "need ") << n.id() << "  " << n.title() << "  [" << word(words(n.state()))
         << "]\n"
         << "  " << s_.area_name(n.area_code()) << " · " << s_.category_name(n.category()) << " · "
         << enum_word(pb::Urgency_descriptor(), n.urgency(), s_.chinese()) << "\n";
    if (!n.description().empty()) out_ << "  " << n.description() << "\n";
    for (int i = 0; i < n.lines_size(); ++i) {
      out_ << "  " << i + 1 << ". " << line_text(n.lines(i)) << " · " << when(n.lines(i).window())
           << " · " << say("已有", "held ") << n.lines(i).held() << "\n";
    }
    if (!n.reason().empty()) out_ << "  " << say("原因：", "reason: ") << n.reason() << "\n";
    if (n.has_review())
      out_ << "  " << say("评价：", "review: ") << n.review().stars() << "★ " << n.review().words()
           << "\n";
  }
  void match(const pb::Match& m) {
    out_ << say("对接单", "match ") << m.id() << "  [" << word(words(m.state())) << "]\n  "
         << say("需求", "need ") << m.need_id() << say(" 第", " line ") << m.line() << say("项", "")
         << " · " << say("供给", "offer ") << m.offer_id() << " · " << s_.party_name(m.party_id())
         << " ×" << m.quantity() << " · " << when(m.window()) << "\n";
    if (m.answer_by() != 0)
      out_ << "  " << say("请在此前答复：", "answer by ") << when(m.answer_by()) << "\n";
    if (!m.reason().empty()) out_ << "  " << say("原因：", "reason: ") << m.reason() << "\n";
  }

  Session& s_;
  std::ostream& out_;
  TimeZone zone_;
  const pb::Taxonomy* words_ = &pb::Taxonomy::default_instance();
};

// A message without a format of its own: its fields, one a line.
void fields(const Message& m, std::ostream& out) {
  const auto* r = m.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> set;
  r->ListFields(m, &set);
  for (const auto* f : set) {
    if (!f->is_repeated() && f->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      out << f->json_name() << ": " << visible(r->GetString(m, f)) << "\n";
      continue;
    }
    // The JSON of the one field, without the braces and its name.
    std::unique_ptr<Message> one(m.New());
    one->CopyFrom(m);
    for (const auto* other : set) {
      if (other != f) one->GetReflection()->ClearField(one.get(), other);
    }
    const std::string json = to_json(*one);
    const auto colon = json.find(':');
    out << f->json_name() << ": " << visible(json.substr(colon + 1, json.size() - colon - 2))
        << "\n";
  }
}

}  // namespace

void show(Session& session, const Message& message, std::ostream& out) {
  const std::unique_ptr<Message> shown(message.New());
  shown->CopyFrom(message);
  make_visible(*shown);
  if (!Shower(session, out).show(*shown)) fields(message, out);
}

std::string event_line(Session& session, const Message& event) {
  pb::Event shown(static_cast<const pb::Event&>(event));
  make_visible(shown);
  return Shower(session, std::cout).event(shown);
}

}  // namespace qiao
