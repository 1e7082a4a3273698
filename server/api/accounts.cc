#include "qiao/v1/access.pb.h"
#include "server/api/page.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListAccounts[] = {
    kPageSize,
    kPageToken,
    kNewest,
    {"party", "Id of the party.", "integer"},
    {"role", "lead, organiser, supplier, member, resident or auditor."}};

Result<HandlerResult> list_accounts(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  QIAO_TRY(auto role, query_enum<pb::Role>(call, "role", "ROLE_"));
  const View view = call.view(state);
  pb::ListAccountsResponse r;
  const auto wanted = [&](Slot s) {
    const AccountRow& a = state.accounts()[s];
    return (party == 0 || a.party.value() == party) && (!role || a.role == *role) &&
           view.account(s) != Sight::kNothing;
  };
  QIAO_TRY(auto next, page<AccountId>(call, state.accounts(), {}, wanted,
                                      [&](Slot s) { *r.add_accounts() = view.show_account(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_account(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.accounts().find(AccountId{call.number("id")});
  return row_result(call.view(state).show_account(s));
}

Result<pb::Request> create_account(const Call&, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_put_account()->mutable_account(), unnamed<pb::Account>(body));
  return c;
}

Result<pb::Request> update_account(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_put_account()->mutable_account(),
           addressed<pb::Account>(call, body, &pb::Account::id, &pb::Account::set_id));
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/accounts",
     .id = "listAccounts",
     .summary = "Lists the accounts that the caller may manage.",
     .tag = "access",
     .response = pb::ListAccountsResponse::descriptor,
     .query = kListAccounts,
     .read = list_accounts},
    {.method = "GET",
     .pattern = "/v1/accounts/{id}",
     .id = "getAccount",
     .summary = "One account.",
     .tag = "access",
     .response = pb::Account::descriptor,
     .read = get_account},
    {.method = "POST",
     .pattern = "/v1/accounts",
     .id = "createAccount",
     .summary = "Creates an account; with an invitation its owner sets a password. Nobody creates "
                "one that reaches further than its own.",
     .tag = "access",
     .request = pb::Account::descriptor,
     .response = pb::Account::descriptor,
     .success = 201,
     .command = create_account},
    {.method = "PUT",
     .pattern = "/v1/accounts/{id}",
     .id = "updateAccount",
     .summary = "Changes or disables an account. The body is the whole account; fields that the "
                "market sets are ignored.",
     .tag = "access",
     .request = pb::Account::descriptor,
     .response = pb::Account::descriptor,
     .command = update_account},
};

}  // namespace

std::span<const Route> account_routes() { return kRoutes; }

}  // namespace qiao
