#include "tools/sim/services.h"

#include <array>

namespace qiao {
namespace {

constexpr Service kServices[] = {
    {"elder_care", "elderly_alone", "", "{}独居老人上门探访", "银龄关爱", "", 2, 6, "", 0, "", "",
     0, 0, 2, Days::kAny, 12, 12, "665555555567"},
    {"elder_care", "elderly", "theme_days", "{}老人集中助浴与理发", "爱老助浴", "haircut", 3, 8, "",
     0, "", "", 0, 0, 3, Days::kWeekend, 6, 5, "555555555555"},
    {"elder_care", "elderly", "", "{}失能老人照护指导", "护理帮帮", "", 2, 4, "nurse", 1, "nursing",
     "", 0, 0, 3, Days::kWeekdays, 5, 4, "555555555555"},
    {"disability_support", "disabled", "", "{}残疾人出行陪护", "助残同行", "", 2, 4, "", 0, "", "",
     0, 0, 4, Days::kAny, 5, 3, "555565555555"},
    {"disability_support", "disabled", "micro_wish", "{}残疾居民微心愿：轮椅", "圆梦微心愿", "", 1,
     2, "", 0, "", "wheelchair", 1, 3, 2, Days::kAny, 2, 2, "555555555555"},
    {"child_care", "left_behind_children", "theme_days", "{}留守儿童周末课堂", "七彩课堂",
     "teaching", 3, 8, "", 0, "", "", 0, 0, 3, Days::kWeekend, 3, 9, "565555995555"},
    {"child_care", "children", "", "{}四点半课堂", "四点半课堂", "teaching", 2, 5, "", 0, "", "", 0,
     0, 2, Days::kWeekdays, 8, 3, "246666116666"},
    {"student_aid", "youth", "", "{}困境学生学业辅导", "助学先锋", "teaching", 1, 4, "teacher", 1,
     "teaching", "stationery", 5, 30, 2, Days::kWeekend, 4, 5, "335555558655"},
    {"health", "elderly", "theme_days", "{}义诊与慢病咨询", "健康义诊", "first_aid", 3, 8, "doctor",
     1, "medicine", "medicine_kit", 2, 10, 4, Days::kWeekend, 7, 7, "555655555755"},
    {"mental_health", "youth", "", "{}青少年心理团体辅导", "心灵驿站", "", 1, 3, "counsellor", 1,
     "counselling", "", 0, 0, 2, Days::kWeekend, 4, 2, "557775446555"},
    {"social_work", "low_income", "", "{}困难家庭社工个案走访", "社工同行", "", 2, 10,
     "social_worker", 2, "social_case_work", "", 0, 0, 4, Days::kWeekdays, 6, 5, "755555555557"},
    {"legal_aid", "migrants", "", "{}法律咨询与纠纷调解", "法润邻里", "mediation", 1, 3, "lawyer",
     1, "law", "", 0, 0, 3, Days::kWeekdays, 4, 3, "755555555557"},
    {"policy_talk", "all_residents", "theme_days", "{}理论政策宣讲", "理论宣讲", "organising", 2, 5,
     "", 0, "", "", 0, 0, 2, Days::kWeekdays, 5, 6, "446565885565"},
    {"culture_sport", "all_residents", "theme_days", "{}“村晚”与邻里文化活动", "文艺轻骑兵",
     "music", 5, 15, "", 0, "", "", 0, 0, 4, Days::kWeekend, 6, 6, "995544447755"},
    {"culture_sport", "elderly", "", "{}书画班", "翰墨飘香", "calligraphy", 1, 3, "", 0, "", "", 0,
     0, 2, Days::kWeekdays, 4, 2, "955555555555"},
    {"science", "children", "", "{}科普小实验", "科普大篷车", "teaching", 2, 5, "", 0, "", "", 0, 0,
     2, Days::kWeekend, 3, 3, "445565885555"},
    {"environment", "all_residents", "theme_days", "{}环境整治", "洁美家园", "", 8, 25, "", 0, "",
     "", 0, 0, 3, Days::kWeekend, 8, 8, "456876555665"},
    {"environment", "all_residents", "", "{}河道巡护与植树", "护河青山", "environment_guide", 5, 15,
     "", 0, "", "tree_seedling", 50, 300, 3, Days::kWeekend, 2, 5, "259833333333"},
    {"safety_check", "elderly_alone", "", "{}独居户用电安全排查", "光明行", "electrician", 2, 4,
     "electrician", 1, "electrician", "smoke_alarm", 10, 60, 3, Days::kWeekdays, 5, 5,
     "855556665568"},
    {"traffic", "all_residents", "theme_days", "{}路口文明劝导", "文明交通", "", 4, 10, "", 0, "",
     "", 0, 0, 2, Days::kWeekdays, 7, 1, "655555555555"},
    {"public_security", "all_residents", "", "{}夜间平安巡防", "红袖标巡防", "", 4, 10, "", 0, "",
     "", 0, 0, 3, Days::kAny, 5, 3, "755555555557"},
    {"emergency", "disaster_affected", "", "{}防汛值守与转移", "应急先锋", "swimming_rescue", 5, 15,
     "", 0, "", "water", 100, 600, 8, Days::kAny, 1, 3, "000039984100"},
    {"emergency", "all_residents", "", "{}山林防火巡查", "山林守护", "mountain_rescue", 4, 10, "",
     0, "", "", 0, 0, 6, Days::kAny, 0, 4, "779730000379"},
    {"convenience", "all_residents", "theme_days", "{}便民服务日：理发磨刀修伞", "便民服务",
     "haircut", 4, 10, "", 0, "", "", 0, 0, 4, Days::kWeekend, 8, 6, "555555555555"},
    {"digital_help", "elderly", "", "{}老人手机课", "数字助老", "it_support", 2, 6, "", 0, "", "",
     0, 0, 2, Days::kWeekdays, 7, 4, "555555555555"},
    {"home_repair", "elderly", "micro_wish", "{}老人家电与水电维修", "修修帮", "appliance_repair",
     1, 3, "", 0, "", "", 0, 0, 2, Days::kAny, 6, 5, "655556665556"},
    {"hardship_relief", "low_income", "", "{}困难家庭米油慰问", "暖冬行动", "", 2, 6, "", 0, "",
     "rice", 50, 400, 2, Days::kAny, 5, 7, "972222222469"},
    {"hardship_relief", "elderly", "", "{}高龄老人冬衣棉被", "暖冬行动", "", 1, 4, "", 0, "",
     "quilt", 5, 40, 2, Days::kAny, 3, 5, "861000000489"},
    {"new_workers", "new_workers", "warm_new", "{}骑手驿站服务日", "暖新护航", "", 2, 6, "", 0, "",
     "charging_voucher", 20, 100, 4, Days::kAny, 4, 0, "655567775556"},
    {"new_workers", "new_workers", "new_wish", "{}网约配送员微新愿：头盔", "暖新护航", "", 1, 2, "",
     0, "", "safety_helmet", 5, 30, 2, Days::kAny, 2, 0, "555555555555"},
    {"veterans", "veterans", "", "{}走访退役军人家庭", "老兵永远跟党走", "", 2, 4, "", 0, "",
     "gift_pack", 5, 30, 2, Days::kWeekdays, 3, 3, "655555695555"},
    {"pets_civility", "all_residents", "", "{}文明养犬劝导", "文明养犬", "", 3, 6, "", 0, "", "", 0,
     0, 2, Days::kAny, 4, 0, "555555555555"},
    {"funeral_wedding", "all_residents", "", "{}移风易俗宣传", "乡风文明", "", 2, 6, "", 0, "", "",
     0, 0, 2, Days::kAny, 1, 4, "868555555566"},
    {"events", "all_residents", "", "{}山核桃开采节服务", "赛会志愿", "event_host", 8, 25, "", 0,
     "", "", 0, 0, 6, Days::kWeekend, 2, 3, "222222229922"},
    {"transport", "patients", "", "{}病患就医接送", "爱心车队", "driving_c", 1, 3, "", 0, "", "", 0,
     0, 4, Days::kWeekdays, 4, 5, "655555555556"},
    {"food", "elderly", "", "{}助餐点配餐送餐", "暖心助餐", "cooking", 3, 8, "", 0, "", "meal", 30,
     150, 3, Days::kAny, 6, 4, "555555555555"},
    {"goods", "children", "micro_wish", "{}儿童微心愿：书包与图书", "圆梦微心愿", "", 1, 3, "", 0,
     "", "school_bag", 5, 40, 2, Days::kAny, 3, 4, "464444499444"},
};

constexpr std::array<std::uint32_t, 24> kHours = {1,  0,  0,  0,  0,  1,  4,  20, 70, 100, 92, 60,
                                                  22, 35, 78, 85, 70, 45, 25, 22, 20, 14,  6,  2};
constexpr std::array<std::uint32_t, 7> kWeekdays = {100, 92, 88, 86, 84, 45, 36};

}  // namespace

std::span<const Service> services() { return kServices; }

std::uint32_t load_at(unsigned iso_weekday, unsigned hour) {
  return kHours[hour] * kWeekdays[iso_weekday - 1];
}

}  // namespace qiao
