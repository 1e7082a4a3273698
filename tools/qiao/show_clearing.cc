#include "tools/qiao/show_clearing.h"

#include "engine/base/number_text.h"
#include "proto/text/notation.h"
#include "tools/qiao/table.h"

namespace qiao {
namespace {

std::string points(std::int64_t micro, int decimals = 2) { return micro_text(micro, decimals); }
std::string percent(std::int64_t micro, int decimals = 1) {
  return micro_text(micro * 100, decimals) + " %";
}

const char* stage(Session& s, pb::ClearingStage stage) {
  switch (stage) {
    case pb::CLEARING_STAGE_COLLECTING:
      return s.say("读取需求与供给", "reading needs and offers");
    case pb::CLEARING_STAGE_PRICES:
      return s.say("计算紧缺度", "computing prices");
    case pb::CLEARING_STAGE_ROUNDING:
      return s.say("生成方案", "rounding");
    case pb::CLEARING_STAGE_BOUND:
      return s.say("计算上限", "tightening the bound");
    case pb::CLEARING_STAGE_IMPROVING:
      return s.say("改进方案", "improving");
    case pb::CLEARING_STAGE_APPLYING:
      return s.say("正在写入", "applying");
    default:
      return "";
  }
}

const char* state_name(Session& s, pb::ClearingState state) {
  switch (state) {
    case pb::CLEARING_STATE_QUEUED:
      return s.say("排队中", "queued");
    case pb::CLEARING_STATE_RUNNING:
      return s.say("进行中", "running");
    case pb::CLEARING_STATE_CANCELLED:
      return s.say("提前结束", "cancelled");
    case pb::CLEARING_STATE_INTERRUPTED:
      return s.say("已中断", "interrupted");
    default:
      return s.say("完成", "done");
  }
}

std::string equity_line(Session& s, const pb::Equity& e) {
  return s.say("平均满足率 ", "mean fill ") + percent(e.mean_fill_micro()) +
         s.say("，均衡指数 ", ", Jain index ") + points(e.jain_micro(), 3) +
         s.say("，最差一成 ", ", worst tenth ") + percent(e.worst_decile_micro()) +
         s.say("，社区 ", ", communities ") + std::to_string(e.communities());
}

}  // namespace

std::string progress_line(Session& s, const pb::Clearing& c) {
  std::string line = stage(s, c.stage());
  if (c.state() == pb::CLEARING_STATE_QUEUED) line = s.chinese() ? c.zh() : c.en();
  if (c.bound_micro() > 0)
    line += s.say("  推荐分合计 ", "  value ") + points(c.value_micro()) +
            s.say("  上限 ", "  bound ") + points(c.bound_micro()) + s.say("  差距 ", "  gap ") +
            percent(c.gap_micro(), 2);
  return line;
}

void show_clearing(Session& s, const pb::Clearing& c, std::ostream& out) {
  out << s.say("统一对接第", "clearing ") << c.id() << s.say("轮  [", "  [")
      << state_name(s, c.state()) << "]" << (c.scheduled() ? s.say("  自动", "  scheduled") : "")
      << "\n";
  if (c.state() != pb::CLEARING_STATE_QUEUED && !c.zh().empty()) {
    out << "  " << (s.chinese() ? c.zh() : c.en()) << "\n";
  }
  if (c.state() == pb::CLEARING_STATE_INTERRUPTED) return;
  if (c.state() == pb::CLEARING_STATE_QUEUED || c.state() == pb::CLEARING_STATE_RUNNING) {
    out << "  " << progress_line(s, c) << "\n";
    return;
  }
  out << "  " << c.needs() << s.say(" 个需求，", " needs, ") << c.lines()
      << s.say(" 项，", " lines, ") << c.offers() << s.say(" 条供给；读取 ", " offers; read in ")
      << c.collect_ms() << s.say(" 毫秒，求解 ", " ms, solved in ") << c.solve_ms()
      << s.say(" 毫秒\n", " ms\n");
  out << s.say("  推荐分合计 ", "  value ") << points(c.value_micro())
      << s.say("，上限 ", ", bound ") << points(c.bound_micro())
      << s.say("：离最优最多差 ", ": at most ") << percent(c.gap_micro(), 2)
      << s.say("\n", " from the optimum\n");
  out << "  " << c.proposals() << s.say(" 条建议，接满 ", " proposals fill ") << c.needs_filled()
      << s.say(" 个需求\n", " needs\n");
  for (const auto& u : c.unserved()) {
    out << s.say("  未安排：", "  short: ") << u.lines() << s.say(" 项（缺 ", " lines (")
        << u.units() << s.say("）：", " units): ") << (s.chinese() ? u.zh() : u.en()) << "\n";
  }
  out << s.say("  之前：", "  before: ") << equity_line(s, c.equity_before()) << "\n"
      << s.say("  之后：", "  after:  ") << equity_line(s, c.equity_after()) << "\n";
  if (c.stage() == pb::CLEARING_STAGE_APPLYING || c.applied() + c.dropped() > 0) {
    out << s.say("  已生效 ", "  applied ") << c.applied() << s.say(" 条，作废 ", ", dropped ")
        << c.dropped() << "\n";
  }
}

void show_proposals(Session& s, const pb::ListProposalsResponse& all, std::ostream& out) {
  const auto zone = s.zone();
  const TimeZone utc;
  const TimeZone& z = zone ? *zone.value() : utc;
  Table t;
  t.headings = {s.say("需求", "need"),       s.say("项", "line"),       "",
                s.say("供给方", "supplier"), s.say("数量", "quantity"), s.say("时间", "when"),
                s.say("推荐分", "value"),    s.say("紧缺度", "price"),  s.say("理由", "why")};
  for (const auto& p : all.proposals()) {
    t.rows.push_back({std::to_string(p.need_id()), std::to_string(p.line()), p.need_title(),
                      p.party_name(), std::to_string(p.quantity()),
                      format_moment(to_time(p.start()), z), points(p.value_micro()),
                      points(p.price_micro()), s.chinese() ? p.zh() : p.en()});
  }
  t.print(out);
}

void show_gaps(Session& s, const pb::SupplyGapsResponse& all, std::ostream& out) {
  if (all.clearing_id() == 0) {
    out << s.say("还没有统一对接；请先运行 qiao clear\n",
                 "there has been no clearing yet; run qiao clear first\n");
    return;
  }
  Table t;
  t.headings = {s.say("供给缺口", "supply gap"), s.say("紧缺度", "price"), s.say("还缺", "unmet"),
                s.say("推荐分增加", "gain")};
  for (const auto& g : all.gaps())
    t.rows.push_back({s.chinese() ? g.zh() : g.en(), points(g.price_micro()),
                      std::to_string(g.unmet_units()), points(g.gain_micro())});
  t.print(out);
}

void show_equity(Session& s, const pb::EquityReport& r, std::ostream& out) {
  out << s.say("之前：", "before: ") << equity_line(s, r.before()) << "\n"
      << s.say("之后：", "after:  ") << equity_line(s, r.after()) << "\n";
  Table t;
  t.headings = {s.say("社区", "community"), s.say("需求项", "lines"), s.say("之前", "before"),
                s.say("之后", "after")};
  for (const auto& c : r.communities())
    t.rows.push_back({c.name(), points(c.asked_micro(), 1), percent(c.before_micro()),
                      percent(c.after_micro())});
  t.print(out);
}

void show_notifications(Session& s, const pb::ListNotificationsResponse& all, std::ostream& out) {
  const auto zone = s.zone();
  const TimeZone utc;
  const TimeZone& z = zone ? *zone.value() : utc;
  Table t;
  t.headings = {s.say("时间", "when"), s.say("单位", "party"), s.say("需求", "need"),
                s.say("项", "line"),   s.say("供给", "offer"), s.say("答复可能", "chance")};
  for (const auto& n : all.notifications()) {
    t.rows.push_back({format_moment(to_time(n.sent_at()), z), s.party_name(n.party_id()),
                      std::to_string(n.need_id()), std::to_string(n.line()),
                      std::to_string(n.offer_id()), percent(n.chance_micro(), 0)});
  }
  t.print(out);
}

}  // namespace qiao
