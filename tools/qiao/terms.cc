#include "tools/qiao/terms.h"

#include <algorithm>
#include <iterator>

#include "engine/base/ascii.h"
#include "proto/text/enum_names.h"

namespace qiao {
namespace {

struct Term {
  std::string_view name;
  std::string_view zh;
  std::string_view en;
};

// clang-format off
constexpr Term kFlags[] = {
    {"account", "账号编号", "id of the account"},
    {"active", "只列可对接的：yes、no", "only those that can be matched: yes, no"},
    {"address", "门牌地址（加密保存）", "address (stored encrypted)"},
    {"after", "从此序号之后", "after this sequence number"},
    {"all-or-nothing", "人和物到齐才开展", "served only if all lines are full"},
    {"apply", "完成后", "what to do with the proposals"},
    {"area", "区域编码", "code of the area"},
    {"area-code", "区域编码", "code of the area"},
    {"beneficiary", "服务对象", "beneficiary"},
    {"by", "分组：programme、category、beneficiary、area、month", "group by: programme, category, beneficiary, area, month"},
    {"categories", "适用的服务类别", "categories that it is meant for"},
    {"category", "服务类别", "category"},
    {"certificate", "专业人员的资质和等级", "certificate and level of the professionals"},
    {"check-in-by-code", "签到必须扫码或输入签到码", "check-in requires the QR code or check-in code"},
    {"clearing", "第几轮统一对接", "number of the clearing"},
    {"code", "签到码", "check-in code"},
    {"confirm-claims", "认领要组织单位确认", "claims must be confirmed by an organiser"},
    {"contact-from", "队伍何时能看联系方式", "when a team may see the contact"},
    {"contact-name", "联系人（加密保存）", "contact (stored encrypted)"},
    {"contact-phone", "联系电话（加密保存）", "telephone (stored encrypted)"},
    {"credit-code", "统一社会信用代码", "unified social credit code"},
    {"days", "近几天", "number of days"},
    {"deadline", "截止时间", "deadline"},
    {"default-radius-m", "默认服务范围（米）", "default service radius in metres"},
    {"description", "说明", "description"},
    {"disabled", "停用", "disabled"},
    {"epoch", "数据库版本号", "epoch of the database"},
    {"equipment", "设备套数", "sets of equipment"},
    {"exceptions", "例外日期", "days that differ from the week"},
    {"excluded-area-codes", "不服务的区域", "areas that it does not serve"},
    {"excluded-categories", "不服务的类别", "categories that it does not serve"},
    {"excluded-party-ids", "不接受的单位", "parties that are not accepted"},
    {"expires", "有效期至（物资）", "when the stock expires"},
    {"external-id", "外部身份", "identity at the outside identity provider"},
    {"from", "从哪天起", "from this day"},
    {"guardian-consent", "监护人已同意", "a guardian has consented"},
    {"handover", "交付方式（物资）：deliver 送达，collect 自取", "handover of stock: deliver, collect"},
    {"kind", "种类", "kind"},
    {"level", "层级", "level"},
    {"lifetime", "有效期（秒）", "lifetime in seconds"},
    {"limit", "最多几条", "at most this many"},
    {"line", "第几项", "number of the line"},
    {"login", "登录名", "login name"},
    {"mine", "只列自己的：1", "only your own: 1"},
    {"minor", "未成年人", "a minor"},
    {"name", "名称", "name"},
    {"need", "需求编号", "id of the need"},
    {"object", "对象", "object"},
    {"offer", "供给编号", "id of the offer"},
    {"on", "时间段", "window"},
    {"order", "排列：value 推荐分，clearing 紧缺度", "order: value, clearing (by prices)"},
    {"organiser", "组织单位编号", "id of the organiser"},
    {"organiser-id", "组织单位编号", "id of the organiser"},
    {"parent-code", "上级区域编码", "code of the parent area"},
    {"parent-id", "上级单位编号", "id of the parent party"},
    {"party", "单位或队伍编号", "id of the party"},
    {"party-id", "单位或队伍编号", "id of the party"},
    {"people", "人数", "number of people"},
    {"person-id", "人员编号", "id of the person"},
    {"phone", "电话（加密保存）", "telephone (stored encrypted)"},
    {"point", "纬度,经度", "latitude,longitude"},
    {"population", "常住人口", "population"},
    {"professional", "专业人员人数", "number of professionals"},
    {"programme", "项目", "programme"},
    {"programmes", "参加的项目", "programmes that it takes part in"},
    {"quantity", "数量", "quantity"},
    {"radius-m", "服务范围（米）", "service radius in metres"},
    {"raise-after-dispatches", "几次派单未成后上报", "failed dispatches after which a need is escalated"},
    {"raised", "上报级数", "levels escalated"},
    {"reason", "原因", "reason"},
    {"redispatch", "婉拒或超时后自动派给下一家", "dispatch to the next party after a decline or lapse"},
    {"resident-ref", "居民代号", "reference of the resident"},
    {"resource", "物资", "goods"},
    {"role", "角色", "role"},
    {"scopes", "令牌可用的操作", "operations that the token may call"},
    {"service-radius-m", "服务范围（米）", "service radius in metres"},
    {"skills", "技能", "skills"},
    {"smallest-lot", "每次最少数量（物资）", "smallest quantity at a time (stock)"},
    {"standing", "审核状态", "standing"},
    {"stars", "星级，1 至 5", "stars, 1 to 5"},
    {"state", "状态", "state"},
    {"stock", "物资和数量", "goods and quantity"},
    {"time-zone", "时区", "time zone"},
    {"title", "名称", "title"},
    {"to", "到哪天为止", "until this day"},
    {"token", "日历令牌", "token of the calendar"},
    {"trainings", "参加过的培训", "trainings"},
    {"travel-m", "服务对象可前往的距离（米）", "how far the beneficiaries can travel, in metres"},
    {"until", "办到哪个状态：draft、submitted、open", "state to stop at: draft, submitted, open"},
    {"urgency", "紧急程度", "urgency"},
    {"valid-from", "从何时起可提供", "offered from"},
    {"valid-to", "提供到何时", "offered until"},
    {"vehicle", "车辆座位数", "seats in vehicles"},
    {"venue", "场地座位数", "seats of a venue"},
    {"volunteers-per-professional", "每名专业人员带几名志愿者", "volunteers for each professional"},
    {"week", "每周时间", "weekly hours"},
    {"within", "上级区域编码", "code of an area that they lie in"},
    {"words", "评语", "words of the review"},
    {"workforce", "四支队伍中的类别", "kind of workforce"},
};

constexpr Term kEnums[] = {
    {"AREA_LEVEL_CITY", "市", ""},
    {"AREA_LEVEL_TOWN", "乡镇（街道）", ""},
    {"AREA_LEVEL_COMMUNITY", "村（社区）", ""},
    {"AREA_LEVEL_GRID", "网格", ""},
    {"PARTY_KIND_LEAD", "牵头单位", ""},
    {"PARTY_KIND_ORGANISER", "组织单位", ""},
    {"PARTY_KIND_VOLUNTEER_TEAM", "志愿服务队", ""},
    {"PARTY_KIND_ENTERPRISE", "企业", ""},
    {"PARTY_KIND_SOCIAL_ORGANISATION", "社会组织", ""},
    {"STANDING_PENDING", "待审核", ""},
    {"STANDING_ACTIVE", "已通过", ""},
    {"STANDING_SUSPENDED", "已暂停", ""},
    {"URGENCY_NORMAL", "一般", ""},
    {"URGENCY_URGENT", "紧急", ""},
    {"URGENCY_CRITICAL", "特急", ""},
    {"EVENT_KIND_TAXONOMY_CHANGED", "词表修改", ""},
    {"EVENT_KIND_POLICY_CHANGED", "政策修改", ""},
    {"EVENT_KIND_AREA_CHANGED", "区域修改", ""},
    {"EVENT_KIND_PARTY_REGISTERED", "单位登记", ""},
    {"EVENT_KIND_PARTY_CHANGED", "单位修改", ""},
    {"EVENT_KIND_PERSON_CHANGED", "人员修改", ""},
    {"EVENT_KIND_OFFER_POSTED", "供给登记", ""},
    {"EVENT_KIND_OFFER_CHANGED", "供给修改", ""},
    {"EVENT_KIND_NEED_POSTED", "填写需求", ""},
    {"EVENT_KIND_NEED_CHANGED", "需求修改", ""},
    {"EVENT_KIND_NEED_SUBMITTED", "点单", ""},
    {"EVENT_KIND_NEED_OPENED", "需求开放接单", ""},
    {"EVENT_KIND_NEED_FILLED", "需求接满", ""},
    {"EVENT_KIND_NEED_REOPENED", "需求重新开放", ""},
    {"EVENT_KIND_NEED_RAISED", "需求上报", "need escalated"},
    {"EVENT_KIND_NEED_STARTED", "开始服务", ""},
    {"EVENT_KIND_NEED_DONE", "服务完成", ""},
    {"EVENT_KIND_REVIEW_REQUESTED", "请求评价", ""},
    {"EVENT_KIND_NEED_REVIEWED", "评单", ""},
    {"EVENT_KIND_NEED_REJECTED", "审核不通过", ""},
    {"EVENT_KIND_NEED_CANCELLED", "需求取消", ""},
    {"EVENT_KIND_NEED_EXPIRED", "需求过期", ""},
    {"EVENT_KIND_MATCH_PROPOSED", "建议对接", ""},
    {"EVENT_KIND_MATCH_DISPATCHED", "派单", ""},
    {"EVENT_KIND_MATCH_CLAIMED", "认领", ""},
    {"EVENT_KIND_MATCH_ACCEPTED", "接单", ""},
    {"EVENT_KIND_MATCH_CHECKED_IN", "签到", ""},
    {"EVENT_KIND_MATCH_SERVED", "签退", ""},
    {"EVENT_KIND_MATCH_VERIFIED", "确认完成", ""},
    {"EVENT_KIND_MATCH_DECLINED", "婉拒", ""},
    {"EVENT_KIND_MATCH_LAPSED", "超时未答复", ""},
    {"EVENT_KIND_MATCH_WITHDRAWN", "退单", ""},
    {"EVENT_KIND_MATCH_NO_SHOW", "未到场", ""},
    {"EVENT_KIND_MATCH_CANCELLED", "取消对接", ""},
    {"EVENT_KIND_PARTY_NOTIFIED", "通知", ""},
    {"EVENT_KIND_ACCOUNT_CHANGED", "账号修改", ""},
    {"EVENT_KIND_ACCOUNT_LOCKED", "账号锁定", ""},
    {"EVENT_KIND_PASSWORD_SET", "密码修改", ""},
    {"EVENT_KIND_GRANT_MADE", "登录、令牌或邀请", "session, token or invitation"},
    {"EVENT_KIND_GRANT_REVOKED", "令牌或登录撤销", "session or token revoked"},
    {"EVENT_KIND_PERSONAL_SHOWN", "查看联系方式", "personal data revealed"},
    {"EVENT_KIND_PERSONAL_ERASED", "个人信息清除", "personal data erased"},
};
// clang-format on

template <std::size_t kSize>
const Term* find(const Term (&terms)[kSize], std::string_view name) {
  const auto* it = std::find_if(std::begin(terms), std::end(terms),
                                [&](const Term& t) { return t.name == name; });
  return it == std::end(terms) ? nullptr : it;
}

std::string english_word(const google::protobuf::EnumValueDescriptor* value) {
  std::string word(unprefixed_name(value));
  for (char& c : word) c = c == '_' ? ' ' : ascii_lower(c);
  return word;
}

}  // namespace

std::string_view flag_meaning(std::string_view name, bool chinese) {
  const Term* term = find(kFlags, name);
  if (term == nullptr) return {};
  return chinese ? term->zh : term->en;
}

std::string enum_word(const google::protobuf::EnumDescriptor* type, int value, bool chinese) {
  const auto* v = type->FindValueByNumber(value);
  if (v == nullptr) return std::to_string(value);
  const Term* term = find(kEnums, v->name());
  if (term != nullptr && chinese) return std::string(term->zh);
  if (term != nullptr && !term->en.empty()) return std::string(term->en);
  return english_word(v);
}

}  // namespace qiao
