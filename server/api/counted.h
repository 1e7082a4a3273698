// Reports that are computed in steps, between other requests, and returned in pages.
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

// Runs all steps, then returns the result. For `together` see in_slices() of slices.h.
template <class Count>
Response counted(const Call& call, Analyst& analyst, std::shared_ptr<Count> made,
                 Lane lane = Lane::kLong, std::size_t together = kShortSteps) {
  const auto count = analyst.freed_beside(std::move(made));
  return later(call, analyst, [&analyst, count, lane, together](const auto& question, auto then) {
    using Counted = decltype(count->finish());
    const auto result = std::make_shared<std::unique_ptr<Counted>>();
    // The result is assembled in a step of its own, so that its time is charged too.
    const std::size_t last = count->steps();
    const auto step = [count, last, result](std::size_t i) {
      if (i < last) return count->add(i);
      *result = std::make_unique<Counted>(count->finish());
    };
    analyst.in_slices(lane, question, last + 1, together, step,
                      [result, then] { then(std::move(*result)); });
  });
}

// Stores the most recent counts that have more than one page, so that all pages come from the same
// count. A new count replaces the oldest one of the same account; if too many are stored in all,
// the oldest of the account that has most. Used on the market thread.
template <class Count>
class KeptCounts {
 public:
  // Stores a count and returns its number, which is random: it cannot be guessed, and does not name
  // another count after a restart. `question`: the parameters, and who may see the result.
  std::string keep(std::string asker, std::string question, std::shared_ptr<const Count> count) {
    kept_.push_front({generate_secret(), std::move(asker), std::move(question), std::move(count)});
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
  // Returns nullptr if it is no longer stored or belongs to another question.
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
  std::deque<Kept> kept_;  // newest first
};

inline constexpr std::uint64_t kMaxRows = 1000;
inline constexpr QueryParam kRowsOnPage{
    "pageSize", "Maximum number of rows on the page, 1..1000; 500 by default.", "integer"};

// The requested rows of a count; a page token is "row.number".
struct CountedPage {
  std::uint64_t size = 0;
  std::uint64_t first = 0;
  std::string number = {};    // empty: no count yet
  std::string question = {};  // see KeptCounts
};

// A text of everything that the count depends on: the parameters except those of pages, the actor,
// and `part`, the part of the city that is counted.
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

// Returns the page of a sorted count that begins at page.first; `put(message, count, place)` adds
// one row.
template <class Count, class Put>
auto page_of(const Count& count, const CountedPage& page, const std::string& number, Put put) {
  auto message = count.head();
  const std::size_t end = page.first + std::min<std::size_t>(count.rows() - page.first, page.size);
  for (std::size_t i = page.first; i < end; ++i) put(message, count, i);
  if (end < count.rows()) message.set_next_page_token(std::to_string(end) + "." + number);
  return message;
}

// Counts, sorts on another thread, and returns the first page. A count with a single page is not
// stored.
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

// Returns the page that the call requests. `part` is the part of the city that the requester may
// see now, `make` begins a count, `put(message, count, place)` adds a row.
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
  return render(call, result_of(page_of(*count, page, page.number, put), 0));
}

}  // namespace qiao
