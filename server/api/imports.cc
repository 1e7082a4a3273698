// Routes of spreadsheet imports, and the list of imports.
#include "server/api/imports.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/identity/reach.h"
#include "qiao/v1/import.pb.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/sheets/limits.h"
#include "server/sheets/template.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Read and checked at the same time; each takes slices of the market thread's time.
constexpr std::size_t kMostRunning = 2;
// That have not ended: waiting, or being read, checked or saved.
constexpr std::ptrdiff_t kMostUnfinished = 32;
constexpr std::size_t kMostUnfinishedOfParty = 4;
constexpr std::size_t kMostUnfinishedOfAddress = 8;
// Finished imports that are stored for their senders: per account, and in all.
constexpr std::size_t kMostEndedOfAccount = 4;
constexpr std::size_t kMostEnded = 64;

constexpr const char* kCsv = "text/csv";
constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr const char* kJsonLines = "application/x-ndjson";

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

// The content type is optional: all formats except JSON can be recognised by their first bytes.
std::optional<bool> is_json_lines(std::string_view content_type) {
  const std::string type(trim(
      ascii_lower(content_type.substr(0, std::min(content_type.find(';'), content_type.size())))));
  if (type == kJsonLines) return true;
  const bool known = type.empty() || type == kCsv || type == kXlsx || type == "text/plain" ||
                     type == "application/octet-stream";
  return known ? std::optional(false) : std::nullopt;
}

Response create_import(const Services& services, const Call& call, const Message*) {
  const auto json_lines = is_json_lines(call.request->content_type);
  if (!json_lines) return problem(HttpFault::kUnsupportedType, call.chinese, "Content-Type");
  auto order = order_of(call);
  if (!order) return problem(order.error(), call.chinese);
  order.value().json_lines = *json_lines;
  const auto run = services.imports->start(std::move(order).value(),
                                           ImportSender(call.identity, call.request->credentials));
  if (!run) return problem(run.error(), call.chinese);
  HandlerResult made = result_of(run.value()->summary(), 0);
  made.location = "/v1/imports/" + std::to_string(run.value()->id());
  return render(call, std::move(made));
}

// Imports of other accounts are answered as if they did not exist.
Result<std::shared_ptr<ImportRun>> own_import(const Call& call, const Imports& imports) {
  const std::uint64_t id = call.number("id");
  for (const auto& run : imports.of(call.actor.account_id())) {
    if (run->id() == id) return run;
  }
  return refuse(Code::kNotFound, "id", "import " + std::to_string(id), "导入" + std::to_string(id));
}

Result<HandlerResult> get_import(const Services& services, const Call& call) {
  QIAO_TRY(const auto run, own_import(call, *services.imports));
  QIAO_TRY(const auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  QIAO_TRY(const auto first, query_number(call, "pageToken", 0, kAny, 0));
  QIAO_TRY(const auto outcome, query_enum<pb::ImportOutcome>(call, "outcome", "IMPORT_OUTCOME_"));
  pb::Import shown = run->summary();
  run->add_layout(shown);
  if (const auto next = run->add_results(first, size, outcome, shown))
    shown.set_next_page_token(std::to_string(*next));
  return result_of(std::move(shown), services.runtime.applied_seq());
}

Result<HandlerResult> list_imports(const Services& services, const Call& call) {
  pb::ListImportsResponse list;
  for (const auto& run : services.imports->of(call.actor.account_id()))
    *list.add_imports() = run->summary();
  return result_of(std::move(list), services.runtime.applied_seq());
}

// A workbook is built in a temporary file, which would block the market thread.
Response get_import_template(const Services& services, const Call& call, const Message*) {
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
  r.deferred = [&imports = *services.imports, sheet = sheet.value(), chinese](Waiter waiter) {
    imports.workbook_template(
        *sheet, chinese,
        [chinese, waiter = std::move(waiter)](const Imports::Template& made) mutable {
          if (!made) return waiter(problem(made.error(), chinese));
          Response response;
          response.content_type = kXlsx;
          response.body = made.value();
          waiter(std::move(response));
        });
  };
  return r;
}

constexpr QueryParam kKind{"kind", "areas, parties, offers or needs."};
constexpr QueryParam kCreateImport[] = {
    kKind,
    {"sheet", "Name or number of a workbook's sheet; by default the first."},
    {"headingRow", "The row with the headings; 0 (default): found.", "integer"},
    {"mapping",
     "Columns by their letters, e.g. B:title,C:area,D:- (- for none); the others go by their "
     "headings."},
    {"check", "1: only checks.", "integer"},
    {"new", "1: drops ids, so that every row makes a new thing.", "integer"},
    {"skipBad", "1: saves the good rows although others are refused.", "integer"}};
constexpr const char* kFileTypes[] = {kCsv, kXlsx, kJsonLines};
constexpr QueryParam kGetImport[] = {
    kPageSize, kPageToken, {"outcome", "Only results of that outcome, e.g. refused."}};
constexpr QueryParam kGetImportTemplate[] = {
    kKind,
    {"format", "csv (default) or xlsx."},
    {"language", "Of the headings: zh or en; by default that of Accept-Language."}};

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/imports",
     .id = "createImport",
     .summary = "Imports a file: CSV (UTF-8, UTF-16 or GB18030; comma, semicolon or tab), a "
                "workbook (.xlsx), or JSON lines (application/x-ndjson). Its rows are checked and "
                "saved as ordinary requests of the sender. A row that was imported before under "
                "the same Idempotency-Key makes nothing again.",
     .tag = "imports",
     .response = pb::Import::descriptor,
     .query = kCreateImport,
     .success = 201,
     .raw = create_import,
     .file_types = kFileTypes},
    {.method = "GET",
     .pattern = "/v1/imports",
     .id = "listImports",
     .summary = "The imports of the caller, newest first, without results.",
     .tag = "imports",
     .response = pb::ListImportsResponse::descriptor,
     .read = list_imports},
    {.method = "GET",
     .pattern = "/v1/imports/{id}",
     .id = "getImport",
     .summary = "An import of the caller: its progress, and results by row. Stored until the "
                "server stops, or newer ones replace it.",
     .tag = "imports",
     .response = pb::Import::descriptor,
     .query = kGetImport,
     .read = get_import},
    {.method = "GET",
     .pattern = "/v1/imports/template",
     .id = "getImportTemplate",
     .summary = "An empty spreadsheet with the columns that an export has.",
     .tag = "imports",
     .query = kGetImportTemplate,
     .raw = get_import_template,
     .raw_type = kCsv},
};

}  // namespace

Result<std::shared_ptr<ImportRun>> Imports::start(ImportOrder order, ImportSender sender) {
  const std::uint64_t account = sender.identity.actor.account_id();
  const auto topmost = [&](const ImportSender& of) {
    return topmost_of(runtime_.state(), PartyId{of.identity.actor.party_id()});
  };
  const PartyId own = topmost(sender);
  const auto unfinished = [&](const auto& run) { return !run->has_ended(); };
  std::size_t of_party = 0;
  std::size_t of_address = 0;
  for (const auto& run : runs_) {
    if (!unfinished(run)) continue;
    if (run->account() == account) return refuse(Code::kImportRunning);
    if (own && topmost(run->sender()) == own) ++of_party;
    if (run->sender().address == sender.address) ++of_address;
  }
  if (of_party >= kMostUnfinishedOfParty)
    return refuse(Code::kTooMany, "imports", std::to_string(kMostUnfinishedOfParty));
  if (of_address >= kMostUnfinishedOfAddress)
    return refuse(Code::kTooMany, "imports", std::to_string(kMostUnfinishedOfAddress));
  if (std::count_if(runs_.begin(), runs_.end(), unfinished) >= kMostUnfinished)
    return refuse(Code::kTooMany, "imports", std::to_string(kMostUnfinished));
  auto run = std::make_shared<ImportRun>(context_, runtime_, gate_, beside_, ++last_id_,
                                         std::move(order), std::move(sender));
  runs_.push_back(run);
  waiting_.push_back(run);
  forget(account);
  start_next();
  return run;
}

std::vector<std::shared_ptr<ImportRun>> Imports::of(std::uint64_t account) const {
  std::vector<std::shared_ptr<ImportRun>> own;
  std::copy_if(runs_.rbegin(), runs_.rend(), std::back_inserter(own),
               [&](const auto& run) { return run->account() == account; });
  return own;
}

void Imports::workbook_template(const Sheet& sheet, bool chinese,
                                std::function<void(const Template&)> then) {
  const auto& taxonomy = runtime_.state().taxonomy();
  KeptTemplate& kept = templates_[{&sheet, chinese}];
  const bool current = kept.taxonomy == taxonomy.version();
  if (current && kept.made) return then(*kept.made);
  kept.waiting.push_back(std::move(then));
  if (kept.waiting.size() > 1 && current) return;
  kept.taxonomy = taxonomy.version();
  kept.made.reset();
  struct Making {
    pb::Taxonomy words;
    std::optional<Template> made;
  };
  auto making = std::make_shared<Making>();
  making->words = taxonomy;
  beside_.run([making, &sheet,
               chinese] { making->made = qiao::workbook_template(sheet, making->words, chinese); },
              [self = std::weak_ptr(self_), making, key = std::pair(&sheet, chinese)] {
                const auto imports = self.lock();
                if (!imports) return;
                KeptTemplate& made = (*imports)->templates_[key];
                // A later one answers those who wait, in the new words.
                if (made.taxonomy != making->words.version()) return;
                if (*making->made) made.made = making->made;  // an error is not kept
                for (const auto& waiter : std::exchange(made.waiting, {})) waiter(*making->made);
              });
}

void Imports::start_next() {
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

// Removes the oldest finished imports when there are too many.
void Imports::forget(std::uint64_t account) {
  const auto too_many = [&](auto matches, std::size_t most) {
    const auto count = std::count_if(runs_.begin(), runs_.end(), matches);
    if (count <= static_cast<std::ptrdiff_t>(most)) return;
    runs_.erase(std::find_if(runs_.begin(), runs_.end(), matches));
  };
  too_many([&](const auto& run) { return run->has_ended() && run->account() == account; },
           kMostEndedOfAccount);
  too_many([](const auto& run) { return run->has_ended(); }, kMostEnded);
}

std::span<const Route> import_routes() { return kRoutes; }

}  // namespace qiao
