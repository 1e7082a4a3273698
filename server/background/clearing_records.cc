// What the clearinghouse stores on disk, and restores when the server starts.
#include <algorithm>
#include <array>
#include <map>

#include "server/background/clearing_run.h"
#include "server/background/slices.h"
#include "server/runtime/heaviest.h"
#include "server/runtime/threads.h"

namespace qiao {
namespace {

// The rows of one clearing as they were read.
struct Record {
  pb::Clearing summary;
  pb::KeptFills fills;
  pb::KeptProposals proposals;
  pb::KeptProgress progress;
  bool has_fills = false;
  bool good = true;
};

void read_part(Record& record, ClearingPart part, std::string_view bytes) {
  const auto parse = [&](google::protobuf::Message& into) {
    const bool good = into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    record.good = record.good && good;
  };
  switch (part) {
    case ClearingPart::kSummary:
      return parse(record.summary);
    case ClearingPart::kFills:
      record.has_fills = true;
      return parse(record.fills);
    case ClearingPart::kProposals:
      return parse(record.proposals);
    case ClearingPart::kProgress:
      return parse(record.progress);
  }
  record.good = false;
}

StoreError damaged(std::uint64_t number) {
  const std::string id = std::to_string(number);
  return {.message = "the record of clearing " + id + " is damaged; restore the last backup",
          .damaged = true,
          .zh = "第" + id + "轮统一对接的记录已损坏；请恢复最近的备份"};
}

// By ids, because slots change at a restart.
pb::KeptProposal kept(const State& state, const Clearinghouse::Chosen& c) {
  pb::KeptProposal p;
  p.set_need_id(state.needs()[c.need].id.value());
  p.set_line(state.line(c.part.line).number);
  p.set_offer_id(state.offers()[c.part.offer].id.value());
  p.set_units(c.part.units);
  p.set_value_micro(c.part.value_micro);
  p.set_price_micro(c.part.price_micro);
  return p;
}

// Nothing if one of its rows is missing.
std::optional<Clearinghouse::Chosen> found(const State& state, const pb::KeptProposal& p) {
  const Slot need = state.needs().find(NeedId{p.need_id()});
  const Slot offer = state.offers().find(OfferId{p.offer_id()});
  if (need == kNoSlot || offer == kNoSlot) return std::nullopt;
  const Slot line = state.line_of(need, p.line());
  if (line == kNoSlot) return std::nullopt;
  const auto units = static_cast<std::int32_t>(p.units());
  return Clearinghouse::Chosen{need, {line, offer, units, p.value_micro(), p.price_micro()}};
}

}  // namespace

void Clearinghouse::keep_summary(const Run& run) {
  runtime_.keep_clearing(run.summary.id(), ClearingPart::kSummary, run.summary.SerializeAsString());
}

void Clearinghouse::keep_result(const std::shared_ptr<Run>& run, std::function<void()> then) {
  const State& state = runtime_.state();
  auto fills = std::make_shared<pb::KeptFills>();
  fills->set_account_id(run->actor.account_id());
  auto proposals = std::make_shared<pb::KeptProposals>();
  const auto step = [run, fills, proposals, &state](std::size_t i) {
    if (i < run->fills.size()) {
      const Fill& f = run->fills[i];
      pb::KeptFill& row = *fills->add_fills();
      row.set_area_code(state.areas()[f.community].id.value());
      row.set_asked_micro(f.asked_micro);
      row.set_before_micro(f.before_micro);
      row.set_after_micro(f.after_micro);
      return;
    }
    *proposals->add_proposals() = kept(state, run->proposals[i - run->fills.size()]);
  };
  const auto bytes = std::make_shared<std::array<std::string, 2>>();
  const auto write = [this, run, bytes, then = std::move(then)] {
    const std::uint64_t id = run->summary.id();
    runtime_.keep_clearing(id, ClearingPart::kFills, std::move(bytes->front()));
    runtime_.keep_clearing(id, ClearingPart::kProposals, std::move(bytes->back()));
    then();
  };
  // Those of a nation take tens of milliseconds to serialize.
  const auto serialize = [this, fills, proposals, bytes, write] {
    if (solver_.joinable()) solver_.join();
    solver_ = background_thread([this, fills, proposals, bytes, write] {
      *bytes = {fills->SerializeAsString(), proposals->SerializeAsString()};
      post(write);
    });
  };
  in_slices(context_, run->fills.size() + run->proposals.size(), step, serialize, while_alive(),
            kShortSteps);
}

// Before they are applied: after a crash one that was not applied is lost, none is applied twice.
void Clearinghouse::keep_progress(const Run& run, std::size_t next) {
  pb::KeptProgress progress;
  progress.set_next(next);
  progress.set_applied(run.summary.applied());
  progress.set_dropped(run.summary.dropped());
  runtime_.keep_clearing(run.summary.id(), ClearingPart::kProgress, progress.SerializeAsString());
}

void Clearinghouse::forget_proposals(Run& run) {
  run.proposals.clear();
  runtime_.keep_clearing(run.summary.id(), ClearingPart::kProposals, std::nullopt);
  runtime_.keep_clearing(run.summary.id(), ClearingPart::kProgress, std::nullopt);
}

void Clearinghouse::forget(std::shared_ptr<Run> run) {
  forget_proposals(*run);
  runtime_.keep_clearing(run->summary.id(), ClearingPart::kSummary, std::nullopt);
  runtime_.keep_clearing(run->summary.id(), ClearingPart::kFills, std::nullopt);
  std::erase(runs_, run);
}

// Those that wait, run or are being applied stay, however many are newer. No account displaces
// another's, unless there are too many in total.
void Clearinghouse::forget_old() {
  using RunPointer = std::shared_ptr<Run>;
  const auto of_account = [](const RunPointer& run) { return run->actor.account_id(); };
  const auto proposals = [](const RunPointer& run) {
    return run->busy() ? 0 : run->proposals.size();
  };
  const auto with_proposals = [&](const RunPointer& run) { return proposals(run) > 0 ? 1 : 0; };
  const auto finished = [](const RunPointer& run) { return run->busy() ? 0 : 1; };
  for (;;) {
    const auto most = heaviest(runs_, of_account, with_proposals);
    if (most.of_owner <= kKeptProposals) break;
    forget_proposals(**most.oldest);
  }
  for (;;) {
    const auto most = heaviest(runs_, of_account, proposals);
    if (most.all <= kMostKeptProposals) break;
    forget_proposals(**most.oldest);
  }
  for (;;) {
    const auto most = heaviest(runs_, of_account, finished);
    if (most.all <= kKeptRuns) break;
    forget(*most.oldest);
  }
}

void Clearinghouse::read_kept() {
  std::map<std::uint64_t, Record> records;
  const auto read = runtime_.store().read_clearings(
      [&](std::uint64_t number, ClearingPart part, std::string_view bytes) {
        read_part(records[number], part, bytes);
      });
  // Continuing would reuse the number of a clearing that was answered.
  if (!read) return runtime_.fail(read.error());
  const State& state = runtime_.state();
  for (const auto& [number, record] : records) {
    next_id_ = std::max(next_id_, number + 1);
    if (!record.good || record.summary.id() != number) {
      return runtime_.fail(damaged(number));
    }
    auto run = std::make_shared<Run>();
    run->summary = record.summary;
    run->within = state.areas().find(AreaCode{record.summary.area_code()});
    run->has_result = record.has_fills;
    run->actor.set_account_id(record.fills.account_id());
    for (const pb::KeptFill& f : record.fills.fills()) {
      const Slot community = state.areas().find(AreaCode{f.area_code()});
      if (community == kNoSlot) continue;
      run->fills.push_back({community, f.asked_micro(), f.before_micro(), f.after_micro()});
    }
    const auto first = static_cast<int>(record.progress.next());
    for (int i = first; i < record.proposals.proposals_size(); ++i) {
      const auto chosen = found(state, record.proposals.proposals(i));
      if (chosen) run->proposals.push_back(*chosen);
    }
    if (first > 0) resume(*run, record.progress);
    if (run->busy()) interrupt(*run);
    runs_.push_front(run);
  }
  forget_old();
}

// The server stopped before it had a result.
void Clearinghouse::interrupt(Run& run) {
  run.summary.set_state(pb::CLEARING_STATE_INTERRUPTED);
  run.summary.set_stage(pb::CLEARING_STAGE_UNSPECIFIED);
  run.summary.set_finished_at(to_int(runtime_.now()));
  run.say(
      "服务重启，这一轮中断，没有结果；需要时请重新开始",
      "interrupted by a restart of the server and without a result; start another one if needed");
  keep_summary(run);
}

// The server stopped while its proposals were applied: the remaining ones were not.
void Clearinghouse::resume(Run& run, const pb::KeptProgress& progress) {
  run.summary.set_applied(progress.applied());
  run.summary.set_dropped(progress.dropped());
  const std::string left = std::to_string(run.proposals.size());
  run.say("执行中服务重启，还有" + left + "条建议未执行，可以继续",
          "interrupted by a restart while it was applied; " + left + " proposals are left");
  pb::KeptProposals proposals;
  for (const Chosen& c : run.proposals) *proposals.add_proposals() = kept(runtime_.state(), c);
  const std::uint64_t id = run.summary.id();
  runtime_.keep_clearing(id, ClearingPart::kProposals, proposals.SerializeAsString());
  runtime_.keep_clearing(id, ClearingPart::kProgress, std::nullopt);
  keep_summary(run);
}

}  // namespace qiao
