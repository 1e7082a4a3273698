#include "engine/market/words.h"

namespace qiao {

Words words(pb::NeedState state) {
  switch (state) {
    case pb::NEED_STATE_DRAFT:
      return {"草稿", "draft"};
    case pb::NEED_STATE_SUBMITTED:
      return {"待审核", "submitted"};
    case pb::NEED_STATE_OPEN:
      return {"待接单", "open"};
    case pb::NEED_STATE_FILLED:
      return {"已接满", "filled"};
    case pb::NEED_STATE_IN_SERVICE:
      return {"服务中", "in service"};
    case pb::NEED_STATE_DONE:
      return {"待评价", "done"};
    case pb::NEED_STATE_REVIEWED:
      return {"已评价", "reviewed"};
    case pb::NEED_STATE_REJECTED:
      return {"未通过", "rejected"};
    case pb::NEED_STATE_CANCELLED:
      return {"已取消", "cancelled"};
    case pb::NEED_STATE_EXPIRED:
      return {"已过期", "expired"};
    default:
      return {"未知", "unknown"};
  }
}

Words words(pb::MatchState state) {
  switch (state) {
    case pb::MATCH_STATE_PROPOSED:
      return {"建议", "proposed"};
    case pb::MATCH_STATE_DISPATCHED:
      return {"已派单", "dispatched"};
    case pb::MATCH_STATE_CLAIMED:
      return {"已认领", "claimed"};
    case pb::MATCH_STATE_ACCEPTED:
      return {"已接单", "accepted"};
    case pb::MATCH_STATE_CHECKED_IN:
      return {"已签到", "checked in"};
    case pb::MATCH_STATE_SERVED:
      return {"已签退", "served"};
    case pb::MATCH_STATE_VERIFIED:
      return {"已确认", "verified"};
    case pb::MATCH_STATE_DECLINED:
      return {"已婉拒", "declined"};
    case pb::MATCH_STATE_LAPSED:
      return {"超时未答复", "lapsed"};
    case pb::MATCH_STATE_WITHDRAWN:
      return {"已退单", "withdrawn"};
    case pb::MATCH_STATE_NO_SHOW:
      return {"未到场", "no-show"};
    case pb::MATCH_STATE_CANCELLED:
      return {"已取消", "cancelled"};
    default:
      return {"未知", "unknown"};
  }
}

Words words(pb::Rule rule) {
  switch (rule) {
    case pb::RULE_UNSPECIFIED:
      return {"可以对接", "eligible"};
    case pb::RULE_NEED_NOT_OPEN:
      return {"该需求目前不接单", "the need is not open"};
    case pb::RULE_OFFER_WITHDRAWN:
      return {"该供给已停止提供", "the offer was withdrawn"};
    case pb::RULE_PARTY_NOT_ACTIVE:
      return {"供给方尚未通过审核或已被暂停", "the party is not active"};
    case pb::RULE_KIND_DIFFERS:
      return {"供给的种类与所需不同", "the offer is of another kind"};
    case pb::RULE_SKILL_MISSING:
      return {"缺少所需技能", "a required skill is missing"};
    case pb::RULE_CERTIFICATE_MISSING:
      return {"缺少所需资质或等级不够", "the required certificate or level is missing"};
    case pb::RULE_CERTIFICATE_EXPIRED:
      return {"资质在服务结束前到期", "the certificate expires before the service ends"};
    case pb::RULE_OUTSIDE_VALIDITY:
      return {"不在供给的有效期内", "outside the period of the offer"};
    case pb::RULE_NOT_AVAILABLE:
      return {"该时段不在其可服务时间内", "not available at that time"};
    case pb::RULE_TOO_FAR:
      return {"距离超出服务范围", "too far away"};
    case pb::RULE_EXCLUDED_BY_NEED:
      return {"需求方不接受该供给方", "the need excludes this party"};
    case pb::RULE_EXCLUDED_BY_PARTY:
      return {"供给方不接受该类别或该区域", "the party does not serve this category or area"};
    case pb::RULE_LINE_FULL:
      return {"该项需求已接满", "the line is full"};
    case pb::RULE_NOTHING_FREE:
      return {"该时段已约满，或物资已发完", "everything is booked or used up"};
    case pb::RULE_LOT_TOO_LARGE:
      return {"还缺的少于每次最少提供的数量",
              "less is missing than the smallest quantity at a time"};
    case pb::RULE_ASKED_BEFORE:
      return {"该供给方婉拒过、未答复或退过单", "this party was asked before"};
    default:
      return {"未知", "unknown"};
  }
}

}  // namespace qiao
