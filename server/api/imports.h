// The imports of a server: which there are, and whose turn it is.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/api/import_run.h"
#include "server/background/beside.h"

namespace qiao {

// For the market thread. What it is given outlives it.
class Imports {
 public:
  Imports(boost::asio::io_context& context, Runtime& runtime, Gate& gate)
      : context_(context), runtime_(runtime), gate_(gate) {}

  // Refused while another import of the account is not finished, or too many wait.
  Result<std::shared_ptr<ImportRun>> start(ImportOrder order, ImportSender sender);
  // Those of an account, the newest first.
  std::vector<std::shared_ptr<ImportRun>> of(std::uint64_t account) const;
  // A thread for what needs no market.
  Beside& beside() { return beside_; }

 private:
  void start_next();
  void forget(std::uint64_t account);

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

}  // namespace qiao
