// Words that earlier exports and templates wrote. They are still read; nothing writes them.
#pragma once

#include <initializer_list>
#include <utility>

#include "qiao/v1/need.pb.h"
#include "qiao/v1/offer.pb.h"

namespace qiao {

namespace pb = qiao::v1;

inline constexpr std::initializer_list<std::pair<const char*, pb::NeedState>> kFormerNeedStates = {
    {"已满员", pb::NEED_STATE_FILLED},
    {"已完成", pb::NEED_STATE_DONE},
    {"已评单", pb::NEED_STATE_REVIEWED},
    {"已驳回", pb::NEED_STATE_REJECTED}};
inline constexpr std::initializer_list<std::pair<const char*, pb::OfferState>> kFormerOfferStates =
    {{"已撤回", pb::OFFER_STATE_WITHDRAWN}};
inline constexpr const char* kFormerSmallestLot = "最小起供量";

}  // namespace qiao
