// Answers that are counted step by step while others have their turns, and given page by page.
#pragma once

#include <charconv>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/background/analyst.h"
#include "server/background/slices.h"

namespace qiao {

// Counts all steps, then gives what was counted. See in_slices() of slices.h for `together`.
template <class Count>
Response counted(const Call& call, Analyst& analyst, std::shared_ptr<Count> made,
                 Lane lane = Lane::kLong, std::size_t together = kShortSteps) {
  const auto count = analyst.freed_beside(std::move(made));
  return later(call, analyst, [&analyst, count, lane, together](const auto& question, auto then) {
    using Counted = decltype(count->finish());
    const auto result = std::make_shared<std::unique_ptr<Counted>>();
    // What is counted is put together in a step of its own, whose time is charged like theirs.
    const std::size_t last = count->steps();
    const auto step = [count, last, result](std::size_t i) {
      if (i < last) return count->add(i);
      *result = std::make_unique<Counted>(count->finish());
    };
    analyst.in_slices(lane, question, last + 1, together, step,
                      [result, then] { then(std::move(*result)); });
  });
}

// The latest counts that have more than one page: the others are taken from the same count, so that
// pages fit together. For the market thread.
template <class Count>
class KeptCounts {
 public:
  std::uint64_t keep(std::shared_ptr<const Count> count) {
    if (kept_.size() == kMost) kept_.pop_front();
    kept_.emplace_back(next_, std::move(count));
    return next_++;
  }
  // nullptr where it is not kept any more.
  std::shared_ptr<const Count> find(std::uint64_t number) const {
    for (const auto& [n, count] : kept_) {
      if (n == number) return count;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kMost = 8;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<const Count>>> kept_;
  std::uint64_t next_ = 1;
};

inline constexpr std::uint64_t kMaxRows = 1000;
inline const QueryParam kRowsOnPage{"pageSize", "Most rows on the page, 1..1000; 500 where not given.", "integer"};

// Which rows of which count; the token of a page is "row.count".
struct CountedPage {
  std::uint64_t size = 0;
  std::uint64_t first = 0;
  std::uint64_t number = 0;  // 0: it is to be counted
};

inline Result<CountedPage> counted_page(const Call& call) {
  CountedPage page;
  QIAO_TRY(page.size, query_number(call, "pageSize", 1, kMaxRows, kMaxPage));
  const std::string* token = call.param("pageToken");
  if (token == nullptr) return page;
  const auto dot = token->find('.');
  const auto whole = [](std::string_view text, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
  };
  const bool good = dot != std::string::npos && whole(std::string_view(*token).substr(0, dot), page.first) &&
                    whole(std::string_view(*token).substr(dot + 1), page.number) && page.number != 0;
  if (!good) return refuse_type("pageToken", "token");
  return page;
}

// A page of a sorted count; `put(message, count, place)` adds one row.
template <class Count, class Put>
auto page_of(const Count& count, const CountedPage& page, std::uint64_t number, Put put) {
  auto message = count.head();
  const std::size_t end = std::min<std::size_t>(count.rows(), page.first + page.size);
  for (std::size_t i = page.first; i < end; ++i) put(message, count, i);
  if (end < count.rows()) message.set_next_page_token(std::to_string(end) + "." + std::to_string(number));
  return message;
}

// Counts, sorts on another thread, and gives the first page. A count of one page is not kept.
template <class Count, class Put>
Response first_page(const Call& call, Analyst& analyst, std::shared_ptr<KeptCounts<Count>> kept,
                    std::shared_ptr<Count> made, CountedPage page, Put put) {
  const auto count = analyst.freed_beside(std::move(made));
  return later(call, analyst, [&analyst, kept, count, page, put](const auto& question, auto then) {
    const auto give = [kept, count, page, put, then] {
      const std::uint64_t number = count->rows() > page.size ? kept->keep(count) : 0;
      auto message = page_of(*count, page, number, put);
      then(std::make_unique<decltype(message)>(std::move(message)));
    };
    const auto sort = [&analyst, count, question, give] {
      analyst.run_beside(question, [count] { count->sort(); }, give);
    };
    analyst.in_slices(Lane::kLong, question, count->steps(), kShortSteps,
                      [count](std::size_t i) { count->add(i); }, sort);
  });
}

// The page that the call asks for: `make` begins a count, `same(count)` says whether a count that was
// kept is of what is asked for now, `put(message, count, place)` adds a row.
template <class Count, class Make, class Same, class Put>
Response counted_page_of(const Call& call, Analyst& analyst,
                         const std::shared_ptr<KeptCounts<Count>>& kept, Make make, Same same,
                         Put put) {
  const auto page = counted_page(call);
  if (!page) return problem(page.error(), call.chinese);
  if (page.value().number == 0) {
    Result<std::shared_ptr<Count>> count = make();
    if (!count) return problem(count.error(), call.chinese);
    return first_page(call, analyst, kept, std::move(count).value(), page.value(), put);
  }
  const auto count = kept->find(page.value().number);
  if (!count || !same(*count)) return problem(refuse(Code::kPageGone, "pageToken"), call.chinese);
  return respond(call, answer(page_of(*count, page.value(), page.value().number, put), 0));
}

}  // namespace qiao
