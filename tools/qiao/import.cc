#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "engine/rows/limits.h"
#include "engine/rows/marked.h"
#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "tools/qiao/input.h"
#include "tools/qiao/resources.h"
#include "tools/qiao/transfer.h"
#include "tools/text/csv.h"
#include "tools/text/encoding.h"
#include "tools/text/file.h"
#include "tools/text/notation.h"
#include "tools/text/visible.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Commands of one request; and their bytes, as JSON a few times as many.
constexpr std::size_t kChunk = kMaxRequestsPerBatch;
constexpr std::size_t kChunkBytes = 100'000;
// Areas of one request: those that they lie in go with them, at most three each.
constexpr std::size_t kAreasAtOnce = kChunk / 4;
// Times that one part of an import waits because of the server's limits.
constexpr int kMaxWaits = 20;
constexpr std::size_t kMaxShown = 1000;

class Progress {
 public:
  explicit Progress(std::string what)
      : what_(std::move(what)), shown_(isatty(STDERR_FILENO) != 0) {}
  void at(std::size_t done, std::size_t of) {
    const int percent = of == 0 ? 100 : static_cast<int>(done * 100 / of);
    if (!shown_ || percent == last_) return;
    last_ = percent;
    constexpr int kWidth = 30;
    std::string bar(static_cast<std::size_t>(percent * kWidth / 100), '#');
    bar.resize(kWidth, '.');
    std::cerr << "\r" << what_ << " [" << bar << "] " << percent << " %"
              << (percent == 100 ? "\n" : "") << std::flush;
  }

 private:
  std::string what_;
  bool shown_;
  int last_ = -1;
};

// A command, the rows that it was made of, and what is left to do when its thing has an id.
struct Item {
  std::size_t place = 0;  // of its thing in the file
  std::vector<std::size_t> lines;
  pb::Command command = {};
  std::optional<std::size_t> parent = {};  // a party: the place of the one that it belongs to
  bool suspend = false;                    // a party that is not to be matched
};

// The rows of one thing in the file.
struct Group {
  std::vector<Cells> rows;
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
  if (!text)
    return refuse(Code::kMalformed, file, "neither UTF-8 nor GB18030", "既不是UTF-8也不是GB18030");
  return *text;
}

// What is in `after` otherwise than in `before` takes its place in `into`. All are of one type; the
// first two are used up.
bool apply_changes(Message& before, Message& after, Message& into) {
  bool changed = false;
  const auto* r = into.GetReflection();
  const std::unique_ptr<Message> was(into.New());
  const std::unique_ptr<Message> is(into.New());
  for (int i = 0; i < into.GetDescriptor()->field_count(); ++i) {
    const auto* field = into.GetDescriptor()->field(i);
    was->Clear();
    is->Clear();
    r->SwapFields(&before, was.get(), {field});
    r->SwapFields(&after, is.get(), {field});
    if (was->SerializeAsString() == is->SerializeAsString()) continue;
    changed = true;
    r->SwapFields(&into, is.get(), {field});
  }
  return changed;
}

std::uint64_t key_of(const Sheet& sheet, const Message& m) {
  return m.GetReflection()->GetUInt64(m, m.GetDescriptor()->FindFieldByName(sheet.key()));
}

int state_of(const Sheet& sheet, const Message& m) {
  const auto* field = m.GetDescriptor()->FindFieldByName(sheet.state());
  return m.GetReflection()->GetEnumValue(m, field);
}

class Importer {
 public:
  Importer(Session& session, const ImportOptions& options, const Sheet& sheet,
           const SheetContext& context)
      : session_(session), options_(options), sheet_(sheet), context_(context) {}

  int run(const std::string& text) {
    if (const Status known = load_existing(); !known) return session_.fail(known.error());
    const Status read = is_json_lines(options_.file) ? read_json_lines(text) : read_csv(text);
    if (!read) return session_.fail(read.error());
    if (items_.empty() && bad_.empty() && unchanged_ + left_out_ == 0) {
      std::cerr << session_.say("文件里没有数据行\n", "the file has no rows\n");
      return kRefused;
    }
    put_parents_first();
    if (const int code = check(); code != kDone) return code;
    leave_out_orphans();
    report();
    if (!bad_.empty() && !options_.skip_bad) {
      std::cerr << session_.say("没有导入任何内容\n", "nothing was imported\n");
      return kRefused;
    }
    if (options_.check_only) {
      std::cerr << items_.size() << session_.say("条可以导入", " can be imported");
      report_rest();
      return bad_.empty() ? kDone : kPartly;
    }
    return apply();
  }

 private:
  void bad(std::size_t line, const Refusal& r) {
    bad_.push_back({line, r.field, session_.chinese() ? r.zh() : r.en()});
  }

  // The existing rows, by id; none if all rows are to be created.
  Status load_existing() {
    if (options_.as_new) return outcome::success();
    return each_resource(session_, sheet_, [&](const Message& m) {
      auto& copy = existing_[key_of(sheet_, m)];
      copy.reset(m.New());
      copy->CopyFrom(m);
    });
  }

  Status read_csv(const std::string& text) {
    CsvReader reader(text);
    auto first = reader.next();
    if (!first) return outcome::success();
    QIAO_TRY(const CsvRecord header, std::move(*first));
    for (const std::string& raw : header.fields) {
      const std::string name(trimmed(raw));
      const auto columns = sheet_.columns();
      const auto it = std::find_if(columns.begin(), columns.end(), [&](const SheetColumn& c) {
        return name == c.en || name == c.zh;
      });
      if (it == columns.end())
        return refuse(Code::kUnknownField, session_.say("第1行：", "line 1: ") + name);
      names_.emplace_back(it->en);
    }
    for (const SheetColumn& c : sheet_.columns()) {
      if (c.required && !has_column(c.en)) {
        return refuse(Code::kRequired,
                      session_.say("第1行：", "line 1: ") + std::string(session_.say(c.zh, c.en)));
      }
    }
    QIAO_TRY(const auto groups, read_groups(reader, text.size()));
    number_parties(groups);
    for (std::size_t i = 0; i < groups.size(); ++i) read_group(i, groups[i]);
    return outcome::success();
  }

  bool has_column(const char* name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  Result<std::vector<Group>> read_groups(CsvReader& reader, std::size_t size) {
    Progress progress(session_.say("读取", "reading "));
    std::vector<Group> groups;
    std::string before;
    while (auto record = reader.next()) {
      progress.at(reader.position(), size);
      QIAO_TRY(const CsvRecord row, std::move(*record));
      if (row.fields.size() > names_.size()) {
        bad(row.line, refuse(Code::kMalformed, {}, "more cells than columns", "单元格多于列数"));
        continue;
      }
      Cells cells;
      for (std::size_t i = 0; i < row.fields.size(); ++i)
        cells[names_[i]] = unprotect_cell(row.fields[i]);
      if (std::all_of(cells.begin(), cells.end(), [](const auto& c) { return c.second.empty(); }))
        continue;
      if (options_.as_new && !is_own_key()) cells.erase(sheet_.key());
      const std::string& named = !cells["key"].empty() ? cells["key"] : cells[sheet_.key()];
      const bool goes_on = sheet_.has_lines() && !named.empty() && named == before;
      before = named;
      if (!goes_on) groups.emplace_back();
      groups.back().rows.push_back(std::move(cells));
      groups.back().lines.push_back(row.line);
    }
    return groups;
  }

  // An area's code is its own in every database; an id is given by one.
  bool is_own_key() const { return std::string_view(sheet_.key()) != "id"; }

  bool is_parties() const { return std::string_view(sheet_.collection()) == "parties"; }

  // A party may belong to one that is in the same file and has no id yet.
  void number_parties(const std::vector<Group>& groups) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const Cells& cells = groups[i].rows.front();
      const auto text = [&](const char* name) {
        return cells.contains(name) ? cells.at(name) : std::string();
      };
      in_file_.add(i, text("name"), text("credit_code"));
    }
  }

  // One bad row keeps the whole thing out.
  void read_group(std::size_t place, const Group& group) {
    std::vector<Cells> rows = group.rows;
    Item item{place, group.lines};
    std::string& parent = rows.front()["parent"];
    if (is_parties() && !context_.parties.find(parent)) {
      item.parent = in_file_.find(parent);
      if (item.parent) parent.clear();
    }
    const auto& key = rows.front()[sheet_.key()];
    const auto id = key.empty() ? Result<std::int64_t>(0) : parse_integer(key, sheet_.key());
    if (!id) return bad(group.lines.front(), id.error());
    const auto known = existing_.find(static_cast<std::uint64_t>(id.value()));
    const std::unique_ptr<Message> before = sheet_.fresh();
    std::size_t row = 0;
    if (known != existing_.end()) {
      std::vector<Cells> now = sheet_.write(*known->second, context_);
      if (const auto read = sheet_.read(now, context_, *before, row); !read)
        return bad(group.lines.front(), read.error());
      // What has no column, or no state in it, stays.
      for (std::size_t i = 0; i < rows.size() && i < now.size(); ++i) {
        if (sheet_.state() != nullptr && rows[i][sheet_.state()].empty())
          rows[i][sheet_.state()] = now[i][sheet_.state()];
        for (const auto& [column, text] : now[i]) {
          if (!has_column(column.c_str())) rows[i][column] = text;
        }
      }
    }
    const std::unique_ptr<Message> after = sheet_.fresh();
    if (const auto read = sheet_.read(rows, context_, *after, row); !read)
      return bad(group.lines[row], read.error());
    decide(std::move(item), known == existing_.end() ? nullptr : known->second.get(), *before,
           *after);
  }

  Status read_json_lines(const std::string& text) {
    std::istringstream in(text);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
      if (trimmed(line).empty()) continue;
      const auto after = sheet_.fresh();
      if (const auto read = from_json(line, *after); !read) {
        bad(number, read.error());
        continue;
      }
      const auto known = options_.as_new ? existing_.end() : existing_.find(key_of(sheet_, *after));
      const auto before = sheet_.fresh();
      if (known != existing_.end()) {
        before->CopyFrom(*known->second);
      } else if (!options_.as_new && !is_own_key() && key_of(sheet_, *after) != 0) {
        // It names parties by the ids that they had where it was exported.
        bad(number,
            refuse(Code::kNotFound, "id",
                   "row with this id on the server; move it as CSV, or create it with --new",
                   "此编号；请用CSV迁移，或用 --new 新建"));
        continue;
      }
      decide({number, {number}}, known == existing_.end() ? nullptr : known->second.get(), *before,
             *after);
    }
    return outcome::success();
  }

  // What becomes of a thing in the file, given the one that is here, if there is one: `before` is
  // what that is, as far as the file can tell it.
  void decide(Item item, const Message* known, Message& before, Message& after) {
    if (known == nullptr) return make(std::move(item), after);
    ids_[item.place] = key_of(sheet_, after);
    if (!seen_.insert(key_of(sheet_, after)).second)
      return bad(item.lines.front(),
                 refuse(Code::kDuplicate, sheet_.key(), std::to_string(key_of(sheet_, after))));
    if (sheet_.state() != nullptr && state_of(sheet_, before) != state_of(sheet_, after)) {
      return bad(item.lines.front(), refuse(Code::kNotSettable, sheet_.state()));
    }
    const std::unique_ptr<Message> changed(known->New());
    changed->CopyFrom(*known);
    clear_market_fields(before);
    clear_market_fields(after);
    if (!apply_changes(before, after, *changed) && !item.parent) {
      ++unchanged_;
      return;
    }
    item.command = sheet_.command_of(*changed);
    item.command.set_expected_version(changed->GetReflection()->GetUInt64(
        *changed, changed->GetDescriptor()->FindFieldByName("version")));
    items_.push_back(std::move(item));
  }

  void make(Item item, Message& thing) {
    const bool named = key_of(sheet_, thing) != 0 && !is_own_key();
    if (named && !existing_.empty()) {
      return bad(item.lines.front(), refuse(Code::kNotFound, sheet_.key(),
                                            "row with this id on the server; --new creates it",
                                            "此编号；加 --new 则新建"));
    }
    if (!sheet_.can_be_made(thing)) {
      ++left_out_;
      return;
    }
    if (is_parties()) {
      const int standing = state_of(sheet_, thing);
      item.suspend = standing == pb::STANDING_PENDING || standing == pb::STANDING_SUSPENDED;
    }
    if (!is_own_key())
      thing.GetReflection()->ClearField(&thing, thing.GetDescriptor()->FindFieldByName("id"));
    if (named || options_.as_new) leave_out_masked(thing);
    item.command = sheet_.command_of(thing);
    items_.push_back(std::move(item));
  }

  // What was exported masked is no telephone of anybody here, and the name of a community no
  // address.
  void leave_out_masked(Message& thing) {
    const auto* need = thing.GetDescriptor() == pb::Need::descriptor()
                           ? static_cast<const pb::Need*>(&thing)
                           : nullptr;
    const std::string community =
        need == nullptr || need->address().empty() ? "" : session_.area_name(need->area_code());
    visit_marked(
        thing,
        [&](const MarkedField& field, const std::string& value) -> std::optional<std::string> {
          const bool is_community = field.name == "address" && visible(value) == community;
          if (value.find('*') == std::string::npos && !is_community) return std::nullopt;
          ++masked_;
          return std::string();
        });
  }

  // An area lies in one of a higher level, which has to be there before it, in whatever order the
  // file has them.
  void put_parents_first() {
    std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return a.command.put_area().level() < b.command.put_area().level();
    });
  }

  // Where the request ends that begins with that item.
  std::size_t end_of_chunk(std::size_t from) const {
    const std::size_t most = items_[from].command.has_put_area() ? kAreasAtOnce : kChunk;
    std::size_t bytes = 0;
    std::size_t to = from;
    while (to < items_.size() && to - from < most && (to == from || bytes < kChunkBytes)) {
      bytes += items_[to++].command.ByteSizeLong();
    }
    return to;
  }

  // Areas of the file in front of `from` in which those of the chunk lie: without them the server
  // would not know where.
  std::set<std::size_t> areas_above(std::size_t from, std::size_t to) {
    if (area_at_.empty()) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].command.has_put_area()) area_at_[items_[i].command.put_area().code()] = i;
      }
    }
    std::set<std::size_t> above;
    for (std::size_t i = from; i < to; ++i) {
      auto at = area_at_.find(items_[i].command.put_area().parent_code());
      while (at != area_at_.end() && at->second < from && above.insert(at->second).second) {
        at = area_at_.find(items_[at->second].command.put_area().parent_code());
      }
    }
    return above;
  }

  // Asks the server which rows it would refuse, and takes them out.
  int check() {
    Progress progress(session_.say("检查", "checking"));
    std::vector<bool> is_bad(items_.size());
    for (std::size_t from = 0; from < items_.size();) {
      const std::size_t to = end_of_chunk(from);
      const auto above = areas_above(from, to);
      pb::Batch batch;
      for (const std::size_t i : above) *batch.add_commands() = items_[i].command;
      for (std::size_t i = from; i < to; ++i) *batch.add_commands() = items_[i].command;
      const auto reply = post("/v1/batch:check", to_json(batch), {});
      if (!reply) return session_.fail(reply.error());
      if (!reply.value().ok()) return session_.fail(reply.value());
      pb::CheckBatchResponse refused;
      if (const auto read = from_json(reply.value().body, refused); !read)
        return session_.fail(read.error());
      for (const auto& r : refused.refused()) {
        if (r.index() < above.size()) continue;  // said with the chunk that it is of
        const std::size_t i = from + r.index() - above.size();
        bad_.push_back({line_of(items_[i], r.field()), column_of(r.field()),
                        session_.chinese() ? r.zh() : r.en()});
        is_bad[i] = true;
      }
      from = to;
      progress.at(to, items_.size());
    }
    std::vector<Item> good;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (!is_bad[i]) good.push_back(std::move(items_[i]));
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
    std::sort(bad_.begin(), bad_.end(),
              [](const BadRow& a, const BadRow& b) { return a.line < b.line; });
    for (std::size_t i = 0; i < bad_.size() && i < kMaxShown; ++i) {
      std::string column = bad_[i].column;
      for (const SheetColumn& c : sheet_.columns()) {
        if (session_.chinese() && column == c.en) column = c.zh;
      }
      std::cerr << session_.say("第", "line ") << bad_[i].line << session_.say("行", "")
                << (column.empty() ? "" : session_.say("，", ", ") + visible(column)) << ": "
                << visible(bad_[i].reason) << "\n";
    }
    if (bad_.size() > kMaxShown)
      std::cerr << "… " << bad_.size() - kMaxShown
                << session_.say("行有误未列出\n", " more bad rows\n");
  }

  int apply() {
    Progress progress(session_.say("导入", "saving  "));
    std::size_t done = 0;
    int code = kDone;
    while (code == kDone && done < items_.size()) {
      const std::size_t to = end_of_chunk(done);
      pb::Batch batch;
      for (std::size_t i = done; i < to; ++i) *batch.add_commands() = items_[i].command;
      pb::BatchResponse made;
      code = send(batch, made);
      if (code != kDone) break;
      for (const auto& result : made.results()) ids_[items_[done++].place] = result.id();
      progress.at(done, items_.size());
    }
    if (code == kDone) code = follow_up();
    if (code != kDone) {
      std::cerr << done << session_.say("条已导入\n", " were imported\n");
      return code;
    }
    std::cerr << done << session_.say("条已导入", " imported");
    if (!bad_.empty())
      std::cerr << session_.say("，", ", ") << bad_.size()
                << session_.say("行有误已跳过", " bad rows skipped");
    report_rest();
    return bad_.empty() ? kDone : kPartly;
  }

  // Ends the line of what was imported.
  void report_rest() {
    const auto add = [&](std::size_t count, const char* zh, const char* en) {
      if (count > 0) std::cerr << session_.say("，", ", ") << count << session_.say(zh, en);
    };
    add(unchanged_, "条没有变化", " unchanged");
    add(left_out_, "条已结束或已停止提供，未新建", " ended or withdrawn, not created");
    add(masked_, "项打码的个人信息没有导入", " masked personal values left out");
    std::cerr << "\n";
  }

  // A party whose parent is not imported cannot belong to it; nor can those that belong to that
  // party.
  void leave_out_orphans() {
    for (std::size_t before = 0; before != items_.size();) {
      before = items_.size();
      std::set<std::size_t> places;
      for (const Item& item : items_) places.insert(item.place);
      std::erase_if(items_, [&](const Item& item) {
        if (!item.parent || ids_.contains(*item.parent) || places.contains(*item.parent))
          return false;
        bad(item.lines.front(), refuse(Code::kNotFound, "parent", "such party: its row is bad",
                                       "上级单位：其所在行有误"));
        return true;
      });
    }
  }

  // What needs the ids that new parties were given: whom they belong to, and that some are not to
  // be matched.
  int follow_up() {
    pb::Batch batch;
    pb::BatchResponse made;
    for (const Item& item : items_) {
      if (item.parent) {
        auto party = session_.get<pb::Party>("/v1/parties/" + std::to_string(ids_[item.place]));
        if (!party) return session_.fail(party.error());
        party.value().set_parent_id(ids_[*item.parent]);
        *batch.add_commands()->mutable_update_party() = std::move(party).value();
      }
      if (item.suspend) {
        pb::SetStanding& standing = *batch.add_commands()->mutable_set_standing();
        standing.set_party_id(ids_[item.place]);
        standing.set_standing(pb::STANDING_SUSPENDED);
      }
      if (static_cast<std::size_t>(batch.commands_size()) < kChunk - 1) continue;
      if (const int code = send(batch, made); code != kDone) return code;
      batch.clear_commands();
    }
    return batch.commands_size() == 0 ? static_cast<int>(kDone) : send(batch, made);
  }

  // Waits where the server limits how much may be changed or asked, for as long as it says.
  Result<Reply> post(const std::string& target, const std::string& body, const Headers& headers) {
    auto reply = session_.client().send("POST", target, body, headers);
    for (int waits = 0; waits < kMaxWaits && reply && reply.value().status == 429; ++waits) {
      std::this_thread::sleep_for(std::chrono::seconds{std::max(1, reply.value().retry_after)});
      reply = session_.client().send("POST", target, body, headers);
    }
    return reply;
  }

  int send(const pb::Batch& batch, pb::BatchResponse& made) {
    const auto reply =
        post("/v1/batch", to_json(batch), {{"Idempotency-Key", fresh_idempotency_key()}});
    if (!reply) return session_.fail(reply.error());
    if (!reply.value().ok()) return session_.fail(reply.value());
    made.Clear();
    if (const auto read = from_json(reply.value().body, made); !read)
      return session_.fail(read.error());
    return kDone;
  }

  Session& session_;
  const ImportOptions& options_;
  const Sheet& sheet_;
  const SheetContext& context_;
  std::vector<std::string> names_;  // of the file's columns
  std::map<std::uint64_t, std::unique_ptr<Message>> existing_;
  std::set<std::uint64_t> seen_;                  // ids in the file of things that are here
  std::map<std::uint64_t, std::size_t> area_at_;  // by code, its place in items_
  PartyNames in_file_;                            // by place in the file
  std::map<std::size_t, std::uint64_t> ids_;      // by place in the file, of what is here
  std::vector<Item> items_;
  std::vector<BadRow> bad_;
  std::size_t unchanged_ = 0;
  std::size_t left_out_ = 0;
  std::size_t masked_ = 0;
};

}  // namespace

int import_list(Session& session, const ImportOptions& options) {
  const auto text = read_all(options.file);
  if (!text) return session.fail(text.error());
  const auto context = make_context(session);
  if (!context) return session.fail(context.error());
  return Importer(session, options, *find_sheet(options.what), context.value()).run(text.value());
}

}  // namespace qiao
