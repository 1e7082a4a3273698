// qiao: the command line.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "tools/io/output.h"
#include "tools/io/visible.h"
#include "tools/qiao/account.h"
#include "tools/qiao/bench.h"
#include "tools/qiao/clear.h"
#include "tools/qiao/completion.h"
#include "tools/qiao/input.h"
#include "tools/qiao/local.h"
#include "tools/qiao/session.h"
#include "tools/qiao/show.h"
#include "tools/qiao/terms.h"
#include "tools/qiao/transfer.h"
#include "tools/qiao/verbs.h"

namespace {

using namespace qiao;
using google::protobuf::Message;

// By the locale where no language is given.
bool is_chinese(const std::string& language) {
  if (!language.empty()) return language == "zh";
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    if (const char* v = std::getenv(name); v != nullptr && *v != '\0')
      return std::string_view(v).starts_with("zh");
  }
  return false;
}

struct Globals {
  std::string server = "http://127.0.0.1:8321";
  std::string token;
  std::string actor;
  std::string language;
  bool json = false;

  bool chinese() const { return is_chinese(language); }
};

// The arguments of one verb.
struct Given {
  std::map<std::string, std::string> operands;  // {id} …
  std::map<std::string, std::string> flags;
  std::map<std::string, std::string> query;
  std::string file;
  bool all = false;
};

Result<Session> connect(const Globals& g) {
  QIAO_TRY(Client client, Client::to(g.server));
  const auto token = !g.token.empty() ? std::optional(g.token) : kept_token(client.url());
  if (token) client.always("Authorization", "Bearer " + *token);
  if (!g.actor.empty()) client.always("Qiao-Actor", g.actor);
  if (g.chinese()) client.always("Accept-Language", "zh");
  return Session(std::move(client), g.chinese(), g.json);
}

int without_session(const Globals& g, const Refusal& r) {
  std::cerr << "qiao: " << r.field << ": " << (g.chinese() ? r.zh() : r.en()) << "\n";
  return kUsage;
}

std::unique_ptr<Message> fresh(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

std::string url_encoded(const std::string& text) {
  std::string out;
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ',') {
      out += raw;
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

std::string target_of(const Verb& verb, const Given& given) {
  std::string target = verb.pattern;
  for (const auto& [name, value] : given.operands) {
    const std::string hole = "{" + name + "}";
    if (const auto at = target.find(hole); at != std::string::npos)
      target.replace(at, hole.size(), url_encoded(value));
  }
  for (const auto& [name, value] : given.query) {
    target += (target.find('?') == std::string::npos ? "?" : "&") + name + "=" + url_encoded(value);
  }
  return target;
}

// Follows the pages of a list to its end.
Result<Reply> whole_list(Session& session, const std::string& target, Message& into) {
  std::string token;
  Reply last;
  const auto* field = into.GetDescriptor()->FindFieldByName("next_page_token");
  do {
    QIAO_TRY(
        last,
        session.client().send(
            "GET", target + (token.empty()
                                 ? ""
                                 : std::string(target.find('?') == std::string::npos ? "?" : "&") +
                                       "pageToken=" + token)));
    if (!last.ok()) return last;
    const auto page = fresh(into.GetDescriptor());
    QIAO_TRY(from_json(last.body, *page));
    token = page->GetReflection()->GetString(*page, field);
    page->GetReflection()->ClearField(page.get(), field);
    into.MergeFrom(*page);
  } while (!token.empty());
  return last;
}

int run_verb(const Globals& g, const Verb& verb, Given given) {
  auto connected = connect(g);
  if (!connected) return without_session(g, connected.error());
  Session& session = connected.value();
  std::string body;
  Headers headers;
  if (verb.request != nullptr) {
    const auto message = fresh(verb.request());
    if (verb.update) {
      // Fields that are not given keep their value; a concurrent change is not overwritten.
      const auto now =
          session.client().send("GET", target_of(verb, {given.operands, {}, {}, {}, false}));
      if (!now) return session.fail(now.error());
      const bool is_new = verb.creates && now.value().status == 404;
      if (!now.value().ok() && !is_new) return session.fail(now.value());
      if (!is_new) {
        if (const auto read = from_json(now.value().body, *message); !read)
          return session.fail(read.error());
        headers.emplace_back("If-Match", now.value().etag);
      }
    }
    for (const char* operand : verb.operands)
      given.flags[flag_of(operand)] = given.operands[operand];
    if (const auto read = read_input(session, given.file, given.flags, *message); !read) {
      session.fail(read.error());
      return read.error().code == Code::kUnreachable ? kNoServer : kUsage;
    }
    body = to_json(*message);
  }
  const std::string method = verb.method;
  if (method != "GET") headers.emplace_back("Idempotency-Key", fresh_idempotency_key());
  const auto answer = verb.response != nullptr ? fresh(verb.response()) : nullptr;
  const bool list =
      answer != nullptr && answer->GetDescriptor()->FindFieldByName("next_page_token") != nullptr;
  if (list && !given.all && !given.query.contains("pageSize")) given.query["pageSize"] = "50";
  if (list && given.all) given.query["pageSize"] = "500";
  const std::string target = target_of(verb, given);
  const auto reply = list && given.all ? whole_list(session, target, *answer)
                                       : session.client().send(method, target, body, headers);
  if (!reply) return session.fail(reply.error());
  if (!reply.value().ok()) return session.fail(reply.value());
  if (answer == nullptr || (g.json && !(list && given.all))) {
    std::cout << reply.value().body << (reply.value().body.ends_with('\n') ? "" : "\n");
    return kDone;
  }
  if (!(list && given.all)) {
    if (const auto read = from_json(reply.value().body, *answer); !read)
      return session.fail(read.error());
  }
  if (g.json) {
    std::cout << to_json(*answer) << "\n";
    return kDone;
  }
  show(session, *answer, std::cout);
  if (list && !given.all) {
    const auto* field = answer->GetDescriptor()->FindFieldByName("next_page_token");
    if (!answer->GetReflection()->GetString(*answer, field).empty())
      std::cerr << session.say("还有更多；用 --all 列出全部\n",
                               "there are more; --all lists all\n");
  }
  return kDone;
}

int run_watch(const Globals& g, Given given) {
  auto connected = connect(g);
  if (!connected) return without_session(g, connected.error());
  Session& session = connected.value();
  // A number given by hand belongs to the database that is served now.
  if (given.query.contains("after") && !given.query.contains("epoch")) {
    const auto now = session.client().send("GET", "/healthz");
    if (!now) return session.fail(now.error());
    given.query["epoch"] = now.value().epoch;
  }
  std::string target = "/v1/watch";
  for (const auto& [name, value] : given.query) {
    if (name != "count")
      target +=
          (target.find('?') == std::string::npos ? "?" : "&") + name + "=" + url_encoded(value);
  }
  std::int64_t left = given.query.contains("count")
                          ? std::strtoll(given.query.at("count").c_str(), nullptr, 10)
                          : -1;
  const auto closed = session.client().watch(target, [&](std::string_view frame) {
    if (g.json) {
      std::cout << frame << std::endl;
    } else {
      pb::Event event;
      if (from_json(frame, event)) std::cout << event_line(session, event) << std::endl;
    }
    if (left > 0) --left;
    return left != 0 && std::cout.good();
  });
  if (!closed) return session.fail(closed.error());
  if (closed.value().empty()) return kDone;
  // A problem instead of a feed, or the reason why the server closed it.
  if (closed.value().starts_with('{')) return session.fail(Reply{400, closed.value(), ""});
  std::cerr << "qiao: " << visible(closed.value()) << "\n";
  return kNoServer;
}

// The operands in the order of the pattern, then those of the body.
std::vector<std::string> operands_of(const Verb& verb) {
  std::vector<std::string> names;
  const std::string_view pattern = verb.pattern;
  for (auto open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    names.emplace_back(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
  }
  for (const char* o : verb.operands) names.emplace_back(o);
  return names;
}

// The exit code, unless the output could not be written.
int finish(int code, bool chinese) {
  if (finish_output()) return code;
  std::cerr << "qiao: " << (chinese ? "无法写入标准输出" : "cannot write to standard output")
            << "\n";
  return code == kDone ? kNotWritten : code;
}

constexpr const char* kImportRules =
    "A row whose id (for an area: code) exists on the server changes the fields that differ.\n"
    "A row without an id is created; a row whose id does not exist is created only if the\n"
    "server has no rows of this kind. CSV refers to parties by name and can be moved to another\n"
    "server; JSON lines refer to them by id. An import does not change the column of the state;\n"
    "needs that have ended and offers that were withdrawn are not created.";
constexpr const char* kImportRulesZh =
    "带编号（区域为编码）且服务器上有的行只修改不同的内容，相同的不动；没有编号的行新建；\n"
    "编号不存在的行只在服务器上还没有这类内容时新建。CSV按名称引用单位和队伍，可用于迁移；\n"
    "JSON行引用编号。导入不修改状态列；已结束的需求和已停止提供的供给不新建。";
constexpr const char* kExportRules =
    "Importing the unedited file changes nothing. Personal data are masked and cannot be moved\n"
    "to another server. Text that begins with = + - @ or a space gets a leading apostrophe, text\n"
    "that ends with a space a trailing one; the import removes it.";
constexpr const char* kExportRulesZh =
    "不加修改再导入，什么都不变。个人信息是打码的，不能迁移。以 = + - @ 或空白开头的内容前\n"
    "（以空白结尾的内容后）有撇号，导入时去掉。";

// CLI11's own words in Chinese.
class ChineseFormatter : public CLI::Formatter {
 public:
  ChineseFormatter() {
    label("Usage", "用法");
    label("OPTIONS", "选项");
    label("Positionals", "参数");
    label("SUBCOMMAND", "命令");
    label("REQUIRED", "必填");
    label("Env", "环境变量");
  }
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> opts) const override {
    if (group == "Options") group = "选项";
    return CLI::Formatter::make_group(group, is_positional, opts);
  }
};

// The commands and their arguments. Must outlive the parsing of the command line.
class CommandLine {
 public:
  // `language` decides the language of the help: "zh", "en", or empty for the locale's.
  CommandLine(Globals& g, const std::string& language) : g_(g), chinese_(is_chinese(language)) {
    speak();
    add_globals();
    for (const Verb& verb : verbs()) {
      if (!verb.by_hand) add_verb(verb);
    }
    add_watch();
    add_accounts();
    add_clear();
    add_import();
    add_export();
    add_bench();
    add_databases();
    add_keys();
    add_completion();
  }
  CommandLine(const CommandLine&) = delete;

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return app_.exit(e) == 0 ? kDone : kUsage;
    }
    return code_;
  }

 private:
  const char* say(const char* zh, const char* en) const { return chinese_ ? zh : en; }

  // CLI11's own words. Subcommands inherit them.
  void speak() {
    app_.description(
        say("qiao：桥的命令行，办理点单、派单、接单、评单", "qiao: the command line of Qiao"));
    if (!chinese_) return;
    app_.group("命令");
    app_.set_help_flag("-h,--help", "显示帮助");
    app_.formatter(std::make_shared<ChineseFormatter>());
  }

  void add_globals() {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--server", g_.server, say("服务器地址", "Address of the server"))
        ->envname("QIAO_SERVER")
        ->capture_default_str();
    app_.add_option("--token", g_.token,
                    say("令牌；默认为 qiao login 保存的令牌",
                        "API token; by default the one that `qiao login` stored"))
        ->envname("QIAO_TOKEN");
    app_.add_option("--as", g_.actor,
                    say("代办：organiser/编号、supplier/编号、member/编号、resident/代号",
                        "Act on behalf of organiser/ID, supplier/ID, member/ID or resident/REF"))
        ->envname("QIAO_ACTOR");
    app_.add_option("--lang", g_.language,
                    say("zh 或 en；默认按系统区域设置", "zh or en; by default that of the locale"))
        ->envname("QIAO_LANG")
        ->check(CLI::IsMember({"zh", "en"}));
    app_.add_flag("--json", g_.json,
                  say("按接口的JSON原样输出", "Print answers as the JSON of the API"));
    app_.footer(
        chinese_
            ? "退出码：0 完成；1 被拒绝，什么都没有改变；2 命令行有误；3 连不上服务器或服务器出错；"
              "4 verify发现不一致；5 导入时跳过了有误的行；6 输出无法写入；7 verify发现标记缺失。"
            : "Exit codes: 0 done; 1 refused, nothing changed; 2 invalid command line; "
              "3 the server cannot be reached or failed; 4 verify found differences; 5 an import "
              "skipped rows; 6 the output could not be written; 7 verify found that the mark is "
              "missing.");
  }

  // The command for a noun, created on first use.
  CLI::App& noun(const std::string& name) {
    static const std::map<std::string, std::pair<const char*, const char*>> kWords = {
        {"taxonomy", {"词表", "categories, skills, certificates and goods"}},
        {"policy", {"政策", "the policy that the lead sets"}},
        {"area", {"区域", "city, towns and communities"}},
        {"party", {"单位与队伍", "lead, organisers, teams, enterprises, social organisations"}},
        {"person", {"人员", "people who belong to a party"}},
        {"offer", {"供给", "what suppliers provide"}},
        {"need", {"需求", "what residents and communities ask for"}},
        {"match", {"对接单", "offers matched with lines of needs"}},
        {"account", {"账号", "accounts"}},
        {"token", {"令牌", "API tokens and sessions"}},
        {"resident", {"居民", "personal data of residents"}},
        {"batch", {"批量命令", "several commands in one request"}},
        {"clearing", {"统一对接", "matching of the whole city"}},
        {"imports", {"导入", "imports of spreadsheets"}}};
    auto& noun = nouns_[name];
    if (noun == nullptr) {
      noun = app_.add_subcommand(name, say(kWords.at(name).first, kWords.at(name).second));
      noun->require_subcommand(1);
      noun->fallthrough();
    }
    return *noun;
  }

  void add_verb(const Verb& verb) {
    const std::string words = verb.words;
    const auto gap = words.find(' ');
    CLI::App& parent = gap == std::string::npos ? app_ : noun(words.substr(0, gap));
    const std::string name = gap == std::string::npos ? words : words.substr(gap + 1);
    CLI::App* sub = parent.add_subcommand(name, chinese_ ? verb.zh : verb.en);
    Given& given = all_given_[words];
    for (const auto& operand : operands_of(verb))
      sub->add_option(operand, given.operands[operand])->required();
    for (const char* q : verb.query) {
      sub->add_option_function<std::string>(
          std::string("--") + q, [&given, q](const std::string& v) { given.query[q] = v; },
          std::string(flag_meaning(q, chinese_)));
    }
    if (verb.response != nullptr &&
        verb.response()->FindFieldByName("next_page_token") != nullptr) {
      sub->add_flag("--all", given.all, say("列出全部", "List all pages"));
      sub->add_flag_callback(
          "--newest", [&given] { given.query["newest"] = "1"; },
          say("最新的排在前面", "Newest first"));
    }
    if (verb.request != nullptr) add_body(verb, given, *sub);
    sub->callback([this, &given, v = &verb] { code_ = run_verb(g_, *v, given); });
  }

  // The fields of the request's body, as flags.
  void add_body(const Verb& verb, Given& given, CLI::App& sub) const {
    sub.add_option("--file", given.file,
                   say("整个请求的JSON；- 为标准输入。选项优先于文件",
                       "JSON of the whole body; - for standard input. Options override it"));
    for (const auto& flag : input_flags(verb.request(), chinese_)) {
      const bool positional = std::any_of(verb.operands.begin(), verb.operands.end(),
                                          [&](const char* o) { return flag_of(o) == flag.name; });
      if (positional) continue;
      // --area as well as --area-code, --party as well as --party-id.
      std::string names = "--" + flag.name;
      for (const std::string_view tail : {"-code", "-id"}) {
        if (flag.name.ends_with(tail) && flag.name != "credit-code" &&
            flag.name != "check-in-by-code")
          names += ",--" + flag.name.substr(0, flag.name.size() - tail.size());
      }
      sub.add_option_function<std::string>(
          names, [&given, name = flag.name](const std::string& v) { given.flags[name] = v; },
          flag.help);
    }
  }

  void add_watch() {
    auto* watch_app = app_.add_subcommand("watch", say("实时动态", "Watch events as they happen"));
    for (const char* q : {"after", "epoch", "area", "party", "need", "kind", "count"}) {
      watch_app->add_option_function<std::string>(
          std::string("--") + q, [this, q](const std::string& v) { watch_.query[q] = v; },
          std::string_view(q) == "count" ? say("收到几条后停止", "Stop after this many events")
                                         : std::string(flag_meaning(q, chinese_)));
    }
    watch_app->callback([&] { code_ = run_watch(g_, watch_); });
  }

  template <class What>
  void in_session(What what) {
    auto session = connect(g_);
    code_ = session ? what(session.value()) : without_session(g_, session.error());
  }

  CLI::App* enter(const char* name, const char* zh, const char* en,
                  int (*what)(Session&, const Entry&)) {
    auto* sub = app_.add_subcommand(name, chinese_ ? zh : en);
    sub->add_flag("--print", entry_.print,
                  chinese_ ? "打印令牌，不保存" : "Print the token instead of storing it");
    sub->callback([this, what] { in_session([&](Session& s) { return what(s, entry_); }); });
    return sub;
  }

  void add_accounts() {
    enter("login", "登录；密码在终端输入或从标准输入读取",
          "Log in; the password is typed, or read from standard input", log_in)
        ->add_option("login", entry_.login, chinese_ ? "登录名" : "Login name")
        ->required();
    auto* setup_app = enter(
        "setup", "用服务器打印的链接建立牵头单位的第一个账号",
        "Create the first account of the lead, with the link that the server printed", set_up);
    setup_app->add_option("secret", entry_.secret, chinese_ ? "链接中的口令" : "Secret in the link")
        ->required();
    setup_app->add_option("login", entry_.login, chinese_ ? "登录名" : "Login name")->required();
    setup_app->add_option("--name", entry_.name, chinese_ ? "姓名" : "Name");
    enter("join", "用邀请链接设置密码并登录", "Set a password with an invitation link, and log in",
          join)
        ->add_option("link", entry_.secret, chinese_ ? "邀请链接" : "Invitation link")
        ->required();
    app_.add_subcommand("password", chinese_ ? "修改自己的密码" : "Change your password")
        ->callback([&] { in_session([](Session& s) { return change_password(s); }); });
    app_.add_subcommand("logout",
                        chinese_ ? "退出登录：撤销保存的令牌" : "Log out: revoke the stored token")
        ->callback([&] { in_session([](Session& s) { return log_out(s); }); });
  }

  void add_clear() {
    auto* clear_app = app_.add_subcommand(
        "clear", chinese_ ? "统一对接：开始、等待、显示结果"
                          : "Start a clearing, wait for it, and show the result");
    clear_app->add_option("--area", clear_.area,
                          chinese_ ? "只对接该区域及下级" : "Only needs of this area and below");
    clear_app
        ->add_option("--budget", clear_.budget,
                     chinese_ ? "最多用时（秒）" : "Time limit in seconds")
        ->capture_default_str()
        ->check(CLI::Range(1, 600));
    clear_app
        ->add_option("--gap", clear_.gap_percent,
                     chinese_ ? "离最优差到此百分比即可停止" : "Stop at this gap, in per cent")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 100.0));
    clear_app
        ->add_option("--apply", clear_.apply,
                     chinese_ ? "propose 列为建议，dispatch 全部派单"
                              : "What to do with the proposals: propose or dispatch")
        ->check(CLI::IsMember({"propose", "dispatch"}));
    clear_app->add_flag("--explain", clear_.explain,
                        chinese_ ? "列出建议、供给缺口和各社区满足率"
                                 : "Also list proposals, supply gaps and communities");
    clear_app->callback([&] { in_session([&](Session& s) { return clear_city(s, clear_); }); });
  }

  void add_import() {
    auto* import_app = app_.add_subcommand(
        "import", chinese_
                      ? "从CSV、.xlsx或JSON行导入区域、单位与队伍、供给或需求"
                      : "Import areas, parties, offers or needs from CSV, .xlsx or JSON lines");
    import_app->footer(chinese_ ? kImportRulesZh : kImportRules);
    import_app
        ->add_option("what", import_.what,
                     chinese_
                         ? "areas（区域）、parties（单位与队伍）、offers（供给）或needs（需求）"
                         : "areas, parties, offers or needs")
        ->required()
        ->check(CLI::IsMember({"areas", "parties", "offers", "needs"}));
    import_app
        ->add_option("file", import_.file,
                     chinese_ ? "文件；- 为标准输入" : "The file; - for standard input")
        ->required();
    import_app->add_flag("--new", import_.as_new,
                         chinese_ ? "忽略编号，全部新建" : "Ignore ids: create all rows");
    import_app->add_flag("--skip-bad", import_.skip_bad,
                         chinese_
                             ? "跳过有误的行；默认只要有一行有误就都不导入"
                             : "Skip bad rows; by default nothing is imported if a row is bad");
    import_app->add_flag("--check", import_.check_only, chinese_ ? "只检查，不导入" : "Check only");
    import_app->add_option(
        "--sheet", import_.sheet,
        chinese_ ? "工作表的名称或序号" : "Name or number of a workbook's sheet");
    import_app->add_option("--heading-row", import_.heading_row,
                           chinese_ ? "表头在第几行" : "The row with the headings");
    import_app->add_option("--mapping", import_.mapping,
                           chinese_ ? "各列是什么，如 B:title,C:area,D:-"
                                    : "Which column is what: B:title,C:area,D:-");
    import_app->callback([&] { in_session([&](Session& s) { return import_list(s, import_); }); });
  }

  void add_export() {
    auto* export_app = app_.add_subcommand(
        "export", chinese_ ? "导出区域、单位与队伍、供给或需求为CSV或JSON行"
                           : "Export areas, parties, offers or needs as CSV or JSON lines");
    export_app->footer(chinese_ ? kExportRulesZh : kExportRules);
    export_app
        ->add_option("what", exported_.what,
                     chinese_
                         ? "areas（区域）、parties（单位与队伍）、offers（供给）或needs（需求）"
                         : "areas, parties, offers or needs")
        ->required()
        ->check(CLI::IsMember({"areas", "parties", "offers", "needs"}));
    export_app
        ->add_option("file", exported_.file,
                     chinese_ ? "文件；- 为标准输出" : "The file; - for standard output")
        ->capture_default_str();
    export_app
        ->add_option("--format", exported_.format,
                     chinese_ ? "csv或jsonl；默认按文件名"
                              : "csv or jsonl; by default that of the file's name")
        ->check(CLI::IsMember({"csv", "jsonl"}));
    export_app
        ->add_option(
            "--encoding", exported_.encoding,
            chinese_ ? "utf8、utf8-bom或gb18030（CSV）" : "utf8, utf8-bom or gb18030 (CSV)")
        ->capture_default_str()
        ->check(CLI::IsMember({"utf8", "utf8-bom", "gb18030"}));
    export_app->callback(
        [&] { in_session([&](Session& s) { return export_list(s, exported_); }); });
  }

  void add_bench() {
    auto* bench_app = app_.add_subcommand(
        "bench", say("测量服务器回答一个GET的速度", "Measure how fast a server answers a GET"));
    bench_app
        ->add_option("--connections", bench_.connections,
                     say("同时几个连接", "Connections at a time"))
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    bench_app->add_option("--seconds", bench_.seconds, say("持续几秒", "Duration in seconds"))
        ->capture_default_str()
        ->check(CLI::Range(1, 3600));
    bench_app->add_option("--target", bench_.target, say("路径", "Path to request"))
        ->capture_default_str();
    bench_app->callback([&] { in_session([&](Session& s) { return bench_server(s, bench_); }); });
  }

  void add_databases() {
    auto* verify_app = app_.add_subcommand(
        "verify",
        say("核对未在使用的数据库：日志与记录一致，所有约束成立",
            "Check a database that is not in use: journal against rows, every invariant"));
    const char* key_help = chinese_ ? "主密钥文件；默认为 文件夹.key"
                                    : "File of the master key; FOLDER.key by default";
    verify_app->add_option("folder", folder_, say("数据库文件夹", "Folder of the database"))
        ->required();
    verify_app->add_option("--key", key_, key_help)->envname("QIAO_KEY");
    verify_app->add_option_function<std::string>(
        "--expect", [this](const std::string& text) { expect(text); },
        chinese_ ? "先前记下的 序号:散列（见 qiao audit），核对此前的记录未被改动"
                 : "SEQ:HASH written down earlier (see qiao audit): checks that nothing up to "
                   "there was changed since");
    verify_app->callback([&] { code_ = verify_folder(folder_, key_, expect_, g_.chinese()); });
    auto* restore_app =
        app_.add_subcommand("restore", say("从备份恢复数据库", "Restore a database from a backup"));
    restore_app->add_option("backup", backup_, say("备份文件夹", "Folder of the backup"))
        ->required();
    restore_app
        ->add_option("folder", folder_, say("新数据库的文件夹", "Folder of the new database"))
        ->required();
    restore_app
        ->add_option("--key", key_,
                     chinese_ ? "主密钥文件；默认为 备份.key"
                              : "File of the master key; BACKUP.key by default")
        ->envname("QIAO_KEY");
    restore_app->callback([&] { code_ = restore_folder(backup_, folder_, key_, g_.chinese()); });
  }

  void expect(const std::string& text) {
    expect_ = read_expected(text);
    if (expect_) return;
    throw CLI::ValidationError("--expect",
                               chinese_ ? "应为 序号:散列，散列为64位十六进制数"
                                        : "give SEQ:HASH, where HASH has 64 hexadecimal digits");
  }

  void add_keys() {
    auto* key_app =
        app_.add_subcommand("key", chinese_ ? "主密钥：轮换与清理"
                                            : "The master key of personal data: rotate and prune");
    key_app->require_subcommand(1);
    auto* rotate_app = key_app->add_subcommand(
        "rotate", chinese_ ? "新增主密钥；服务器下次启动时改用"
                           : "Add a new master key; the server uses it from its next start");
    rotate_app->add_option("file", key_, chinese_ ? "密钥文件" : "The key file")->required();
    rotate_app->callback([&] { code_ = rotate_key(key_, g_.chinese()); });
    auto* prune_app = key_app->add_subcommand(
        "prune", chinese_
                     ? "删除旧主密钥；数据库仍由旧密钥加密时拒绝。此前的备份仍需旧密钥文件"
                     : "Delete old master keys; refused while the database is encrypted with one. "
                       "Older backups still need the old key file: keep a copy with them");
    prune_app->add_option("file", key_, chinese_ ? "密钥文件" : "The key file")->required();
    prune_app->add_option("--data", folder_,
                          chinese_
                              ? "数据库文件夹；密钥文件名为 文件夹.key 时可不填"
                              : "Folder of the database; optional if the key file is FOLDER.key");
    prune_app->callback([&] { code_ = prune_keys(key_, folder_, g_.chinese()); });
  }

  void add_completion() {
    auto* completion = app_.add_subcommand(
        "completion", say("命令补全脚本：source <(qiao completion bash)",
                          "Print a completion script: source <(qiao completion bash)"));
    completion->add_option("shell", shell_, say("bash、zsh 或 fish", "bash, zsh or fish"))
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([&] { std::cout << completion_script(app_, shell_); });
  }

  Globals& g_;
  const bool chinese_;
  int code_ = kDone;
  CLI::App app_;
  std::map<std::string, CLI::App*> nouns_;
  std::map<std::string, Given> all_given_;  // by the verb's words
  Given watch_;
  Entry entry_;
  ClearCommand clear_;
  ImportOptions import_;
  ExportOptions exported_;
  BenchOptions bench_;
  std::string folder_;
  std::string backup_;
  std::string key_;
  std::optional<Expected> expect_;
  std::string shell_;
};

// --lang or QIAO_LANG, before the command line is parsed: the help is made in one language.
std::string language_of(int argc, char** argv) {
  constexpr std::string_view kFlag = "--lang";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == kFlag && i + 1 < argc) return argv[i + 1];
    if (word.starts_with(kFlag) && word.substr(kFlag.size()).starts_with('='))
      return std::string(word.substr(kFlag.size() + 1));
  }
  const char* set = std::getenv("QIAO_LANG");
  return set == nullptr ? "" : set;
}

}  // namespace

int main(int argc, char** argv) {
  Globals g;
  const int code = CommandLine(g, language_of(argc, argv)).run(argc, argv);
  return finish(code, g.chinese());
}
