// Coming in and going out; accounts, invitations, tokens.
#include "proto/json/json.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/api.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"

namespace qiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::int64_t kDefaultTokenLifetime = 90 * 86'400;

// Over TLS a name that only this very host can have set, and that is never sent in the clear.
std::string cookie(const Call& call, std::string_view secret, std::int64_t seconds) {
  const bool secure = call.request->credentials.secure;
  return std::string(secure ? "__Host-" : "") + "qiao_session=" + std::string(secret) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (secure ? "; Secure" : "");
}

pb::Session session_of(const State& state, const Gate& gate, const ApiOptions& options,
                       const Identity& identity, const pb::Actor& actor) {
  pb::Session s;
  s.set_time_zone(state.policy().time_zone());
  s.set_map_tiles(options.map_tiles);
  s.set_demo(options.demo);
  *s.mutable_actor() = actor;
  if (identity.known()) {
    *s.mutable_account() = View(state, actor, Scope::kOwn).show_account(identity.account);
    s.set_expires_at(to_int(identity.expires));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(Operation::kCount); ++i) {
    const auto operation = static_cast<Operation>(i);
    if (scope_of(state, operation, actor) != Scope::kNone && gate.covers(identity, operation))
      s.add_operations(std::string(name_of(operation)));
  }
  return s;
}

}  // namespace

std::vector<Route> access_routes(Runtime& runtime, Gate& gate, const ApiOptions& options) {
  std::vector<Route> routes;
  const State& state = runtime.state();

  // What takes a password's hash answers later; whoever comes in gets a cookie and is told who it
  // is.
  const auto enter = [&](const char* pattern, const char* id, const char* summary,
                         const Descriptor* request, auto begin) {
    routes.push_back(
        {.method = "POST",
         .pattern = pattern,
         .id = id,
         .summary = summary,
         .tag = "access",
         .request = request,
         .response = pb::Session::descriptor(),
         .success = 201,
         .raw =
             [&, begin](const Call& call, const Message* body) {
               Response r;
               // The request is gone when the answer comes.
               auto kept = std::make_shared<Call>(call);
               auto request_kept = std::make_shared<Request>(*call.request);
               kept->request = request_kept.get();
               std::shared_ptr<Message> what(body->New());
               what->CopyFrom(*body);
               r.deferred = [&, begin, kept, request_kept, what,
                             address = std::string(call.request->credentials.address)](auto then) {
                 begin(*kept, *what, address,
                       [&, kept, request_kept, then](Gate::Answer<Gate::Entry> entered) {
                         if (!entered.good()) return then(problem(entered, kept->chinese));
                         const Gate::Entry& entry = entered.value;
                         const pb::Actor actor = gate.actor_of(entry.account);
                         Answer answer;
                         answer.message = std::make_unique<pb::Session>(
                             session_of(state, gate, options,
                                        {actor, entry.account, kNoSlot, entry.expires}, actor));
                         answer.wait_for = entry.wait_for;
                         Response done = respond(*kept, std::move(answer));
                         done.set_cookie =
                             cookie(*kept, entry.secret, gate.options().session.count());
                         done.secret = true;
                         then(std::move(done));
                       });
               };
               return r;
             },
         .secret = true});
  };
  enter("/v1/sessions", "logIn",
        "Comes in with login and password, or with an ID token of an outside identity provider; "
        "sets a cookie.",
        pb::LogInRequest::descriptor(),
        [&](const Call&, const Message& body, const std::string& address, Gate::Done done) {
          gate.log_in(static_cast<const pb::LogInRequest&>(body), address, std::move(done));
        });
  enter("/v1/invitations:accept", "acceptInvitation",
        "Sets a password by an invitation's link, once, and comes in.",
        pb::AcceptInvitationRequest::descriptor(),
        [&](const Call&, const Message& body, const std::string& address, Gate::Done done) {
          gate.accept_invitation(static_cast<const pb::AcceptInvitationRequest&>(body), address,
                                 std::move(done));
        });
  enter("/v1/setup", "setUp",
        "Makes the first account of the lead, by the link that the server prints while there is "
        "none.",
        pb::SetUpRequest::descriptor(),
        [&](const Call&, const Message& body, const std::string& address, Gate::Done done) {
          gate.set_up(static_cast<const pb::SetUpRequest&>(body), address, std::move(done));
        });
  enter("/v1/sessions/current:changePassword", "changePassword",
        "Another password for one's own account; sessions elsewhere end.",
        pb::ChangePasswordRequest::descriptor(),
        [&](const Call& call, const Message& body, const std::string& address, Gate::Done done) {
          gate.change_password(call.identity, static_cast<const pb::ChangePasswordRequest&>(body),
                               address, std::move(done));
        });

  routes.push_back({.method = "GET",
                    .pattern = "/v1/sessions/current",
                    .id = "getSession",
                    .summary = "Who one is here, and which operations one's role may use at all.",
                    .tag = "access",
                    .response = pb::Session::descriptor(),
                    .read = [&](const Call& call) -> Result<Answer> {
                      return answer(session_of(state, gate, options, call.identity, call.actor),
                                    runtime.applied_seq());
                    },
                    .secret = true});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/v1/sessions/current",
       .id = "logOut",
       .summary = "Goes out: the session, or the token that was sent, lets nobody in any more.",
       .tag = "access",
       .response = pb::Session::descriptor(),
       .raw =
           [&](const Call& call, const Message*) {
             Answer out;
             if (call.identity.grant != kNoSlot) {
               pb::Command c;
               *c.mutable_actor() = gate.actor_of(call.identity.account);
               // To go out is nobody's privilege, also with a token that may do little.
               c.mutable_actor()->set_role(pb::ROLE_MARKET);
               c.mutable_revoke_grant()->set_grant_id(
                   state.grants()[call.identity.grant].id.value());
               const auto applied = runtime.apply(c);
               if (!applied) return problem(applied.error(), call.chinese);
               out.wait_for = applied.value().seq;
             }
             pb::Actor nobody;
             nobody.set_role(pb::ROLE_ANONYMOUS);
             out.message =
                 std::make_unique<pb::Session>(session_of(state, gate, options, {}, nobody));
             Response r = respond(call, std::move(out));
             r.set_cookie = cookie(call, "", 0);
             return r;
           },
       .secret = true});

  routes.push_back({.method = "GET",
                    .pattern = "/v1/accounts",
                    .id = "listAccounts",
                    .summary = "Accounts that one has to do with.",
                    .tag = "access",
                    .response = pb::ListAccountsResponse::descriptor(),
                    .query = {kPageSize,
                              kPageToken,
                              kNewest,
                              {"party", "Id of the party.", "integer"},
                              {"role", "lead, organiser, supplier, member, resident or auditor."}},
                    .read = [&](const Call& call) -> Result<Answer> {
                      QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
                      QIAO_TRY(auto role, query_enum<pb::Role>(call, "role", "ROLE_"));
                      const View view = call.view(state);
                      pb::ListAccountsResponse r;
                      QIAO_TRY(auto next,
                               page<AccountId>(
                                   call, state.accounts(), {},
                                   [&](Slot s) {
                                     const AccountRow& a = state.accounts()[s];
                                     return (party == 0 || a.party.value() == party) &&
                                            (!role || a.role == *role) &&
                                            view.account(s) != Sight::kNothing;
                                   },
                                   [&](Slot s) { *r.add_accounts() = view.show_account(s); }));
                      r.set_next_page_token(next);
                      return answer(std::move(r), runtime.applied_seq());
                    }});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/accounts/{id}",
                    .id = "getAccount",
                    .summary = "One account.",
                    .tag = "access",
                    .response = pb::Account::descriptor(),
                    .read = [&](const Call& call) -> Result<Answer> {
                      const Slot s = state.accounts().find(AccountId{call.number("id")});
                      const View view = call.view(state);
                      pb::Account m = view.show_account(s);
                      const auto version = m.version();
                      return answer(std::move(m), version, version);
                    }});
  const auto put_account = [&](const char* method, const char* pattern, const char* id,
                               const char* summary, unsigned success, bool fresh) {
    routes.push_back(
        {.method = method,
         .pattern = pattern,
         .id = id,
         .summary = summary,
         .tag = "access",
         .request = pb::Account::descriptor(),
         .response = pb::Account::descriptor(),
         .success = success,
         .command = [fresh](const Call& call, const Message* body) -> Result<pb::Request> {
           pb::Request c;
           pb::Account& account = *c.mutable_put_account()->mutable_account();
           account = static_cast<const pb::Account&>(*body);
           if (fresh && account.id() != 0) return refuse(Code::kNotSettable, "id");
           if (!fresh) {
             if (account.id() != 0 && account.id() != call.number("id"))
               return refuse(Code::kOutOfRange, "id", std::to_string(call.number("id")));
             account.set_id(call.number("id"));
           }
           return c;
         }});
  };
  put_account("POST", "/v1/accounts", "createAccount",
              "Makes an account; an invitation lets its owner set a password. Nobody makes one "
              "that reaches further than its own.",
              201, true);
  put_account(
      "PUT", "/v1/accounts/{id}", "updateAccount",
      "Changes an account, or disables it. Give the whole of it; what the market sets is ignored.",
      200, false);

  const auto new_secret = [&](const Call& call, const pb::Actor& actor, std::uint64_t account,
                              pb::GrantKind kind, const pb::TokenRequest& wish) {
    auto made = gate.make_grant(actor, account, kind, wish);
    if (!made) return problem(made.error(), call.chinese);
    auto secret = std::make_unique<pb::NewSecret>();
    *secret->mutable_grant() =
        state.load_grant(state.grants().find(GrantId{made.value().grant_id}));
    secret->mutable_grant()->clear_secret_hash();
    secret->set_secret(made.value().secret);
    if (kind == pb::GRANT_KIND_INVITATION)
      secret->set_url(options.public_url + "/#/invitation/" + made.value().secret);
    Answer a;
    a.message = std::move(secret);
    a.wait_for = made.value().seq;
    return respond(call, std::move(a));
  };
  routes.push_back({.method = "POST",
                    .pattern = "/v1/accounts/{id}:invite",
                    .id = "createInvitation",
                    .summary = "A link with which the account's owner sets a password: for a new "
                               "account, or for one whose password is forgotten.",
                    .tag = "access",
                    .response = pb::NewSecret::descriptor(),
                    .success = 201,
                    .raw =
                        [&, new_secret](const Call& call, const Message*) {
                          pb::TokenRequest wish;
                          wish.set_lifetime(gate.options().invitation.count());
                          return new_secret(call, call.actor, call.number("id"),
                                            pb::GRANT_KIND_INVITATION, wish);
                        },
                    .secret = true});
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/tokens",
       .id = "createToken",
       .summary = "A token for a program; shown this once.",
       .tag = "access",
       .request = pb::TokenRequest::descriptor(),
       .response = pb::NewSecret::descriptor(),
       .success = 201,
       .raw =
           [&, new_secret](const Call& call, const Message* body) {
             auto wish = static_cast<const pb::TokenRequest&>(*body);
             if (wish.lifetime() == 0) wish.set_lifetime(kDefaultTokenLifetime);
             if (wish.account_id() != 0 &&
                 !is_there(state, call.actor, pb::ROW_KIND_ACCOUNT, wish.account_id())) {
               return problem(not_there(pb::ROW_KIND_ACCOUNT, wish.account_id(), "accountId"),
                              call.chinese);
             }
             // A token that may do less does not make one that may do more.
             if (call.identity.grant != kNoSlot &&
                 !state.grants()[call.identity.grant].operations.all()) {
               pb::Grant asked;
               *asked.mutable_scopes() = wish.scopes();
               const auto more =
                   operations_of(asked) & ~state.grants()[call.identity.grant].operations;
               if (more.any()) return problem(refuse(Code::kTokenScope, "scopes"), call.chinese);
             }
             // Nor one that lives longer.
             if (call.identity.grant != kNoSlot &&
                 state.grants()[call.identity.grant].kind == pb::GRANT_KIND_TOKEN) {
               wish.set_lifetime(std::min(
                   wish.lifetime(),
                   to_int(state.grants()[call.identity.grant].expires) - to_int(runtime.now())));
             }
             const pb::Actor self = gate.actor_of(call.identity.account);
             const bool own = wish.account_id() == 0 || wish.account_id() == self.account_id();
             // Whoever acts for somebody else may do to others' accounts what that one may.
             return new_secret(call, own ? self : call.actor,
                               own ? self.account_id() : wish.account_id(), pb::GRANT_KIND_TOKEN,
                               wish);
           },
       .secret = true});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/tokens",
                    .id = "listTokens",
                    .summary = "One's own tokens and sessions that are still good.",
                    .tag = "access",
                    .response = pb::ListGrantsResponse::descriptor(),
                    .read = [&](const Call& call) -> Result<Answer> {
                      pb::ListGrantsResponse r;
                      const Slot account = call.identity.account;
                      for (Slot g = account == kNoSlot ? kNoSlot
                                                       : state.accounts()[account].first_grant;
                           g != kNoSlot; g = state.grants()[g].next_of_account) {
                        const GrantRow& row = state.grants()[g];
                        if (row.revoked || row.expires <= runtime.now()) continue;
                        *r.add_grants() = state.load_grant(g);
                        r.mutable_grants()->rbegin()->clear_secret_hash();
                      }
                      return answer(std::move(r), runtime.applied_seq());
                    }});
  routes.push_back({.method = "DELETE",
                    .pattern = "/v1/tokens/{id}",
                    .id = "revokeToken",
                    .summary = "Takes a token, a session or an invitation back.",
                    .tag = "access",
                    .response = pb::Grant::descriptor(),
                    .command = [](const Call& call, const Message*) -> Result<pb::Request> {
                      pb::Request c;
                      c.mutable_revoke_grant()->set_grant_id(call.number("id"));
                      return c;
                    }});
  return routes;
}

}  // namespace qiao
