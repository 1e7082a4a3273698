// Imports of spreadsheets: the routes, and which imports there are.
#include <algorithm>
#include <deque>

#include "engine/base/ascii.h"
#include "qiao/v1/import.pb.h"
#include "server/api/import_run.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/background/analyst.h"
#include "server/sheets/limits.h"
#include "server/sheets/template.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// At once; each takes slices of the market thread's time.
constexpr std::size_t kMostRunning = 2;
constexpr std::size_t kMostWaiting = 32;
// That have ended and are kept for their senders: of one account, and of all.
constexpr std::size_t kMostEndedOfAccount = 4;
constexpr std::size_t kMostEnded = 64;

constexpr const char* kCsv = "text/csv";
constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr const char* kJsonLines = "application/x-ndjson";

// For the market thread.
class Imports {
 public:
  Imports(boost::asio::io_context& context, Runtime& runtime, Gate& gate)
      : context_(context), runtime_(runtime), gate_(gate) {}

  Result<std::shared_ptr<ImportRun>> start(ImportOrder order, ImportSender sender) {
    const std::uint64_t account = sender.identity.actor.account_id();
    const auto unfinished = [&](const auto& run) { return !run->has_ended(); };
    for (const auto& run : runs_) {
      if (unfinished(run) && run->account() == account) return refuse(Code::kImportRunning);
    }
    if (waiting_.size() >= kMostWaiting)
      return refuse(Code::kTooMany, "imports", std::to_string(kMostWaiting));
    auto run = std::make_shared<ImportRun>(context_, runtime_, gate_, beside_, ++last_id_,
                                           std::move(order), std::move(sender));
    runs_.push_back(run);
    waiting_.push_back(run);
    forget(account);
    start_next();
    return run;
  }

  // Those of an account, the newest first.
  std::vector<std::shared_ptr<ImportRun>> of(std::uint64_t account) const {
    std::vector<std::shared_ptr<ImportRun>> own;
    std::copy_if(runs_.rbegin(), runs_.rend(), std::back_inserter(own),
                 [&](const auto& run) { return run->account() == account; });
    return own;
  }

  Beside& beside() { return beside_; }

 private:
  void start_next() {
    while (running_ < kMostRunning && !waiting_.empty()) {
      const auto run = std::move(waiting_.front());
      waiting_.pop_front();
      ++running_;
      run->start([self = std::weak_ptr(self_)] {
        const auto imports = self.lock();
        if (!imports) return;
        --(*imports)->running_;
        (*imports)->start_next();
      });
    }
  }

  // The oldest that have ended make room.
  void forget(std::uint64_t account) {
    const auto too_many = [&](auto matches, std::size_t most) {
      const auto count = std::count_if(runs_.begin(), runs_.end(), matches);
      if (count <= static_cast<std::ptrdiff_t>(most)) return;
      runs_.erase(std::find_if(runs_.begin(), runs_.end(), matches));
    };
    too_many([&](const auto& run) { return run->has_ended() && run->account() == account; },
             kMostEndedOfAccount);
    too_many([](const auto& run) { return run->has_ended(); }, kMostEnded);
  }

  boost::asio::io_context& context_;
  Runtime& runtime_;
  Gate& gate_;
  Beside beside_{context_};
  std::deque<std::shared_ptr<ImportRun>> runs_;  // in the order of their ids
  std::deque<std::shared_ptr<ImportRun>> waiting_;
  std::size_t running_ = 0;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<Imports*> self_ = std::make_shared<Imports*>(this);
};

Result<const Sheet*> sheet_param(const Call& call) {
  const std::string* kind = call.param("kind");
  if (kind == nullptr) return refuse(Code::kRequired, "kind");
  const Sheet* sheet = find_sheet(*kind);
  if (sheet == nullptr) return refuse(Code::kOutOfRange, "kind", "areas, parties, offers, needs");
  return sheet;
}

Result<ImportOrder> order_of(const Call& call) {
  ImportOrder order;
  QIAO_TRY(order.sheet, sheet_param(call));
  QIAO_TRY(const auto check, query_number(call, "check", 0, 1, 0));
  QIAO_TRY(const auto as_new, query_number(call, "new", 0, 1, 0));
  QIAO_TRY(const auto skip_bad, query_number(call, "skipBad", 0, 1, 0));
  QIAO_TRY(const auto row, query_number(call, "headingRow", 0, kMaxSheetRowNumber, 0));
  order.check = check != 0;
  order.as_new = as_new != 0;
  order.skip_bad = skip_bad != 0;
  order.headings.row = static_cast<std::uint32_t>(row);
  if (const std::string* name = call.param("sheet")) order.workbook_sheet = *name;
  if (const std::string* mapping = call.param("mapping")) {
    QIAO_TRY(order.headings.columns, parse_mapping(*mapping, *order.sheet));
  }
  order.key = call.request->idempotency_key;
  if (call.request->body.empty()) return refuse(Code::kRequired, "file");
  order.bytes = call.request->body;
  return order;
}

// A file may come without a type: what it is can be told from its bytes, but for JSON.
std::optional<bool> is_json_lines(std::string_view content_type) {
  const std::string type(trim(
      ascii_lower(content_type.substr(0, std::min(content_type.find(';'), content_type.size())))));
  if (type == kJsonLines) return true;
  const bool known = type.empty() || type == kCsv || type == kXlsx || type == "text/plain" ||
                     type == "application/octet-stream";
  return known ? std::optional(false) : std::nullopt;
}

Response create(const Call& call, Imports& imports) {
  const auto json_lines = is_json_lines(call.request->content_type);
  if (!json_lines) return problem(HttpFault::kUnsupportedType, call.chinese, "Content-Type");
  auto order = order_of(call);
  if (!order) return problem(order.error(), call.chinese);
  order.value().json_lines = *json_lines;
  const auto run = imports.start(std::move(order).value(),
                                 ImportSender(call.identity, call.request->credentials));
  if (!run) return problem(run.error(), call.chinese);
  Answer made = answer(run.value()->summary(), 0);
  made.location = "/v1/imports/" + std::to_string(run.value()->id());
  return respond(call, std::move(made));
}

// What is not one's own is not there.
Result<std::shared_ptr<ImportRun>> own_import(const Call& call, const Imports& imports) {
  const std::uint64_t id = call.number("id");
  for (const auto& run : imports.of(call.actor.account_id())) {
    if (run->id() == id) return run;
  }
  return refuse(Code::kNotFound, "id", "import " + std::to_string(id), "导入" + std::to_string(id));
}

Result<Answer> show_import(const Call& call, const Imports& imports, const Runtime& runtime) {
  QIAO_TRY(const auto run, own_import(call, imports));
  QIAO_TRY(const auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  QIAO_TRY(const auto first, query_number(call, "pageToken", 0, kAny, 0));
  QIAO_TRY(const auto outcome, query_enum<pb::ImportOutcome>(call, "outcome", "IMPORT_OUTCOME_"));
  pb::Import shown = run->summary();
  if (const auto next = run->add_results(first, size, outcome, shown))
    shown.set_next_page_token(std::to_string(*next));
  return answer(std::move(shown), runtime.applied_seq());
}

Result<Answer> list_imports(const Call& call, const Imports& imports, const Runtime& runtime) {
  pb::ListImportsResponse list;
  for (const auto& run : imports.of(call.actor.account_id())) *list.add_imports() = run->summary();
  return answer(std::move(list), runtime.applied_seq());
}

// A workbook is written to a file first, which is not for the market thread.
Response give_template(const Call& call, Imports& imports, const State& state) {
  const auto sheet = sheet_param(call);
  if (!sheet) return problem(sheet.error(), call.chinese);
  const std::string* format = call.param("format");
  if (format != nullptr && *format != "csv" && *format != "xlsx")
    return problem(refuse(Code::kOutOfRange, "format", "csv, xlsx"), call.chinese);
  const std::string* language = call.param("language");
  if (language != nullptr && *language != "zh" && *language != "en")
    return problem(refuse(Code::kOutOfRange, "language", "zh, en"), call.chinese);
  const bool chinese = language == nullptr ? call.chinese : *language == "zh";
  Response r;
  if (format == nullptr || *format == "csv") {
    r.content_type = "text/csv; charset=utf-8";
    r.body = csv_template(*sheet.value(), chinese);
    return r;
  }
  r.deferred = [&imports, sheet = sheet.value(), chinese,
                words = std::make_shared<const pb::Taxonomy>(state.taxonomy())](Waiter waiter) {
    auto made = std::make_shared<Response>();
    imports.beside().run(
        [=] {
          const auto bytes = workbook_template(*sheet, *words, chinese);
          if (!bytes) {
            *made = problem(bytes.error(), chinese);
            return;
          }
          made->content_type = kXlsx;
          made->body = bytes.value();
        },
        [=] { waiter(std::move(*made)); });
  };
  return r;
}

const QueryParam kKind{"kind", "areas, parties, offers or needs."};

Route create_route(const std::shared_ptr<Imports>& imports) {
  return {.method = "POST",
          .pattern = "/v1/imports",
          .id = "createImport",
          .summary =
              "Imports a file: CSV (UTF-8, UTF-16 or GB18030; comma, semicolon or tab), a workbook "
              "(.xlsx), or JSON lines (application/x-ndjson). Its rows are checked and saved as "
              "ordinary requests of the sender. A row that was imported before under the same "
              "Idempotency-Key makes nothing again.",
          .tag = "imports",
          .response = pb::Import::descriptor(),
          .query = {kKind,
                    {"sheet", "Name or number of a workbook's sheet; the first where not given."},
                    {"headingRow", "The row with the headings; 0 (default): found.", "integer"},
                    {"mapping",
                     "Columns by their letters, e.g. B:title,C:area,D:- (- for none); the others "
                     "go by their headings."},
                    {"check", "1: only checks.", "integer"},
                    {"new", "1: drops ids, so that every row makes a new thing.", "integer"},
                    {"skipBad", "1: saves the good rows although others are refused.", "integer"}},
          .success = 201,
          .raw = [imports](const Call& call, const Message*) { return create(call, *imports); },
          .file_types = {kCsv, kXlsx, kJsonLines}};
}

}  // namespace

std::vector<Route> import_routes(Runtime& runtime, Analyst& analyst, Gate& gate) {
  const auto imports = std::make_shared<Imports>(analyst.context(), runtime, gate);
  std::vector<Route> routes;
  routes.push_back(create_route(imports));
  routes.push_back({.method = "GET",
                    .pattern = "/v1/imports",
                    .id = "listImports",
                    .summary = "One's own imports, the newest first, without results.",
                    .tag = "imports",
                    .response = pb::ListImportsResponse::descriptor(),
                    .read = [imports, &runtime](const Call& call) {
                      return list_imports(call, *imports, runtime);
                    }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/imports/{id}",
       .id = "getImport",
       .summary = "One of one's own imports: how far it is, and results by row. Kept until the "
                  "server stops, or newer ones need its place.",
       .tag = "imports",
       .response = pb::Import::descriptor(),
       .query = {kPageSize, kPageToken, {"outcome", "Only results of that outcome, e.g. refused."}},
       .read = [imports, &runtime](const Call& call) {
         return show_import(call, *imports, runtime);
       }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/imports/template",
       .id = "getImportTemplate",
       .summary = "An empty spreadsheet with the columns that an export has.",
       .tag = "imports",
       .query = {kKind,
                 {"format", "csv (default) or xlsx."},
                 {"language", "Of the headings: zh or en; by Accept-Language where not given."}},
       .raw = [imports, &state = runtime.state()](
                  const Call& call,
                  const Message*) { return give_template(call, *imports, state); },
       .raw_type = kCsv});
  return routes;
}

}  // namespace qiao
