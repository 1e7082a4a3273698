// Tokens and invitations: a secret that is shown once and gives access to an account.
#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/console_pages.h"
#include "server/api/problem.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::int64_t kDefaultTokenLifetime = 90 * 86'400;

Response new_secret(const Services& services, const Call& call, const pb::Actor& actor,
                    std::uint64_t account, pb::GrantKind kind, const pb::TokenRequest& wanted) {
  const State& state = services.state();
  auto made = services.gate.make_grant(actor, account, kind, wanted);
  if (!made) return problem(made.error(), call.chinese);
  auto secret = std::make_unique<pb::NewSecret>();
  *secret->mutable_grant() = state.load_grant(state.grants().find(GrantId{made.value().grant_id}));
  secret->mutable_grant()->clear_secret_hash();
  secret->set_secret(made.value().secret);
  if (kind == pb::GRANT_KIND_INVITATION)
    secret->set_url(console::invitation_page(services.options.public_url, made.value().secret));
  HandlerResult a;
  a.message = std::move(secret);
  a.wait_for = made.value().seq;
  return render(call, std::move(a));
}

Response create_invitation(const Services& services, const Call& call, const Message*) {
  pb::TokenRequest wanted;
  wanted.set_lifetime(services.gate.options().invitation.count());
  return new_secret(services, call, call.actor, call.number("id"), pb::GRANT_KIND_INVITATION,
                    wanted);
}

// Limits the requested token to the permissions of the one that requests it.
Status limit_to_sender(pb::TokenRequest& wanted, const Call& call, const State& state, Time now) {
  if (call.identity.grant == kNoSlot) return outcome::success();
  const GrantRow& sent = state.grants()[call.identity.grant];
  // A token may not create one with more permissions.
  if (!sent.operations.all()) {
    pb::Grant asked;
    *asked.mutable_scopes() = wanted.scopes();
    const auto more = operations_of(asked) & ~sent.operations;
    if (more.any()) return refuse(Code::kTokenScope, "scopes");
  }
  // Nor one that expires later.
  if (sent.kind == pb::GRANT_KIND_TOKEN)
    wanted.set_lifetime(std::min(wanted.lifetime(), to_int(sent.expires) - to_int(now)));
  return outcome::success();
}

Response create_token(const Services& services, const Call& call, const Message* body) {
  const State& state = services.state();
  auto wanted = static_cast<const pb::TokenRequest&>(*body);
  if (wanted.lifetime() == 0) wanted.set_lifetime(kDefaultTokenLifetime);
  if (wanted.account_id() != 0 &&
      !is_there(state, call.actor, pb::ROW_KIND_ACCOUNT, wanted.account_id())) {
    return problem(not_there(pb::ROW_KIND_ACCOUNT, wanted.account_id(), "accountId"), call.chinese);
  }
  if (auto good = limit_to_sender(wanted, call, state, services.runtime.now()); !good)
    return problem(good.error(), call.chinese);
  const pb::Actor self = services.gate.actor_of(call.identity.account);
  const bool own = wanted.account_id() == 0 || wanted.account_id() == self.account_id();
  // An account that acts on behalf of another actor may create tokens for the accounts that this
  // actor may.
  return new_secret(services, call, own ? self : call.actor,
                    own ? self.account_id() : wanted.account_id(), pb::GRANT_KIND_TOKEN, wanted);
}

Result<HandlerResult> list_tokens(const Services& services, const Call& call) {
  const State& state = services.state();
  pb::ListGrantsResponse r;
  const Slot account = call.identity.account;
  for (Slot g = account == kNoSlot ? kNoSlot : state.accounts()[account].first_grant; g != kNoSlot;
       g = state.grants()[g].next_of_account) {
    const GrantRow& row = state.grants()[g];
    if (row.revoked || row.expires <= services.runtime.now()) continue;
    *r.add_grants() = state.load_grant(g);
    r.mutable_grants()->rbegin()->clear_secret_hash();
  }
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<pb::Request> revoke_token(const Call& call, const Message*) {
  pb::Request c;
  c.mutable_revoke_grant()->set_grant_id(call.number("id"));
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/accounts/{id}:invite",
     .id = "createInvitation",
     .summary = "Creates an invitation: a link with which the account's owner sets a password, for "
                "a new account or a forgotten password.",
     .tag = "access",
     .response = pb::NewSecret::descriptor,
     .success = 201,
     .raw = create_invitation,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/tokens",
     .id = "createToken",
     .summary = "Creates a token for a program; it is shown once.",
     .tag = "access",
     .request = pb::TokenRequest::descriptor,
     .response = pb::NewSecret::descriptor,
     .success = 201,
     .raw = create_token,
     .secret = true},
    {.method = "GET",
     .pattern = "/v1/tokens",
     .id = "listTokens",
     .summary = "Lists the valid tokens and sessions of the account.",
     .tag = "access",
     .response = pb::ListGrantsResponse::descriptor,
     .read = list_tokens},
    {.method = "DELETE",
     .pattern = "/v1/tokens/{id}",
     .id = "revokeToken",
     .summary = "Revokes a token, a session or an invitation.",
     .tag = "access",
     .response = pb::Grant::descriptor,
     .command = revoke_token},
};

}  // namespace

std::span<const Route> token_routes() { return kRoutes; }

}  // namespace qiao
