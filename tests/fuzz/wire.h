// A whole server that listens, and one client that sends bytes and takes what comes: for HTTP and
// for WebSocket frames.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/server.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/host.h"
#include "tools/swarm/disk.h"

namespace qiao {

class Wire {
 public:
  Wire() {
    host_.found();
    host_.id_of(host_.send("POST", "/v1/needs", Host::need_body()));
    feed_.emplace(host_.context, *host_.store, host_.application->metrics(), FeedOptions{},
                  host_.runtime->durable_seq(), Relations(host_.runtime->state()));
    host_.runtime->listen([this](auto events) { feed_->publish(std::move(events)); });
    ServerOptions options;
    options.port = 0;
    options.max_header_bytes = 4096;
    options.max_body_bytes = 16'384;
    options.max_batch_bytes = 16'384;
    server_.emplace(host_.context, *host_.api, *host_.runtime, *feed_, host_.application->metrics(),
                    options);
    expect(server_->listen().has_value(), "the server does not listen");
  }
  ~Wire() {
    server_.reset();
    feed_.reset();
  }
  std::string authorization() const { return "Authorization: Bearer " + host_.token + "\r\n"; }
  Host& host() { return host_; }

  // Sends the parts one after another and nothing more, and returns all that came until the server
  // closed or had nothing more to say.
  std::string talk(std::initializer_list<std::string_view> parts) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    expect(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "nobody listens");
    std::string answer;
    for (const std::string_view part : parts) {
      std::size_t sent = 0;
      while (sent < part.size()) {
        const auto n =
            send(fd, part.data() + sent, part.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) sent += static_cast<std::size_t>(n);
        if (!turn(fd, answer) && n <= 0) break;
      }
      turn(fd, answer);
    }
    shutdown(fd, SHUT_WR);
    for (int idle = 0; idle < 3;) idle = turn(fd, answer) ? 0 : idle + 1;
    close(fd);
    host_.context.poll();
    return answer;
  }

 private:
  // Lets the server work, reads; false: nothing came and nothing was done.
  bool turn(int fd, std::string& answer) {
    bool any = host_.context.poll() > 0;
    if (host_.runtime->applied_seq() != host_.runtime->durable_seq()) {
      host_.wait_for(host_.runtime->applied_seq());
      any = true;
    }
    char buffer[65'536];
    const auto n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) answer.append(buffer, static_cast<std::size_t>(n));
    return any || n > 0;
  }

  swarm::SimulatedDisk disk_;
  Host host_{disk_.env()};
  std::optional<Feed> feed_;
  std::optional<Server> server_;
};

// One for some thousand inputs. Never destroyed at the end: what RocksDB depends on would be gone
// by then.
inline Wire& wire() {
  static Wire* wire = nullptr;
  static int uses = 0;
  if (uses++ % 2'000 == 0) {
    delete wire;
    wire = new Wire;
  }
  return *wire;
}

}  // namespace qiao
