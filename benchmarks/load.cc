#include "benchmarks/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "benchmarks/report.h"

namespace qiao::bench {
namespace {

struct Connection {
  int fd = -1;
  std::string in;
  std::chrono::steady_clock::time_point sent;
};

int dial(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

// Length of a whole answer at the front of the buffer; 0 while it is not whole.
std::size_t whole(const std::string& in) {
  const auto head = in.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const auto at = in.find("Content-Length: ");
  const std::size_t body = at < head ? std::strtoul(in.c_str() + at + 16, nullptr, 10) : 0;
  return in.size() >= head + 4 + body ? head + 4 + body : 0;
}

}  // namespace

LoadResult load(std::uint16_t port, int connections, std::uint64_t requests, double seconds,
                const MakeRequest& make) {
  LoadResult result;
  std::vector<Connection> all(static_cast<std::size_t>(connections));
  const int poll = epoll_create1(0);
  std::uint64_t next = 0;
  const auto send_next = [&](Connection& c) {
    if (next >= requests) return;
    const std::string request = make(next++);
    c.sent = std::chrono::steady_clock::now();
    if (write(c.fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
      std::perror("write");
      std::exit(1);
    }
  };
  const Stopwatch watch;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].fd = dial(port);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &e);
    send_next(all[i]);
  }
  std::vector<char> buffer(1 << 16);
  std::vector<epoll_event> events(256);
  while (result.answered < requests && watch.seconds() < seconds) {
    const int n = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < n; ++i) {
      Connection& c = all[events[static_cast<std::size_t>(i)].data.u64];
      const ssize_t got = read(c.fd, buffer.data(), buffer.size());
      if (got <= 0) {
        std::fprintf(stderr, "the server closed a connection\n");
        std::exit(1);
      }
      c.in.append(buffer.data(), static_cast<std::size_t>(got));
      const std::size_t length = whole(c.in);
      if (length == 0) continue;
      if (c.in.compare(9, 1, "2") != 0 && result.failed++ == 0)
        std::fprintf(stderr, "%.*s\n", static_cast<int>(length), c.in.data());
      c.in.erase(0, length);
      ++result.answered;
      result.latency_us.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - c.sent)
              .count());
      send_next(c);
    }
  }
  result.seconds = watch.seconds();
  for (const Connection& c : all) close(c.fd);
  close(poll);
  return result;
}

Child::Child(const std::vector<std::string>& command, const std::string& log) {
  pid_ = fork();
  if (pid_ == 0) {
    const int fd = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
    dup2(fd, STDERR_FILENO);
    std::vector<char*> args;
    for (const auto& a : command) args.push_back(const_cast<char*>(a.c_str()));
    args.push_back(nullptr);
    execv(args[0], args.data());
    std::_Exit(127);
  }
  for (int i = 0; i < 6000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    std::ifstream in(log);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string all = text.str();
    const auto listening = all.find("\"listening\"");
    const auto at =
        listening == std::string::npos ? std::string::npos : all.find("\"port\":", listening);
    if (at != std::string::npos) {
      port_ = static_cast<std::uint16_t>(std::strtoul(all.c_str() + at + 7, nullptr, 10));
      return;
    }
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      std::fprintf(stderr, "%s ended: %s\n", command[0].c_str(), all.c_str());
      std::exit(1);
    }
  }
  std::fprintf(stderr, "%s does not listen\n", command[0].c_str());
  std::exit(1);
}

Child::~Child() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

double Child::cpu_seconds() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string word;
  double sum = 0;
  for (int i = 1; in >> word; ++i) {
    if (i == 14 || i == 15) sum += std::strtod(word.c_str(), nullptr);
  }
  return sum / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace qiao::bench
