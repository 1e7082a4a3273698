#include "tools/qiao/account.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proto/json/json.h"
#include "qiao/v1/access.pb.h"
#include "tools/io/visible.h"

namespace qiao {
namespace {

constexpr std::int64_t kLifetime = 30 * 86'400;

std::string token_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = config != nullptr && *config != '\0'
                               ? config
                               : std::string(home == nullptr ? "." : home) + "/.config";
  return base + "/qiao/tokens";
}

// "URL token" a line.
bool keep_token(const std::string& url, const std::string& token) {
  const std::string path = token_file();
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  std::ostringstream lines;
  std::ifstream before(path);
  for (std::string line; std::getline(before, line);) {
    if (!line.starts_with(url + " ")) lines << line << "\n";
  }
  if (!token.empty()) lines << url << " " << token << "\n";
  const std::string text = lines.str();
  const std::string part = path + ".new";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = close(fd) == 0;
  return written && closed && rename(part.c_str(), path.c_str()) == 0;
}

int not_kept(const Session& session) {
  std::cerr << "qiao: " << token_file() << ": " << session.say("无法写入", "cannot be written")
            << "\n";
  return kNotWritten;
}

std::string ask_password(const Session& session, const char* zh, const char* en) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  termios before{};
  if (terminal) {
    std::cerr << session.say(zh, en) << std::flush;
    tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << "\n";
  }
  return password;
}

// Sends credentials; the response sets a cookie, with which it creates a token that outlives the
// session.
int enter(Session& session, const std::string& target, const google::protobuf::Message& request,
          bool print) {
  Client& client = session.client();
  const auto reply = client.send("POST", target, to_json(request));
  if (!reply) return session.fail(reply.error());
  if (!reply.value().ok()) return session.fail(reply.value());
  pb::Session who;
  if (const auto read = from_json(reply.value().body, who); !read)
    return session.fail(read.error());
  const Headers with_cookie = {
      {"Cookie", reply.value().cookie.substr(0, reply.value().cookie.find(';'))},
      {"Origin", client.url()},
      {"Qiao-Actor", ""},
      {"Authorization", ""}};
  pb::TokenRequest token_request;
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  token_request.set_name(std::string("qiao @ ") + host);
  token_request.set_lifetime(kLifetime);
  const auto made = client.send("POST", "/v1/tokens", to_json(token_request), with_cookie);
  if (!made) return session.fail(made.error());
  if (!made.value().ok()) return session.fail(made.value());
  pb::NewSecret secret;
  if (const auto read = from_json(made.value().body, secret); !read)
    return session.fail(read.error());
  // The session is no longer needed.
  if (const auto out = client.send("DELETE", "/v1/sessions/current", {}, with_cookie); !out)
    return session.fail(out.error());
  if (print) {
    std::cout << secret.secret() << "\n";
    return kDone;
  }
  if (!keep_token(client.url(), secret.secret())) return not_kept(session);
  const std::string& name =
      who.account().name().empty() ? who.account().login() : who.account().name();
  std::cout << session.say("已登录：", "logged in as ") << visible(name) << "\n";
  return kDone;
}

}  // namespace

std::optional<std::string> kept_token(const std::string& url) {
  std::ifstream file(token_file());
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(url + " ")) return line.substr(url.size() + 1);
  }
  return std::nullopt;
}

int log_in(Session& session, const Entry& entry) {
  pb::LogInRequest request;
  request.set_login(entry.login);
  request.set_password(ask_password(session, "密码：", "Password: "));
  return enter(session, "/v1/sessions", request, entry.print);
}

int set_up(Session& session, const Entry& entry) {
  pb::SetUpRequest request;
  request.set_token(entry.secret);
  request.set_login(entry.login);
  request.set_name(entry.name);
  request.set_password(ask_password(session, "新密码：", "New password: "));
  return enter(session, "/v1/setup", request, entry.print);
}

int join(Session& session, const Entry& entry) {
  pb::AcceptInvitationRequest request;
  request.set_token(entry.secret.substr(
      entry.secret.rfind('/') == std::string::npos ? 0 : entry.secret.rfind('/') + 1));
  request.set_password(ask_password(session, "新密码：", "New password: "));
  return enter(session, "/v1/invitations:accept", request, entry.print);
}

int change_password(Session& session) {
  pb::ChangePasswordRequest request;
  request.set_old_password(ask_password(session, "原密码：", "Current password: "));
  request.set_new_password(ask_password(session, "新密码：", "New password: "));
  const auto reply =
      session.client().send("POST", "/v1/sessions/current:changePassword", to_json(request));
  if (!reply) return session.fail(reply.error());
  if (!reply.value().ok()) return session.fail(reply.value());
  std::cout << session.say("密码已修改，其他设备上的登录已退出\n",
                           "the password has been changed; other sessions have ended\n");
  return kDone;
}

int log_out(Session& session) {
  const auto reply = session.client().send("DELETE", "/v1/sessions/current");
  if (!reply) return session.fail(reply.error());
  const bool kept = keep_token(session.client().url(), "");
  if (!reply.value().ok()) return session.fail(reply.value());
  if (!kept) return not_kept(session);
  std::cout << session.say("已退出登录\n", "logged out\n");
  return kDone;
}

}  // namespace qiao
