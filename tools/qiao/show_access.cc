#include "tools/qiao/show_access.h"

#include "proto/text/notation.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/event.pb.h"
#include "tools/qiao/table.h"
#include "tools/qiao/terms.h"

namespace qiao {
namespace {

std::string role_name(const Session& s, pb::Role role) {
  switch (role) {
    case pb::ROLE_LEAD:
      return s.say("牵头单位", "lead");
    case pb::ROLE_ORGANISER:
      return s.say("组织单位", "organiser");
    case pb::ROLE_SUPPLIER:
      return s.say("供给方", "supplier");
    case pb::ROLE_MEMBER:
      return s.say("队员", "member");
    case pb::ROLE_RESIDENT:
      return s.say("居民", "resident");
    case pb::ROLE_AUDITOR:
      return s.say("监督", "auditor");
    case pb::ROLE_MARKET:
      return s.say("系统", "market");
    default:
      return s.say("未登录", "anonymous");
  }
}

std::string actor_name(Session& s, const pb::Actor& actor) {
  std::string name = role_name(s, actor.role());
  if (actor.party_id() != 0) name += " " + s.party_name(actor.party_id());
  if (actor.person_id() != 0) name += " #" + std::to_string(actor.person_id());
  if (actor.resident_ref() != 0) name += " #" + std::to_string(actor.resident_ref());
  return name;
}

std::string kind_name(const Session& s, pb::GrantKind kind) {
  switch (kind) {
    case pb::GRANT_KIND_SESSION:
      return s.say("登录", "session");
    case pb::GRANT_KIND_TOKEN:
      return s.say("令牌", "token");
    default:
      return s.say("邀请", "invitation");
  }
}

void accounts(Session& s, const google::protobuf::RepeatedPtrField<pb::Account>& all,
              std::ostream& out) {
  Table t{{s.say("编号", "id"), s.say("登录名", "login"), s.say("姓名", "name"),
           s.say("角色", "role"), s.say("单位", "party"), s.say("状态", "state")},
          {}};
  for (const auto& a : all) {
    t.rows.push_back({std::to_string(a.id()), a.login(), a.name(), role_name(s, a.role()),
                      a.party_id() == 0 ? "" : s.party_name(a.party_id()),
                      a.disabled() ? s.say("已停用", "disabled") : s.say("可用", "active")});
  }
  t.print(out);
}

// Writes a time.
using When = std::function<std::string(std::int64_t)>;

void show_session(Session& s, const pb::Session& session, const When& when, std::ostream& out) {
  out << s.say("账号：", "account: ")
      << (session.has_account() ? session.account().login() + " " + session.account().name()
                                : s.say("未登录", "not logged in"))
      << "\n"
      << s.say("身份：", "acts as: ") << actor_name(s, session.actor()) << "\n";
  if (session.expires_at() != 0)
    out << s.say("有效至：", "until: ") << when(session.expires_at()) << "\n";
  out << s.say("可用操作：", "operations: ") << join(session.operations(), ", ") << "\n";
}

void show_grants(const Session& s, const pb::ListGrantsResponse& grants, const When& when,
                 std::ostream& out) {
  Table t{{s.say("编号", "id"), s.say("种类", "kind"), s.say("用途", "name"),
           s.say("范围", "scopes"), s.say("有效至", "until")},
          {}};
  for (const auto& g : grants.grants()) {
    t.rows.push_back({std::to_string(g.id()), kind_name(s, g.kind()), g.name(),
                      g.scopes().empty() ? s.say("全部", "all") : join(g.scopes(), ", "),
                      when(g.expires_at())});
  }
  t.print(out);
}

void show_secret(const Session& s, const pb::NewSecret& made, const When& when, std::ostream& out) {
  out << (made.url().empty() ? made.secret() : made.url()) << "\n"
      << s.say("只显示这一次；有效至 ", "shown once; valid until ")
      << when(made.grant().expires_at()) << "\n";
}

void show_personal_data(const Session& s, const pb::PersonalData& d, std::ostream& out) {
  if (!d.name().empty()) out << s.say("姓名：", "name: ") << d.name() << "\n";
  if (!d.phone().empty()) out << s.say("电话：", "telephone: ") << d.phone() << "\n";
  if (!d.address().empty()) out << s.say("地址：", "address: ") << d.address() << "\n";
  if (!d.review_words().empty()) out << s.say("评语：", "review: ") << d.review_words() << "\n";
  out << s.say("本次查看已记入日志，序号 ", "the journal has recorded that you looked, as event ")
      << d.disclosure_id() << "\n";
}

void show_entries(Session& s, const google::protobuf::RepeatedPtrField<pb::AuditEntry>& entries,
                  const When& when, std::ostream& out) {
  // In English as `--kind` takes it.
  const auto kind = [&](const std::string& name) {
    const auto* type = pb::EventKind_descriptor();
    const auto* value = type->FindValueByName(name);
    if (s.chinese() && value != nullptr) return enum_word(type, value->number(), true);
    return name.substr(std::string_view("EVENT_KIND_").size());
  };
  Table t{{s.say("序号", "seq"), s.say("时间", "when"), s.say("账号", "account"),
           s.say("身份", "acts as"), s.say("事件", "event"), s.say("对象", "object"),
           s.say("内容", "fields")},
          {}};
  for (const auto& e : entries) {
    const std::uint64_t id = e.actor().account_id();
    t.rows.push_back({std::to_string(e.seq()), when(e.time()),
                      id == 0 ? "" : "#" + std::to_string(id) + " " + e.account(),
                      actor_name(s, e.actor()), kind(e.kind()),
                      e.object() + (e.object_id() == 0 ? "" : "/" + std::to_string(e.object_id())),
                      join(e.disclosure().fields(), ", ")});
  }
  t.print(out);
}

}  // namespace

bool show_access(Session& s, const google::protobuf::Message& m,
                 const std::function<std::string(std::int64_t)>& when, std::ostream& out) {
  const std::string& type = m.GetDescriptor()->name();
  if (type == "Account") {
    pb::ListAccountsResponse one;
    *one.add_accounts() = static_cast<const pb::Account&>(m);
    return accounts(s, one.accounts(), out), true;
  }
  if (type == "ListAccountsResponse")
    return accounts(s, static_cast<const pb::ListAccountsResponse&>(m).accounts(), out), true;
  if (type == "Session") {
    show_session(s, static_cast<const pb::Session&>(m), when, out);
    return true;
  }
  if (type == "ListGrantsResponse") {
    show_grants(s, static_cast<const pb::ListGrantsResponse&>(m), when, out);
    return true;
  }
  if (type == "NewSecret") {
    show_secret(s, static_cast<const pb::NewSecret&>(m), when, out);
    return true;
  }
  if (type == "PersonalData") {
    show_personal_data(s, static_cast<const pb::PersonalData&>(m), out);
    return true;
  }
  if (type == "ErasedResponse") {
    const auto rows = static_cast<const pb::ErasedResponse&>(m).erased();
    out << s.say("已永久清除个人信息的记录数：", "rows whose personal data were erased: ") << rows
        << "\n";
    return true;
  }
  if (type == "ListAuditResponse") {
    const auto& audit = static_cast<const pb::ListAuditResponse&>(m);
    show_entries(s, audit.entries(), when, out);
    out << s.say("日志末尾（请记在别处，供 qiao verify --expect 核对）：",
                 "head of the journal; write it down elsewhere for qiao verify --expect: ")
        << audit.head_seq() << ":" << audit.head_hash() << "\n";
    return true;
  }
  if (type == "ListDisclosuresResponse") {
    show_entries(s, static_cast<const pb::ListDisclosuresResponse&>(m).entries(), when, out);
    return true;
  }
  return false;
}

}  // namespace qiao
