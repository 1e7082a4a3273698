#include "engine/rows/due.h"

#include <algorithm>

#include "engine/rows/limits.h"
#include "engine/rows/marked.h"

namespace qiao {
namespace {

class TimesOf {
 public:
  void add(const Interval& window) {
    times_.first_start =
        is_set(times_.first_start) ? std::min(times_.first_start, window.start) : window.start;
    times_.last_start = std::max(times_.last_start, window.start);
    times_.last_end = std::max(times_.last_end, window.end);
  }
  NeedTimes with(bool all_or_nothing, Time deadline) {
    times_.closing = all_or_nothing ? times_.first_start : times_.last_start;
    if (is_set(deadline)) times_.closing = std::min(times_.closing, deadline);
    return times_;
  }

 private:
  NeedTimes times_;
};

}  // namespace

NeedTimes times_of(const pb::Need& need) {
  TimesOf times;
  for (const auto& line : need.lines())
    times.add({to_time(line.window().start()), to_time(line.window().end())});
  return times.with(need.all_or_nothing(), to_time(need.deadline()));
}

NeedTimes times_of(const NeedFacts& need) {
  TimesOf times;
  for (const LineFacts& line : need.lines) times.add(line.window);
  return times.with(need.all_or_nothing, need.deadline);
}

Time due_of(const NeedFacts& need, const pb::Policy& policy) {
  const pb::TimeLimits& limits = policy.limits();
  switch (need.state) {
    case pb::NEED_STATE_DRAFT:
      return need.created_at + Seconds{limits.draft()};
    case pb::NEED_STATE_SUBMITTED: {
      const Time closing = times_of(need).closing;
      return need.raised < kMaxRaised
                 ? std::min(std::max(need.submitted_at, need.raised_at) + Seconds{limits.check()},
                            closing)
                 : closing;
    }
    case pb::NEED_STATE_OPEN: {
      const NeedTimes times = times_of(need);
      if (need.closed) return need.all_or_nothing ? times.first_start : times.last_start;
      const Time since = std::max(need.opened_at, need.raised_at);
      const Time half = since + (times.closing - since) / 2;
      return need.raised < kMaxRaised && half > since ? std::min(half, times.closing)
                                                      : times.closing;
    }
    case pb::NEED_STATE_FILLED:
      return times_of(need).first_start;
    case pb::NEED_STATE_IN_SERVICE:
      return times_of(need).last_end + Seconds{limits.grace()};
    case pb::NEED_STATE_DONE:
      return need.done_at + Seconds{need.review_requested ? limits.close() : limits.ask_review()};
    default: {
      // The need has ended: the remaining deadline is that of its personal data.
      const std::int64_t days = policy.retention().need_days();
      if (days == 0 || !is_set(need.ended_at) || !has_marked(*pb::Need::descriptor(), need.bytes))
        return {};
      return need.ended_at + std::chrono::days{days};
    }
  }
}

Time due_of(const MatchFacts& match, const pb::Policy& policy) {
  const pb::TimeLimits& limits = policy.limits();
  switch (match.state) {
    case pb::MATCH_STATE_PROPOSED:
    case pb::MATCH_STATE_DISPATCHED:
    case pb::MATCH_STATE_CLAIMED:
      return match.answer_by;
    case pb::MATCH_STATE_ACCEPTED:
    case pb::MATCH_STATE_CHECKED_IN:
      return match.window.end + Seconds{limits.grace()};
    case pb::MATCH_STATE_SERVED:
      return match.checked_out_at + Seconds{limits.close()};
    default:
      return {};
  }
}

Time due_of(const pb::Person& person, const pb::Policy& policy) {
  const std::int64_t days = policy.retention().person_days();
  if (days == 0 || person.removed_at() == 0 || !has_marked(person)) return {};
  return to_time(person.removed_at()) + std::chrono::days{days};
}

}  // namespace qiao
