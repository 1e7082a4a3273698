#include <unistd.h>

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "proto/json/json.h"
#include "qiao/v1/import.pb.h"
#include "server/sheets/sheet.h"
#include "tools/io/file.h"
#include "tools/io/visible.h"
#include "tools/qiao/resources.h"
#include "tools/qiao/transfer.h"

namespace qiao {
namespace {

// Times that a request waits because of the server's limits.
constexpr int kMaxWaits = 20;
constexpr std::size_t kMaxShown = 1000;
// Between two looks at how far the import is.
constexpr std::chrono::milliseconds kLook{100};

class Progress {
 public:
  explicit Progress(const Session& session)
      : session_(session), shown_(isatty(STDERR_FILENO) != 0) {}
  void at(const pb::Import& import) {
    const std::uint64_t of = import.steps();
    const int percent = of == 0 ? 0 : static_cast<int>(import.steps_done() * 100 / of);
    if (!shown_ || (percent == last_ && import.state() == state_)) return;
    if (import.state() != state_ && last_ >= 0) std::cerr << "\n";
    last_ = percent;
    state_ = import.state();
    constexpr int kWidth = 30;
    std::string bar(static_cast<std::size_t>(percent * kWidth / 100), '#');
    bar.resize(kWidth, '.');
    std::cerr << "\r" << words() << " [" << bar << "] " << percent << " %" << std::flush;
  }
  void end() const {
    if (last_ >= 0) std::cerr << "\n";
  }

 private:
  const char* words() const {
    switch (state_) {
      case pb::IMPORT_STATE_WAITING:
        return session_.say("等待", "waiting ");
      case pb::IMPORT_STATE_READING:
        return session_.say("读取", "reading ");
      case pb::IMPORT_STATE_CHECKING:
        return session_.say("检查", "checking");
      default:
        return session_.say("导入", "saving  ");
    }
  }

  const Session& session_;
  bool shown_;
  int last_ = -1;
  pb::ImportState state_ = pb::IMPORT_STATE_UNSPECIFIED;
};

bool has_ended(const pb::Import& import) {
  return import.state() == pb::IMPORT_STATE_DONE || import.state() == pb::IMPORT_STATE_REFUSED ||
         import.state() == pb::IMPORT_STATE_STOPPED;
}

// Sends a file to the server, waits until it is imported, and prints the outcome.
class Importer {
 public:
  Importer(Session& session, const ImportOptions& options)
      : session_(session), options_(options), sheet_(*find_sheet(options.what)) {}

  int run(const std::string& bytes) {
    const auto made = ask("POST", target(), bytes);
    if (!made) return session_.fail(made.error());
    if (!made.value().ok()) return session_.fail(made.value());
    pb::Import import;
    if (const auto read = from_json(made.value().body, import); !read)
      return session_.fail(read.error());
    if (const int code = follow(import); code != kDone) return code;
    if (const int code = show_refused(import); code != kDone) return code;
    return report(import);
  }

 private:
  std::string target() const {
    std::string target = "/v1/imports?kind=" + options_.what;
    const auto add = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      target +=
          std::string("&") + name + "=" + boost::urls::encode(value, boost::urls::unreserved_chars);
    };
    add("check", options_.check_only ? "1" : "");
    add("new", options_.as_new ? "1" : "");
    add("skipBad", options_.skip_bad ? "1" : "");
    add("sheet", options_.sheet);
    add("headingRow", options_.heading_row);
    add("mapping", options_.mapping);
    return target;
  }

  // Waits where the server limits how much may be asked, for as long as it says.
  Result<Reply> ask(const std::string& method, const std::string& where,
                    const std::string& body = {}) {
    const char* type =
        is_json_lines(options_.file) ? "application/x-ndjson" : "application/octet-stream";
    const Headers headers = body.empty() ? Headers() : Headers{{"Content-Type", type}};
    auto reply = session_.client().send(method, where, body, headers);
    for (int waits = 0; waits < kMaxWaits && reply && reply.value().status == 429; ++waits) {
      std::this_thread::sleep_for(std::chrono::seconds{std::max(1, reply.value().retry_after)});
      reply = session_.client().send(method, where, body, headers);
    }
    return reply;
  }

  int read(const std::string& where, pb::Import& import) {
    const auto reply = ask("GET", where);
    if (!reply) return session_.fail(reply.error());
    if (!reply.value().ok()) return session_.fail(reply.value());
    import.Clear();
    if (const auto parsed = from_json(reply.value().body, import); !parsed)
      return session_.fail(parsed.error());
    return kDone;
  }

  int follow(pb::Import& import) {
    const std::string where = "/v1/imports/" + std::to_string(import.id()) + "?pageSize=1";
    Progress progress(session_);
    while (!has_ended(import)) {
      progress.at(import);
      std::this_thread::sleep_for(kLook);
      if (const int code = read(where, import); code != kDone) return code;
    }
    progress.end();
    return kDone;
  }

  int show_refused(const pb::Import& import) {
    const std::string where =
        "/v1/imports/" + std::to_string(import.id()) + "?outcome=refused&pageSize=500";
    std::size_t shown = 0;
    std::string token;
    pb::Import page;
    do {
      const std::string next = token.empty() ? where : where + "&pageToken=" + token;
      if (const int code = read(next, page); code != kDone) return code;
      for (const pb::ImportRow& row : page.results()) {
        if (shown++ < kMaxShown) show(row);
      }
      token = page.next_page_token();
    } while (!token.empty() && shown < kMaxShown);
    if (import.refused() > kMaxShown)
      std::cerr << "… " << import.refused() - kMaxShown
                << session_.say("行有误未列出\n", " more bad rows\n");
    return kDone;
  }

  void show(const pb::ImportRow& row) const {
    const SheetColumn* known = sheet_.column(row.column());
    std::string column = row.column().empty() ? row.field() : row.column();
    if (known != nullptr && session_.chinese()) column = known->zh;
    std::cerr << session_.say("第", "line ") << row.row() << session_.say("行", "")
              << (column.empty() ? "" : session_.say("，", ", ") + visible(column)) << ": "
              << visible(session_.chinese() ? row.zh() : row.en()) << "\n";
  }

  // Ends with the exit code.
  int report(const pb::Import& import) {
    for (const pb::ImportColumn& column : import.columns()) {
      if (column.column().empty() && !column.heading().empty())
        std::cerr << session_.say("未导入的列：", "column that is not imported: ")
                  << visible(column.heading()) << "\n";
    }
    if (!import.code().empty()) {
      std::cerr << "qiao: "
                << visible((import.field().empty() ? "" : import.field() + ": ") +
                           (session_.chinese() ? import.zh() : import.en()))
                << "\n";
    }
    const std::uint64_t saved = import.created() + import.changed();
    if (import.state() == pb::IMPORT_STATE_STOPPED) {
      std::cerr << saved << session_.say("条已导入\n", " were imported\n");
      return kRefused;
    }
    if (import.state() == pb::IMPORT_STATE_REFUSED) {
      std::cerr << session_.say("没有导入任何内容\n", "nothing was imported\n");
      return kRefused;
    }
    if (options_.check_only) {
      std::cerr << import.ready() << session_.say("条可以导入", " can be imported");
    } else {
      std::cerr << saved << session_.say("条已导入", " imported");
      add(import.refused(), "行有误已跳过", " bad rows skipped");
    }
    add(import.repeated(), "条此前已导入", " imported before");
    add(import.unchanged(), "条没有变化", " unchanged");
    add(import.left_out(), "条已结束或已停止，未新建", " ended or withdrawn, not created");
    add(import.masked(), "项打码的个人信息没有导入", " masked personal values left out");
    std::cerr << "\n";
    return import.refused() == 0 ? kDone : kPartly;
  }

  void add(std::uint64_t count, const char* zh, const char* en) const {
    if (count > 0) std::cerr << session_.say("，", ", ") << count << session_.say(zh, en);
  }

  Session& session_;
  const ImportOptions& options_;
  const Sheet& sheet_;
};

}  // namespace

int import_list(Session& session, const ImportOptions& options) {
  const auto bytes = read_file_or_stdin(options.file, options.file);
  if (!bytes) return session.fail(bytes.error());
  return Importer(session, options).run(bytes.value());
}

}  // namespace qiao
