#include "tools/qiao/transfer.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "engine/market/limits.h"
#include "engine/market/personal.h"
#include "qiao/v1/query.pb.h"
#include "server/json/json.h"
#include "tools/qiao/sheet.h"
#include "tools/text/csv.h"
#include "tools/text/encoding.h"
#include "tools/text/file.h"
#include "tools/text/notation.h"
#include "tools/text/visible.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Commands of one request when rows may be skipped.
constexpr int kChunk = 500;
constexpr std::size_t kMaxShown = 1000;

class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)), shown_(isatty(STDERR_FILENO) != 0) {}
  void at(std::size_t done, std::size_t of) {
    const int percent = of == 0 ? 100 : static_cast<int>(done * 100 / of);
    if (!shown_ || percent == last_) return;
    last_ = percent;
    constexpr int kWidth = 30;
    std::string bar(static_cast<std::size_t>(percent * kWidth / 100), '#');
    bar.resize(kWidth, '.');
    std::cerr << "\r" << what_ << " [" << bar << "] " << percent << " %" << (percent == 100 ? "\n" : "") << std::flush;
  }

 private:
  std::string what_;
  bool shown_;
  int last_ = -1;
};

// A command and the rows that it was made of.
struct Item {
  pb::Command command;
  std::vector<std::size_t> lines;
};

struct BadRow {
  std::size_t line;
  std::string column;
  std::string reason;
};

Result<std::string> read_all(const std::string& file) {
  QIAO_TRY(const std::string bytes, read_file_or_stdin(file, file));
  const auto text = to_utf8(bytes);
  if (!text) return refuse(Code::kMalformed, file, "neither UTF-8 nor GB18030", "既不是UTF-8也不是GB18030");
  return *text;
}

bool is_json_lines(const std::string& file) { return file.ends_with(".jsonl") || file.ends_with(".ndjson"); }

template <class List, class Pick>
Status each_page(Session& session, const std::string& path, Pick pick, const std::function<void(const Message&)>& visit) {
  std::string token;
  do {
    QIAO_TRY(const auto page, session.get<List>(path + "?pageSize=500" + (token.empty() ? "" : "&pageToken=" + token)));
    for (const auto& m : pick(page)) visit(m);
    token = page.next_page_token();
  } while (!token.empty());
  return outcome::success();
}

Status each_resource(Session& session, const Sheet& sheet, const std::function<void(const Message&)>& visit) {
  const std::string path = std::string("/v1/") + sheet.collection();
  const std::string what = sheet.collection();
  if (what == "areas") return each_page<pb::ListAreasResponse>(session, path, [](const auto& p) { return p.areas(); }, visit);
  if (what == "parties") return each_page<pb::ListPartiesResponse>(session, path, [](const auto& p) { return p.parties(); }, visit);
  if (what == "offers") return each_page<pb::ListOffersResponse>(session, path, [](const auto& p) { return p.offers(); }, visit);
  return each_page<pb::ListNeedsResponse>(session, path, [](const auto& p) { return p.needs(); }, visit);
}

Result<SheetContext> make_context(Session& session) {
  QIAO_TRY(const auto zone, session.zone());
  QIAO_TRY(const auto words, session.taxonomy());
  SheetContext context{*zone, *words, {}, {}};
  std::vector<pb::Party> parties;
  QIAO_TRY(each_resource(session, *find_sheet("parties"), [&](const Message& m) { parties.push_back(static_cast<const pb::Party&>(m)); }));
  const auto known_as = [&](const std::string& name, std::uint64_t id) {
    if (name.empty()) return;
    const auto [it, fresh] = context.party_by_name.try_emplace(name, id);
    if (!fresh && it->second != id) it->second = 0;
  };
  for (const auto& p : parties) {
    known_as(p.name(), p.id());
    known_as(p.credit_code(), p.id());
  }
  for (const auto& p : parties) {
    const auto unique = [&](const std::string& name) { return !name.empty() && context.party_by_name.at(name) == p.id(); };
    context.party_by_id.emplace(p.id(), unique(p.name()) ? p.name() : unique(p.credit_code()) ? p.credit_code() : std::to_string(p.id()));
  }
  return context;
}

class Importer {
 public:
  Importer(Session& session, const ImportOptions& options, const Sheet& sheet, const SheetContext& context)
      : session_(session), options_(options), sheet_(sheet), context_(context) {}

  int run(const std::string& text) {
    const Status read = is_json_lines(options_.file) ? read_json_lines(text) : read_csv(text);
    if (!read) return session_.fail(read.error());
    if (items_.empty() && bad_.empty()) {
      std::cerr << session_.say("文件里没有数据行\n", "the file has no rows\n");
      return kRefused;
    }
    if (!options_.skip_bad && items_.size() > static_cast<std::size_t>(kMaxCommandsPerBatch)) {
      std::cerr << session_.say("一次最多可整体导入", "at most ") << kMaxCommandsPerBatch
                << session_.say("条；请拆分文件，或加 --skip-bad 分批导入\n", " can be all or nothing; split the file, or give --skip-bad\n");
      return kRefused;
    }
    if (options_.as_new) leave_out_masked();
    if (const int code = check(); code != kDone) return code;
    report();
    if (!bad_.empty() && !options_.skip_bad) {
      std::cerr << session_.say("没有导入任何内容\n", "nothing was imported\n");
      return kRefused;
    }
    if (options_.check_only) {
      std::cerr << items_.size() << session_.say("条可以导入\n", " can be imported\n");
      return bad_.empty() ? kDone : kPartly;
    }
    return apply();
  }

 private:
  void bad(std::size_t line, const Refusal& r) { bad_.push_back({line, r.field, session_.chinese() ? r.zh() : r.en()}); }

  Status read_csv(const std::string& text) {
    CsvReader reader(text);
    Progress progress(session_.say("读取", "reading "));
    auto first = reader.next();
    if (!first) return outcome::success();
    QIAO_TRY(const CsvRecord header, std::move(*first));
    std::vector<std::string> names;
    for (const std::string& raw : header.fields) {
      const std::string name(trimmed(raw));
      const auto columns = sheet_.columns();
      const auto it = std::find_if(columns.begin(), columns.end(), [&](const SheetColumn& c) { return name == c.en || name == c.zh; });
      if (it == columns.end()) return refuse(Code::kUnknownField, session_.say("第1行：", "line 1: ") + name);
      names.emplace_back(it->en);
    }
    for (const SheetColumn& c : sheet_.columns()) {
      if (c.required && std::find(names.begin(), names.end(), c.en) == names.end()) {
        return refuse(Code::kRequired, session_.say("第1行：", "line 1: ") + std::string(session_.say(c.zh, c.en)));
      }
    }
    std::string key;
    // The rows of one need share a key; one bad row keeps the whole need out.
    bool whole = false;
    while (auto record = reader.next()) {
      progress.at(reader.position(), text.size());
      QIAO_TRY(const CsvRecord row, std::move(*record));
      if (row.fields.size() > names.size()) {
        bad(row.line, refuse(Code::kMalformed, {}, "more cells than columns", "单元格多于列数"));
        continue;
      }
      Cells cells;
      for (std::size_t i = 0; i < row.fields.size(); ++i) cells[names[i]] = std::string(trimmed(row.fields[i]));
      if (std::all_of(cells.begin(), cells.end(), [](const auto& c) { return c.second.empty(); })) continue;
      if (options_.as_new) cells.erase("id");
      const bool goes_on = !cells["key"].empty() && cells["key"] == key;
      key = cells["key"];
      auto read = sheet_.read(cells, context_, goes_on && whole ? &items_.back().command : nullptr);
      if (!read) {
        bad(row.line, read.error());
        if (goes_on && whole) items_.pop_back();
        whole = false;
        continue;
      }
      if (goes_on && !whole) continue;
      whole = true;
      if (!read.value().continues) items_.push_back({std::move(read.value().command), {}});
      items_.back().lines.push_back(row.line);
    }
    return outcome::success();
  }

  Status read_json_lines(const std::string& text) {
    std::istringstream in(text);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
      if (trimmed(line).empty()) continue;
      const auto resource = sheet_.fresh();
      if (const auto read = from_json(line, *resource); !read) {
        bad(number, read.error());
        continue;
      }
      if (options_.as_new) {
        if (const auto* id = resource->GetDescriptor()->FindFieldByName("id")) resource->GetReflection()->ClearField(resource.get(), id);
      }
      items_.push_back({sheet_.command_of(*resource), {number}});
    }
    return outcome::success();
  }

  // What was exported masked is no telephone of anybody here.
  void leave_out_masked() {
    std::size_t left_out = 0;
    for (Item& item : items_) {
      visit_marked(item.command, [&](const MarkedField&, const std::string& value) -> std::optional<std::string> {
        if (value.find('*') == std::string::npos) return std::nullopt;
        ++left_out;
        return std::string();
      });
    }
    if (left_out > 0) std::cerr << left_out << session_.say("项打码的个人信息没有导入\n", " masked personal values are left out\n");
  }

  // Asks the server which rows it would refuse, and takes them out.
  int check() {
    Progress progress(session_.say("检查", "checking"));
    const std::size_t step = options_.skip_bad ? kChunk : kMaxCommandsPerBatch;
    std::vector<Item> good;
    for (std::size_t from = 0; from < items_.size(); from += step) {
      const std::size_t to = std::min(items_.size(), from + step);
      pb::Batch batch;
      for (std::size_t i = from; i < to; ++i) *batch.add_commands() = items_[i].command;
      const auto reply = session_.client().send("POST", "/v1/batch:check", to_json(batch));
      if (!reply) return session_.fail(reply.error());
      if (!reply.value().ok()) return session_.fail(reply.value());
      pb::CheckBatchResponse refused;
      if (const auto read = from_json(reply.value().body, refused); !read) return session_.fail(read.error());
      std::size_t next = 0;
      for (std::size_t i = from; i < to; ++i) {
        if (next < static_cast<std::size_t>(refused.refused_size()) && refused.refused(static_cast<int>(next)).index() == i - from) {
          const auto& r = refused.refused(static_cast<int>(next++));
          bad_.push_back({line_of(items_[i], r.field()), column_of(r.field()), session_.chinese() ? r.zh() : r.en()});
        } else {
          good.push_back(std::move(items_[i]));
        }
      }
      progress.at(to, items_.size());
    }
    items_ = std::move(good);
    return kDone;
  }

  // Which of an item's rows has the line of the need that is at fault.
  static std::size_t line_of(const Item& item, const std::string& field) {
    const auto at = field.find("lines[");
    if (at == std::string::npos) return item.lines.front();
    const std::size_t i = std::strtoul(field.c_str() + at + 6, nullptr, 10);
    return item.lines[std::min(i, item.lines.size() - 1)];
  }
  std::string column_of(const std::string& field) const {
    const std::string column = is_json_lines(options_.file) ? "" : column_at_fault(sheet_, field);
    return column.empty() ? field : column;
  }

  void report() {
    std::sort(bad_.begin(), bad_.end(), [](const BadRow& a, const BadRow& b) { return a.line < b.line; });
    for (std::size_t i = 0; i < bad_.size() && i < kMaxShown; ++i) {
      std::string column = bad_[i].column;
      for (const SheetColumn& c : sheet_.columns()) {
        if (session_.chinese() && column == c.en) column = c.zh;
      }
      std::cerr << session_.say("第", "line ") << bad_[i].line << session_.say("行", "") << (column.empty() ? "" : session_.say("，", ", ") + visible(column)) << ": "
                << visible(bad_[i].reason) << "\n";
    }
    if (bad_.size() > kMaxShown) std::cerr << "… " << bad_.size() - kMaxShown << session_.say("行有误未列出\n", " more bad rows\n");
  }

  int apply() {
    Progress progress(session_.say("导入", "saving  "));
    const std::size_t step = options_.skip_bad ? kChunk : kMaxCommandsPerBatch;
    std::size_t done = 0;
    for (std::size_t from = 0; from < items_.size(); from += step) {
      const std::size_t to = std::min(items_.size(), from + step);
      pb::Batch batch;
      for (std::size_t i = from; i < to; ++i) *batch.add_commands() = items_[i].command;
      const auto reply = session_.client().send("POST", "/v1/batch", to_json(batch), {{"Idempotency-Key", fresh_idempotency_key()}});
      if (!reply || !reply.value().ok()) {
        const int code = reply ? session_.fail(reply.value()) : session_.fail(reply.error());
        std::cerr << done << session_.say("条已导入\n", " were imported\n");
        return code;
      }
      done = to;
      progress.at(to, items_.size());
    }
    std::cerr << done << session_.say("条已导入", " imported");
    if (!bad_.empty()) std::cerr << session_.say("，", ", ") << bad_.size() << session_.say("行有误已跳过", " bad rows skipped");
    std::cerr << "\n";
    return bad_.empty() ? kDone : kPartly;
  }

  Session& session_;
  const ImportOptions& options_;
  const Sheet& sheet_;
  const SheetContext& context_;
  std::vector<Item> items_;
  std::vector<BadRow> bad_;
};

}  // namespace

int import_list(Session& session, const ImportOptions& options) {
  const auto text = read_all(options.file);
  if (!text) return session.fail(text.error());
  const auto context = make_context(session);
  if (!context) return session.fail(context.error());
  return Importer(session, options, *find_sheet(options.what), context.value()).run(text.value());
}

int export_list(Session& session, const ExportOptions& options) {
  const Sheet& sheet = *find_sheet(options.what);
  const auto context = make_context(session);
  if (!context) return session.fail(context.error());
  const bool lines = options.format.empty() ? is_json_lines(options.file) : options.format == "jsonl";
  std::string out;
  std::vector<std::string> header;
  for (const SheetColumn& c : sheet.columns()) header.emplace_back(session.say(c.zh, c.en));
  if (!lines) out += csv_line(header);
  std::size_t count = 0;
  const Status all = each_resource(session, sheet, [&](const Message& m) {
    ++count;
    if (lines) {
      append_json(m, out);
      out += '\n';
      return;
    }
    for (const Cells& row : sheet.write(m, context.value())) {
      std::vector<std::string> fields;
      for (const SheetColumn& c : sheet.columns()) {
        const auto it = row.find(c.en);
        fields.push_back(it == row.end() ? "" : it->second);
      }
      out += csv_line(fields);
    }
  });
  if (!all) return session.fail(all.error());
  if (!lines && options.encoding == "gb18030") out = to_gb18030(out);
  if (!lines && options.encoding == "utf8-bom") out.insert(0, kByteOrderMark);
  if (options.file == "-") {
    if (!(std::cout << out << std::flush)) return kNotWritten;
  } else {
    std::ofstream file(options.file, std::ios::binary);
    file << out;
    file.close();
    if (!file) {
      std::cerr << "qiao: " << options.file << ": " << session.say("无法写入", "cannot be written") << "\n";
      return kNotWritten;
    }
  }
  std::cerr << count << " " << options.what << session.say(" 已导出\n", " exported\n");
  return kDone;
}

}  // namespace qiao
