// A load generator that costs less than what it measures: one thread, epoll, closed loop on
// keep-alive connections.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qiao::bench {

struct LoadResult {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // not 2xx
  double seconds = 0;
  std::vector<double> latency_us;
  double rate() const { return static_cast<double>(answered) / seconds; }
};

// The bytes of request number i.
using MakeRequest = std::function<std::string(std::uint64_t i)>;

// Sends requests 0, 1, 2 … over so many connections, one at a time on each, until `requests` are
// answered or `seconds` have passed.
LoadResult load(std::uint16_t port, int connections, std::uint64_t requests, double seconds,
                const MakeRequest& make);

// A child process with one argument list; its standard error is searched for "port":N or it answers
// on the given port.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::string& log);
  ~Child();
  Child(const Child&) = delete;
  // From its log; waits until it says so.
  std::uint16_t port() const { return port_; }
  // Memory and processor time so far, from /proc.
  double cpu_seconds() const;

 private:
  int pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace qiao::bench
