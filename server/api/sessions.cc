// Sessions: log-in with a password, a link or an ID token.
#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/problem.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Over TLS, a name that only this host can set and that is never sent unencrypted.
std::string cookie(const Call& call, std::string_view secret, std::int64_t seconds) {
  const bool secure = call.request->credentials.secure;
  return std::string(secure ? "__Host-" : "") + "qiao_session=" + std::string(secret) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (secure ? "; Secure" : "");
}

pb::Session session_of(const Services& services, const Identity& identity, const pb::Actor& actor) {
  const State& state = services.state();
  pb::Session s;
  s.set_time_zone(state.policy().time_zone());
  s.set_map_tiles(services.options.map_tiles);
  s.set_demo(services.options.demo);
  *s.mutable_actor() = actor;
  if (identity.known()) {
    *s.mutable_account() = View(state, actor, Scope::kOwn).show_account(identity.account);
    s.set_expires_at(to_int(identity.expires));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(Operation::kCount); ++i) {
    const auto operation = static_cast<Operation>(i);
    if (scope_of(state, operation, actor) != Scope::kNone &&
        services.gate.covers(identity, operation))
      s.add_operations(std::string(name_of(operation)));
  }
  return s;
}

// Sets the cookie of a new session and describes the account.
Response session_response(const Services& services, const Call& call,
                          const Gate::NewSession& entry) {
  const pb::Actor actor = services.gate.actor_of(entry.account);
  HandlerResult answer;
  answer.message = std::make_unique<pb::Session>(
      session_of(services, {actor, entry.account, kNoSlot, entry.expires}, actor));
  answer.wait_for = entry.wait_for;
  Response r = render(call, std::move(answer));
  r.set_cookie = cookie(call, entry.secret, services.gate.options().session.count());
  r.secret = true;
  return r;
}

// Requests a session from the gate, which calls `done` with it.
using Begin = void (*)(Gate& gate, const Call& call, const Message& body,
                       const std::string& address, Gate::Done done);

// Deferred, because hashing a password takes long.
template <Begin begin>
Response open_session(const Services& services, const Call& call, const Message* body) {
  Response r;
  // The request is destroyed before the response is ready.
  auto kept = std::make_shared<Call>(call);
  auto request_kept = std::make_shared<Request>(*call.request);
  kept->request = request_kept.get();
  std::shared_ptr<Message> what(body->New());
  what->CopyFrom(*body);
  r.deferred = [&services, kept, request_kept, what,
                address = std::string(call.request->credentials.address)](auto then) {
    begin(services.gate, *kept, *what, address,
          [&services, kept, request_kept, then](Gate::AuthResult<Gate::NewSession> entered) {
            if (!entered.good()) return then(problem(entered, kept->chinese));
            then(session_response(services, *kept, entered.value));
          });
  };
  return r;
}

void log_in(Gate& gate, const Call&, const Message& body, const std::string& address,
            Gate::Done done) {
  gate.log_in(static_cast<const pb::LogInRequest&>(body), address, std::move(done));
}

void accept_invitation(Gate& gate, const Call&, const Message& body, const std::string& address,
                       Gate::Done done) {
  gate.accept_invitation(static_cast<const pb::AcceptInvitationRequest&>(body), address,
                         std::move(done));
}

void set_up(Gate& gate, const Call&, const Message& body, const std::string& address,
            Gate::Done done) {
  gate.set_up(static_cast<const pb::SetUpRequest&>(body), address, std::move(done));
}

void change_password(Gate& gate, const Call& call, const Message& body, const std::string& address,
                     Gate::Done done) {
  gate.change_password(call.identity, static_cast<const pb::ChangePasswordRequest&>(body), address,
                       std::move(done));
}

Result<HandlerResult> get_session(const Services& services, const Call& call) {
  return result_of(session_of(services, call.identity, call.actor), services.runtime.applied_seq());
}

Response log_out(const Services& services, const Call& call, const Message*) {
  HandlerResult out;
  if (call.identity.grant != kNoSlot) {
    pb::Command c;
    *c.mutable_actor() = services.gate.actor_of(call.identity.account);
    // Logging out needs no permission: a token with few permissions may do it too.
    c.mutable_actor()->set_role(pb::ROLE_MARKET);
    c.mutable_revoke_grant()->set_grant_id(
        services.state().grants()[call.identity.grant].id.value());
    const auto applied = services.runtime.apply(c);
    if (!applied) return problem(applied.error(), call.chinese);
    out.wait_for = applied.value().seq;
  }
  pb::Actor nobody;
  nobody.set_role(pb::ROLE_ANONYMOUS);
  out.message = std::make_unique<pb::Session>(session_of(services, {}, nobody));
  Response r = render(call, std::move(out));
  r.set_cookie = cookie(call, "", 0);
  return r;
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/sessions",
     .id = "logIn",
     .summary = "Logs in with login name and password, or with an ID token of an outside identity "
                "provider; sets a cookie.",
     .tag = "access",
     .request = pb::LogInRequest::descriptor,
     .response = pb::Session::descriptor,
     .success = 201,
     .raw = open_session<log_in>,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/invitations:accept",
     .id = "acceptInvitation",
     .summary = "Sets a password with an invitation link, once, and logs in.",
     .tag = "access",
     .request = pb::AcceptInvitationRequest::descriptor,
     .response = pb::Session::descriptor,
     .success = 201,
     .raw = open_session<accept_invitation>,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/setup",
     .id = "setUp",
     .summary = "Creates the first account of the lead, with the link that the server prints while "
                "there is none.",
     .tag = "access",
     .request = pb::SetUpRequest::descriptor,
     .response = pb::Session::descriptor,
     .success = 201,
     .raw = open_session<set_up>,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/sessions/current:changePassword",
     .id = "changePassword",
     .summary = "Changes the password of the account; other sessions end.",
     .tag = "access",
     .request = pb::ChangePasswordRequest::descriptor,
     .response = pb::Session::descriptor,
     .success = 201,
     .raw = open_session<change_password>,
     .secret = true},
    {.method = "GET",
     .pattern = "/v1/sessions/current",
     .id = "getSession",
     .summary = "The account of the caller, and the operations that its role has.",
     .tag = "access",
     .response = pb::Session::descriptor,
     .read = get_session,
     .secret = true},
    {.method = "DELETE",
     .pattern = "/v1/sessions/current",
     .id = "logOut",
     .summary = "Logs out: revokes the session, or the token that was sent.",
     .tag = "access",
     .response = pb::Session::descriptor,
     .raw = log_out,
     .secret = true},
};

}  // namespace

std::span<const Route> session_routes() { return kRoutes; }

}  // namespace qiao
