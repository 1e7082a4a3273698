// The steps of a request. Api::run (api.cc) calls them; their order is a security property.
// docs/architecture.md describes each of them.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <string>

#include "qiao/v1/command.pb.h"
#include "server/access/contact_limit.h"
#include "server/api/route.h"
#include "server/api/router.h"
#include "server/api/services.h"

namespace qiao {

// A request and what the steps have found out so far.
struct Exchange {
  const Services& services;
  const Router& router;
  Call call = {};
  std::unique_ptr<google::protobuf::Message> body = {};  // from parse_body on
  // Only for a command.
  std::string response_key = {};  // from answer_repeated on, like the next
  std::string request_hash = {};
  pb::Command command = {};           // from build_command on
  ContactLimit::Asked contacts = {};  // from limit_contacts on
};

// A step returns a response, which ends the request, or nothing to continue.
using Step = std::optional<Response> (*)(Exchange&);

// For every request.
std::optional<Response> find_route(Exchange& x);
std::optional<Response> choose_format(Exchange& x);
std::optional<Response> limit_address(Exchange& x);
std::optional<Response> authenticate(Exchange& x);
std::optional<Response> authorise(Exchange& x);
std::optional<Response> check_capacity(Exchange& x);
std::optional<Response> limit_account(Exchange& x);
std::optional<Response> parse_query(Exchange& x);
std::optional<Response> check_addressed_row(Exchange& x);
std::optional<Response> parse_body(Exchange& x);
std::optional<Response> limit_batch(Exchange& x);

// The last step of a request that is not a command.
Response answer_directly(Exchange& x);

// For a command (command_steps.cc).
std::optional<Response> check_precondition(Exchange& x);
std::optional<Response> answer_repeated(Exchange& x);
std::optional<Response> build_command(Exchange& x);
std::optional<Response> limit_contacts(Exchange& x);
// The last step: the market applies or refuses the command.
Response apply_command(Exchange& x);

// A refusal that depends on the state: sent when the state that it is based on is on disk.
Response refused_by_state(const Exchange& x, const Refusal& refusal);
Response too_often(const Call& call, std::chrono::seconds wait);

}  // namespace qiao
