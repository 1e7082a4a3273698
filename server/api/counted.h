// Answers that are counted step by step while others have their turns, and given page by page.
#pragma once

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "server/access/secrets.h"
#include "server/api/later.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/background/analyst.h"
#include "server/background/slices.h"
#include "server/runtime/heaviest.h"

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
// pages fit together. Nobody's counts displace another's, unless too many are kept in all: then
// those of whoever keeps most. For the market thread.
template <class Count>
class KeptCounts {
 public:
  // Gives a number that nobody can guess, so that it names no other count after a restart either.
  // `question`: what was asked, and who may see the answer.
  std::string keep(std::string asker, std::string question, std::shared_ptr<const Count> count) {
    kept_.push_front({fresh_secret(), std::move(asker), std::move(question), std::move(count)});
    const std::string number = kept_.front().number;
    const auto most = [this] {
      return heaviest(
          kept_, [](const Kept& k) { return k.asker; }, [](const Kept&) { return 1; });
    };
    for (auto m = most(); m.of_owner > kMostOfAsker || m.all > kMost; m = most()) {
      kept_.erase(m.oldest);
    }
    return number;
  }
  // nullptr where it is not kept any more, or is of another question.
  std::shared_ptr<const Count> find(const std::string& number, const std::string& question) const {
    for (const Kept& k : kept_) {
      if (k.number == number && k.question == question) return k.count;
    }
    return nullptr;
  }

 private:
  struct Kept {
    std::string number;
    std::string asker;
    std::string question;
    std::shared_ptr<const Count> count;
  };
  static constexpr std::size_t kMost = 16;
  static constexpr std::size_t kMostOfAsker = 4;
  std::deque<Kept> kept_;  // the newest first
};

inline constexpr std::uint64_t kMaxRows = 1000;
inline constexpr QueryParam kRowsOnPage{
    "pageSize", "Maximum number of rows on the page, 1..1000; 500 by default.", "integer"};

// Which rows of which count; the token of a page is "row.count".
struct CountedPage {
  std::uint64_t size = 0;
  std::uint64_t first = 0;
  std::string number = {};    // empty: it is to be counted
  std::string question = {};  // see KeptCounts
};

// Everything that the count depends on: the parameters but for those of pages, for whom it is made
// and `part`, what of the city that is.
inline std::string question_of(const Call& call, std::uint64_t part) {
  auto query = call.query;
  std::erase_if(query, [](const auto& q) { return q.first.starts_with("page"); });
  std::sort(query.begin(), query.end());
  std::string question = std::to_string(part) + '\0' + call.actor.SerializeAsString();
  for (const auto& [name, value] : query) question += '\0' + name + '\0' + value;
  return question;
}

inline Result<CountedPage> counted_page(const Call& call, std::uint64_t part) {
  CountedPage page{.question = question_of(call, part)};
  QIAO_TRY(page.size, query_number(call, "pageSize", 1, kMaxRows, kMaxPage));
  const std::string* token = call.param("pageToken");
  if (token == nullptr) return page;
  const char* const end = token->data() + token->size();
  const auto [dot, error] = std::from_chars(token->data(), end, page.first);
  if (error != std::errc{} || dot == end || *dot != '.' || dot + 1 == end) {
    return refuse_type("pageToken", "token");
  }
  page.number.assign(dot + 1, end);
  return page;
}

// A page of a sorted count that has its first row; `put(message, count, place)` adds one row.
template <class Count, class Put>
auto page_of(const Count& count, const CountedPage& page, const std::string& number, Put put) {
  auto message = count.head();
  const std::size_t end = page.first + std::min<std::size_t>(count.rows() - page.first, page.size);
  for (std::size_t i = page.first; i < end; ++i) put(message, count, i);
  if (end < count.rows()) message.set_next_page_token(std::to_string(end) + "." + number);
  return message;
}

// Counts, sorts on another thread, and gives the first page. A count of one page is not kept.
template <class Count, class Put>
Response first_page(const Call& call, Analyst& analyst, std::shared_ptr<KeptCounts<Count>> kept,
                    std::shared_ptr<Count> made, CountedPage page, Put put) {
  const auto count = analyst.freed_beside(std::move(made));
  return later(call, analyst, [&analyst, kept, count, page, put](const auto& question, auto then) {
    const auto give = [kept, count, page, put, then, asker = question->share.account] {
      std::string number;
      if (count->rows() > page.size) number = kept->keep(asker, page.question, count);
      auto message = page_of(*count, page, number, put);
      then(std::make_unique<decltype(message)>(std::move(message)));
    };
    const auto sort = [&analyst, count, question, give] {
      analyst.run_beside(
          question, [count] { count->sort(); }, give);
    };
    analyst.in_slices(
        Lane::kLong, question, count->steps(), kShortSteps,
        [count](std::size_t i) { count->add(i); }, sort);
  });
}

// The page that the call asks for: `part` is what of the city whoever asks may see now, `make`
// begins a count, `put(message, count, place)` adds a row.
template <class Count, class Make, class Put>
Response counted_page_of(const Call& call, Analyst& analyst,
                         const std::shared_ptr<KeptCounts<Count>>& kept, std::uint64_t part,
                         Make make, Put put) {
  const auto asked = counted_page(call, part);
  if (!asked) return problem(asked.error(), call.chinese);
  const CountedPage& page = asked.value();
  if (page.number.empty()) {
    Result<std::shared_ptr<Count>> count = make();
    if (!count) return problem(count.error(), call.chinese);
    return first_page(call, analyst, kept, std::move(count).value(), page, put);
  }
  const auto count = kept->find(page.number, page.question);
  if (!count) return problem(refuse(Code::kPageGone, "pageToken"), call.chinese);
  if (page.first >= count->rows()) {
    return problem(refuse_type("pageToken", "token"), call.chinese);
  }
  return respond(call, answer(page_of(*count, page, page.number, put), 0));
}

}  // namespace qiao
