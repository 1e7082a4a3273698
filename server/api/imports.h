// All imports of a server, and the queue of those that wait.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/api/import_run.h"
#include "server/background/beside.h"

namespace qiao {

// Used on the market thread. The arguments of the constructor must outlive it.
class Imports {
 public:
  Imports(boost::asio::io_context& context, Runtime& runtime, Gate& gate)
      : context_(context), runtime_(runtime), gate_(gate) {}

  // Refused while another import of the account is running, or if too many have not ended: of the
  // topmost party above the sender's, of its address, or in all.
  Result<std::shared_ptr<ImportRun>> start(ImportOrder order, ImportSender sender);
  // The imports of an account, newest first.
  std::vector<std::shared_ptr<ImportRun>> of(std::uint64_t account) const;
  // The template of that kind as a workbook, in the words of the taxonomy of now. Made on a thread
  // once for all who ask until the taxonomy changes; `then` is called on the market thread.
  using Template = Result<std::string>;
  void workbook_template(const Sheet& sheet, bool chinese,
                         std::function<void(const Template&)> then);

 private:
  struct KeptTemplate {
    std::uint64_t taxonomy = 0;    // its version
    std::optional<Template> made;  // nothing while it is being made
    std::vector<std::function<void(const Template&)>> waiting;
  };
  void start_next();
  void forget(std::uint64_t account);

  boost::asio::io_context& context_;
  Runtime& runtime_;
  Gate& gate_;
  Beside beside_{context_};
  std::map<std::pair<const Sheet*, bool>, KeptTemplate> templates_;
  std::deque<std::shared_ptr<ImportRun>> runs_;  // in the order of their ids
  std::deque<std::shared_ptr<ImportRun>> waiting_;
  std::size_t running_ = 0;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<Imports*> self_ = std::make_shared<Imports*>(this);
};

}  // namespace qiao
