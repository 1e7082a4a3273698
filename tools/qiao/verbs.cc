#include "tools/qiao/verbs.h"

#include "engine/base/ascii.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/clearing.pb.h"
#include "qiao/v1/command.pb.h"
#include "qiao/v1/import.pb.h"
#include "qiao/v1/query.pb.h"
#include "qiao/v1/report.pb.h"
#include "qiao/v1/request.pb.h"

namespace qiao {

namespace pb = qiao::v1;

namespace {

// clang-format off
const std::vector<Verb> kVerbs = {
    {"health", "getHealth", "GET", "/healthz", nullptr, pb::Health::descriptor, {}, "服务器是否在运行", "whether the server is alive"},
    {"ready", "getReadiness", "GET", "/readyz", nullptr, pb::Health::descriptor, {}, "服务器是否接受请求", "whether the server accepts requests"},
    {"metrics", "getMetrics", "GET", "/metrics", nullptr, nullptr, {}, "Prometheus指标", "Prometheus metrics"},
    {"openapi", "getOpenApi", "GET", "/v1/openapi.json", nullptr, nullptr, {}, "OpenAPI文档", "the OpenAPI document"},
    {"login", "logIn", "POST", "/v1/sessions", pb::LogInRequest::descriptor, pb::Session::descriptor, {}, "登录", "log in", false, {}, true},
    {"logout", "logOut", "DELETE", "/v1/sessions/current", nullptr, pb::Session::descriptor, {}, "退出登录", "log out", false, {}, true},
    {"whoami", "getSession", "GET", "/v1/sessions/current", nullptr, pb::Session::descriptor, {}, "当前账号和可用操作", "the current account and what it may do"},
    {"setup", "setUp", "POST", "/v1/setup", pb::SetUpRequest::descriptor, pb::Session::descriptor, {}, "建立第一个账号", "create the first account", false, {}, true},
    {"join", "acceptInvitation", "POST", "/v1/invitations:accept", pb::AcceptInvitationRequest::descriptor, pb::Session::descriptor, {}, "用邀请链接设置密码", "set a password with an invitation link", false, {}, true},
    {"password", "changePassword", "POST", "/v1/sessions/current:changePassword", pb::ChangePasswordRequest::descriptor, pb::Session::descriptor, {}, "修改密码", "change the password", false, {}, true},
    {"account list", "listAccounts", "GET", "/v1/accounts", nullptr, pb::ListAccountsResponse::descriptor, {"party", "role"}, "账号列表", "list accounts"},
    {"account show", "getAccount", "GET", "/v1/accounts/{id}", nullptr, pb::Account::descriptor, {}, "查看账号", "show an account"},
    {"account create", "createAccount", "POST", "/v1/accounts", pb::Account::descriptor, pb::Account::descriptor, {}, "新建账号", "create an account"},
    {"account update", "updateAccount", "PUT", "/v1/accounts/{id}", pb::Account::descriptor, pb::Account::descriptor, {}, "修改或停用账号", "change or disable an account", true},
    {"account invite", "createInvitation", "POST", "/v1/accounts/{id}:invite", nullptr, pb::NewSecret::descriptor, {}, "生成邀请链接（首次设置或忘记密码）", "create an invitation link, for a new account or a forgotten password"},
    {"token create", "createToken", "POST", "/v1/tokens", pb::TokenRequest::descriptor, pb::NewSecret::descriptor, {}, "生成令牌，供程序使用（只显示一次）", "create a token for a program; it is shown once", false, {"name"}},
    {"token list", "listTokens", "GET", "/v1/tokens", nullptr, pb::ListGrantsResponse::descriptor, {}, "自己的令牌和登录", "list your tokens and sessions"},
    {"token revoke", "revokeToken", "DELETE", "/v1/tokens/{id}", nullptr, pb::Grant::descriptor, {}, "撤销令牌或登录", "revoke a token or a session"},
    {"audit", "listAudit", "GET", "/v1/audit", nullptr, pb::ListAuditResponse::descriptor, {"account", "object", "kind", "from", "to"}, "谁做了什么、谁看过谁的信息", "who did what, and who saw whose personal data"},
    {"taxonomy show", "getTaxonomy", "GET", "/v1/taxonomy", nullptr, pb::Taxonomy::descriptor, {}, "查看词表", "show the taxonomy"},
    {"taxonomy put", "putTaxonomy", "PUT", "/v1/taxonomy", pb::Taxonomy::descriptor, pb::Taxonomy::descriptor, {}, "修改或追加词表", "change or extend the taxonomy"},
    {"policy show", "getPolicy", "GET", "/v1/policy", nullptr, pb::Policy::descriptor, {}, "查看政策", "show the policy in force"},
    {"policy set", "setPolicy", "PUT", "/v1/policy", pb::Policy::descriptor, pb::Policy::descriptor, {}, "修改政策", "change the policy", true},
    {"area list", "listAreas", "GET", "/v1/areas", nullptr, pb::ListAreasResponse::descriptor, {"within", "level"}, "区域列表", "list areas"},
    {"area show", "getArea", "GET", "/v1/areas/{code}", nullptr, pb::Area::descriptor, {}, "查看区域", "show an area"},
    {"area put", "putArea", "PUT", "/v1/areas/{code}", pb::Area::descriptor, pb::Area::descriptor, {}, "新建或修改区域", "create or change an area", true, {}, false, true},
    {"party list", "listParties", "GET", "/v1/parties", nullptr, pb::ListPartiesResponse::descriptor, {"area", "kind", "standing"}, "单位与队伍列表", "list parties"},
    {"party show", "getParty", "GET", "/v1/parties/{id}", nullptr, pb::Party::descriptor, {}, "查看单位或队伍", "show a party"},
    {"party register", "registerParty", "POST", "/v1/parties", pb::Party::descriptor, pb::Party::descriptor, {}, "登记单位或队伍", "register a party"},
    {"party update", "updateParty", "PUT", "/v1/parties/{id}", pb::Party::descriptor, pb::Party::descriptor, {}, "修改单位或队伍", "change a party", true},
    {"party approve", "approveParty", "POST", "/v1/parties/{id}:approve", nullptr, pb::Party::descriptor, {}, "审核通过", "approve a pending party"},
    {"party suspend", "suspendParty", "POST", "/v1/parties/{id}:suspend", nullptr, pb::Party::descriptor, {}, "暂停（其供给不再对接）", "suspend a party: its offers are no longer matched"},
    {"party reinstate", "reinstateParty", "POST", "/v1/parties/{id}:reinstate", nullptr, pb::Party::descriptor, {}, "恢复", "reinstate a suspended party"},
    {"party lines", "rankOpenLines", "GET", "/v1/parties/{id}/open-lines", nullptr, pb::RankedPairs::descriptor, {"limit", "order"}, "推荐给它的需求", "the open lines recommended to a party, ranked by value"},
    {"person list", "listPersons", "GET", "/v1/persons", nullptr, pb::ListPersonsResponse::descriptor, {"party"}, "人员列表", "list persons"},
    {"person show", "getPerson", "GET", "/v1/persons/{id}", nullptr, pb::Person::descriptor, {}, "查看人员", "show a person"},
    {"person add", "addPerson", "POST", "/v1/persons", pb::Person::descriptor, pb::Person::descriptor, {}, "添加人员", "add a person to a party"},
    {"person update", "updatePerson", "PUT", "/v1/persons/{id}", pb::Person::descriptor, pb::Person::descriptor, {}, "修改人员", "change a person", true},
    {"person remove", "removePerson", "DELETE", "/v1/persons/{id}", nullptr, pb::Person::descriptor, {}, "移除人员", "remove a person from its party"},
    {"person reveal", "revealPerson", "POST", "/v1/persons/{id}:reveal", nullptr, pb::PersonalData::descriptor, {}, "查看完整姓名和电话（记入日志）", "reveal name and telephone; the journal records who looked"},
    {"person export", "exportPerson", "POST", "/v1/persons/{id}:export", nullptr, pb::PersonExport::descriptor, {}, "导出本人全部信息", "export all data about a person"},
    {"person erase", "erasePerson", "POST", "/v1/persons/{id}:erase", nullptr, pb::ErasedResponse::descriptor, {}, "永久清除个人信息", "erase a person's personal data for good"},
    {"party reveal", "revealParty", "POST", "/v1/parties/{id}:reveal", nullptr, pb::PersonalData::descriptor, {}, "查看完整联系方式（记入日志）", "reveal the contact of a party; the journal records who looked"},
    {"party erase", "eraseParty", "POST", "/v1/parties/{id}:erase", nullptr, pb::ErasedResponse::descriptor, {}, "永久清除联系方式", "erase the contact of a party for good"},
    {"need reveal", "revealNeed", "POST", "/v1/needs/{id}:reveal", nullptr, pb::PersonalData::descriptor, {}, "查看完整联系方式和地址（记入日志）", "reveal contact and address; the journal records who looked"},
    {"need disclosures", "listDisclosures", "GET", "/v1/needs/{id}/disclosures", nullptr, pb::ListDisclosuresResponse::descriptor, {}, "谁看过联系方式", "who saw the contact, and when"},
    {"need erase", "eraseNeed", "POST", "/v1/needs/{id}:erase", nullptr, pb::ErasedResponse::descriptor, {}, "永久清除联系方式和地址", "erase contact and address for good"},
    {"resident export", "exportResident", "POST", "/v1/residents/{ref}:export", nullptr, pb::PersonExport::descriptor, {}, "导出居民全部信息", "export all data about a resident"},
    {"resident erase", "eraseResident", "POST", "/v1/residents/{ref}:erase", nullptr, pb::ErasedResponse::descriptor, {}, "永久清除居民个人信息", "erase a resident's personal data for good"},
    {"offer list", "listOffers", "GET", "/v1/offers", nullptr, pb::ListOffersResponse::descriptor, {"party", "kind", "resource", "active"}, "供给列表", "list offers"},
    {"offer show", "getOffer", "GET", "/v1/offers/{id}", nullptr, pb::Offer::descriptor, {}, "查看供给", "show an offer"},
    {"offer post", "postOffer", "POST", "/v1/offers", pb::Offer::descriptor, pb::Offer::descriptor, {}, "登记供给", "post an offer"},
    {"offer update", "updateOffer", "PUT", "/v1/offers/{id}", pb::Offer::descriptor, pb::Offer::descriptor, {}, "修改供给", "change an offer", true},
    {"offer withdraw", "withdrawOffer", "POST", "/v1/offers/{id}:withdraw", nullptr, pb::Offer::descriptor, {}, "停止提供", "withdraw an offer; its promises stay"},
    {"need list", "listNeeds", "GET", "/v1/needs", nullptr, pb::ListNeedsResponse::descriptor, {"area", "state", "category", "programme", "organiser", "raised", "mine"}, "需求列表", "list needs"},
    {"need show", "getNeed", "GET", "/v1/needs/{id}", nullptr, pb::Need::descriptor, {}, "查看需求", "show a need"},
    {"need post", "postNeed", "POST", "/v1/needs", pb::Need::descriptor, pb::Need::descriptor, {"until"}, "发布需求（点单）", "post a need"},
    {"need update", "updateNeed", "PUT", "/v1/needs/{id}", pb::Need::descriptor, pb::Need::descriptor, {}, "修改需求", "change a need", true},
    {"need preview", "previewNeed", "POST", "/v1/needs:preview", pb::PreviewRequest::descriptor, pb::PreviewResponse::descriptor, {}, "需求发布前，看谁能来", "who could serve a need that is not posted yet"},
    {"need candidates", "rankCandidates", "GET", "/v1/needs/{id}/lines/{line}/candidates", nullptr, pb::RankedPairs::descriptor, {"limit"}, "推荐的供给和理由", "ranked candidates for a line, with reasons"},
    {"need bundle", "suggestBundle", "GET", "/v1/needs/{id}/bundle", nullptr, pb::Bundle::descriptor, {}, "组合：多项需求一次配齐", "offers that fill all lines together"},
    {"need submit", "submitNeed", "POST", "/v1/needs/{id}:submit", nullptr, pb::Need::descriptor, {}, "提交草稿（点单）", "submit a draft"},
    {"need approve", "approveNeed", "POST", "/v1/needs/{id}:approve", nullptr, pb::Need::descriptor, {}, "审核通过，开放接单", "approve a submitted need: it opens"},
    {"need reject", "rejectNeed", "POST", "/v1/needs/{id}:reject", pb::ReasonRequest::descriptor, pb::Need::descriptor, {}, "审核不通过", "reject a submitted need"},
    {"need cancel", "cancelNeed", "POST", "/v1/needs/{id}:cancel", pb::ReasonRequest::descriptor, pb::Need::descriptor, {}, "取消需求", "cancel a need"},
    {"need review", "reviewNeed", "POST", "/v1/needs/{id}:review", pb::ReviewRequest::descriptor, pb::Need::descriptor, {}, "评价（评单）", "review a need after service: stars and words"},
    {"explain", "explain", "GET", "/v1/explanations?need={need}&offer={offer}", nullptr, pb::Explanation::descriptor, {"line"}, "为什么能或不能对接", "why an offer is eligible for a need, or not"},
    {"match list", "listMatches", "GET", "/v1/matches", nullptr, pb::ListMatchesResponse::descriptor, {"need", "party", "offer", "state"}, "对接单列表", "list matches"},
    {"match show", "getMatch", "GET", "/v1/matches/{id}", nullptr, pb::Match::descriptor, {}, "查看对接单", "show a match"},
    {"propose", "proposeMatch", "POST", "/v1/matches:propose", pb::MatchRequest::descriptor, pb::Match::descriptor, {}, "建议对接", "propose a match", false, {"need_id", "offer_id"}},
    {"dispatch", "dispatchMatch", "POST", "/v1/matches:dispatch", pb::MatchRequest::descriptor, pb::Match::descriptor, {}, "派单", "dispatch: ask a party to serve a line", false, {"need_id", "offer_id"}},
    {"claim", "claimLine", "POST", "/v1/matches:claim", pb::MatchRequest::descriptor, pb::Match::descriptor, {}, "认领", "claim a line or part of it", false, {"need_id", "offer_id"}},
    {"match dispatch", "dispatchProposal", "POST", "/v1/matches/{id}:dispatch", nullptr, pb::Match::descriptor, {}, "把建议派单", "dispatch a proposed match"},
    {"confirm", "confirmClaim", "POST", "/v1/matches/{id}:confirm", nullptr, pb::Match::descriptor, {}, "确认认领", "confirm a claim"},
    {"accept", "acceptMatch", "POST", "/v1/matches/{id}:accept", nullptr, pb::Match::descriptor, {}, "接单", "accept a dispatch"},
    {"decline", "declineMatch", "POST", "/v1/matches/{id}:decline", pb::ReasonRequest::descriptor, pb::Match::descriptor, {}, "婉拒派单", "decline a dispatch"},
    {"withdraw", "withdrawMatch", "POST", "/v1/matches/{id}:withdraw", pb::ReasonRequest::descriptor, pb::Match::descriptor, {}, "退单", "withdraw from a match that was accepted"},
    {"check-in", "checkIn", "POST", "/v1/matches/{id}:checkIn", pb::CheckInRequest::descriptor, pb::Match::descriptor, {}, "签到", "check in"},
    {"check-out", "checkOut", "POST", "/v1/matches/{id}:checkOut", nullptr, pb::Match::descriptor, {}, "签退", "check out"},
    {"confirm-service", "verifyMatch", "POST", "/v1/matches/{id}:verify", nullptr, pb::Match::descriptor, {}, "确认完成", "verify what was served"},
    {"no-show", "reportNoShow", "POST", "/v1/matches/{id}:noShow", nullptr, pb::Match::descriptor, {}, "未到场", "report a no-show"},
    {"match cancel", "cancelMatch", "POST", "/v1/matches/{id}:cancel", pb::ReasonRequest::descriptor, pb::Match::descriptor, {}, "取消对接", "cancel a match"},
    {"clearing start", "startClearing", "POST", "/v1/clearings", pb::ClearingRequest::descriptor, pb::Clearing::descriptor, {}, "开始一轮统一对接", "start a clearing"},
    {"clearing list", "listClearings", "GET", "/v1/clearings", nullptr, pb::ListClearingsResponse::descriptor, {}, "历次统一对接", "list clearings"},
    {"clearing show", "getClearing", "GET", "/v1/clearings/{id}", nullptr, pb::Clearing::descriptor, {}, "查看一轮统一对接", "show a clearing"},
    {"clearing proposals", "listClearingProposals", "GET", "/v1/clearings/{id}/proposals", nullptr, pb::ListProposalsResponse::descriptor, {}, "这一轮的建议", "list the proposals of a clearing"},
    {"clearing cancel", "cancelClearing", "POST", "/v1/clearings/{id}:cancel", nullptr, pb::Clearing::descriptor, {}, "提前结束这一轮", "cancel a clearing"},
    {"clearing propose", "proposeClearing", "POST", "/v1/clearings/{id}:propose", nullptr, pb::Clearing::descriptor, {}, "把建议列为待派的对接单", "create proposed matches from the proposals"},
    {"clearing dispatch", "dispatchClearing", "POST", "/v1/clearings/{id}:dispatch", nullptr, pb::Clearing::descriptor, {}, "把建议全部派单", "dispatch the proposals"},
    {"proposals", "listProposals", "GET", "/v1/proposals", nullptr, pb::ListProposalsResponse::descriptor, {"need", "party"}, "目前的建议：谁去哪里", "list the current proposals"},
    {"overview", "getOverview", "GET", "/v1/overview", nullptr, pb::Overview::descriptor, {"area", "days"}, "全市一览", "the overview of the city"},
    {"report", "getReport", "GET", "/v1/reports", nullptr, pb::Report::descriptor, {"area", "by", "from", "to"}, "按项目、类别等统计", "count needs by programme, category and so on"},
    {"workforce", "getWorkforce", "GET", "/v1/workforce", nullptr, pb::WorkforceReport::descriptor, {"area"}, "四支队伍人数与标准", "the workforce compared with the standard"},
    {"recognition", "listRecognition", "GET", "/v1/recognition", nullptr, pb::ListRecognitionResponse::descriptor, {"area", "kind", "limit"}, "服务最多的单位与队伍", "the parties that served most"},
    {"party record", "getRecord", "GET", "/v1/parties/{id}/record", nullptr, pb::ServiceRecord::descriptor, {}, "服务记录", "the service record of a party"},
    {"party calendar", "getCalendar", "GET", "/v1/parties/{id}/calendar", nullptr, nullptr, {"token"}, "日历（iCalendar）", "the calendar of a party (iCalendar)"},
    {"inbox", "getInbox", "GET", "/v1/inbox", nullptr, pb::Inbox::descriptor, {}, "待办", "your to-do list"},
    {"need site-code", "getSiteCode", "GET", "/v1/needs/{id}/site-code", nullptr, pb::SiteCode::descriptor, {}, "现场签到码", "the check-in code"},
    {"policy try", "tryPolicy", "POST", "/v1/policy:try", pb::PolicyTrialRequest::descriptor, pb::PolicyTrial::descriptor, {}, "政策试算（在副本上）", "run a trial of a policy on a copy of the last weeks"},
    {"gaps", "listSupplyGaps", "GET", "/v1/supply-gaps", nullptr, pb::SupplyGapsResponse::descriptor, {"area", "limit"}, "供给缺口", "list supply gaps: what one more unit of supply would gain"},
    {"equity", "getEquity", "GET", "/v1/equity", nullptr, pb::EquityReport::descriptor, {"clearing"}, "服务均衡度", "how evenly communities are served"},
    {"notifications", "listNotifications", "GET", "/v1/notifications", nullptr, pb::ListNotificationsResponse::descriptor, {"party", "need"}, "通知记录", "which party was notified of which need"},
    {"events", "listEvents", "GET", "/v1/events", nullptr, pb::ListEventsResponse::descriptor, {"after", "limit"}, "历史事件", "list past events"},
    {"batch apply", "applyBatch", "POST", "/v1/batch", pb::BatchRequest::descriptor, pb::BatchResponse::descriptor, {}, "一次执行多条命令", "apply several commands, all or none"},
    {"batch check", "checkBatch", "POST", "/v1/batch:check", pb::BatchRequest::descriptor, pb::CheckBatchResponse::descriptor, {}, "检查多条命令", "check which of several commands would be refused"},
    {"import", "createImport", "POST", "/v1/imports", nullptr, pb::Import::descriptor, {}, "导入表格", "import a spreadsheet", false, {}, true},
    {"imports list", "listImports", "GET", "/v1/imports", nullptr, pb::ListImportsResponse::descriptor, {}, "自己的导入", "one's imports"},
    {"imports show", "getImport", "GET", "/v1/imports/{id}", nullptr, pb::Import::descriptor, {"outcome"}, "导入的进度和各行结果", "the progress of an import, and its results by row"},
    {"imports template", "getImportTemplate", "GET", "/v1/imports/template", nullptr, nullptr, {"kind", "format", "language"}, "导入模板", "an empty spreadsheet to fill in"},
    {"backup", "createBackup", "POST", "/v1/backups", pb::BackupRequest::descriptor, pb::BackupResponse::descriptor, {}, "在线备份", "back up the database while it is in use", false, {"name"}},
};
// clang-format on

}  // namespace

const std::vector<Verb>& verbs() { return kVerbs; }

std::string flag_of(std::string_view field) {
  std::string out;
  for (const char c : field) {
    if (c >= 'A' && c <= 'Z') {
      out += '-';
      out += ascii_lower(c);
    } else {
      out += c == '_' ? '-' : c;
    }
  }
  return out;
}

}  // namespace qiao
