// Authenticates requests and opens sessions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/identity/roles.h"
#include "qiao/v1/access.pb.h"
#include "server/access/buckets.h"
#include "server/access/contact_limit.h"
#include "server/access/fair_queue.h"
#include "server/access/identity_provider.h"
#include "server/access/secrets.h"
#include "server/runtime/runtime.h"

namespace qiao {

// The credentials of a request. Views into the connection's buffers.
struct Credentials {
  std::string_view authorization;
  std::string_view cookie;
  std::string_view acting;  // Qiao-Actor: on whose behalf, empty for oneself
  std::string_view origin;
  std::string_view host;
  std::string_view address;  // of the client in rate limits: see client_key()
  bool secure = false;       // over TLS
  bool changes = false;      // the method is neither GET nor HEAD
};

struct Identity {
  pb::Actor actor;  // anonymous without credentials
  Slot account = kNoSlot;
  Slot grant = kNoSlot;  // kNoSlot also for a token of an identity provider
  Time expires{};
  bool known() const { return account != kNoSlot; }
};

// Why a request is not authenticated, or a log-in fails.
enum class AuthError : std::uint8_t {
  kNone,
  kUnauthenticated,  // no credentials, or none that are valid
  kOrigin,           // sent by a page of another site
  kPassword,         // wrong login or password
  kInvalidLink,      // an invitation or set-up link that is used, expired or unknown
  kLocked,           // too many wrong passwords
  kRateLimited,      // a token bucket is empty, or a share of a queue is used up
  kBusy,             // too many log-ins wait for a hash, or no memory for one
  kRefused,          // see the refusal
};

struct GateOptions {
  // Rate limit of writes, for each account and each address. 0: no limit.
  double writes_per_second = 50;
  double writes_burst = 500;
  // The limit of an address is this many times as high: all accounts of an office share its
  // address.
  double address_factor = 4;
  // The share of the market thread's time that one account or one address may use, and the burst in
  // seconds. 0: no limit.
  double time_share = 0.5;
  double time_burst = 5;
  // Rate limit of log-ins from one address.
  double log_ins_per_minute = 20;
  double log_ins_burst = 20;
  // How many needs' contacts or exact places a team may see in a day: see ContactLimit. 0: no
  // limit.
  double contacts_per_day = 30;
  Seconds session = std::chrono::days{7};
  Seconds invitation = std::chrono::days{7};
  IdentityProviderOptions identity_provider = {};
  // The clock of the rate limits.
  std::function<std::chrono::steady_clock::time_point()> clock = &std::chrono::steady_clock::now;
};

// Single-threaded: used on the market thread. Passwords are hashed on a thread of their own.
class Gate {
 public:
  Gate(boost::asio::io_context& context, Runtime& runtime, GateOptions options);
  ~Gate();

  // A value, or why there is none: `refusal` for kRefused, `retry_after` for errors that pass.
  template <class T>
  struct AuthResult {
    AuthError error = AuthError::kNone;
    std::optional<Refusal> refusal = {};
    std::chrono::seconds retry_after{0};
    T value = {};
    bool good() const { return error == AuthError::kNone; }
  };

  // Authenticates a request. Credentials of a session that has ended count as none: anonymous.
  AuthResult<Identity> identify(const Credentials& credentials);
  // Whether it was authenticated by a token that permits only that operation.
  bool opens_only(const Identity& identity, Operation operation) const;
  // Whether its session or token permits that operation.
  bool covers(const Identity& identity, Operation operation) const;
  // Takes `changes` tokens from the account's and the address's bucket. If one of them has too few,
  // takes none and returns in how many seconds to try again. A batch with more changes than the
  // burst is accepted when the bucket is full, and leaves it in debt.
  std::optional<std::chrono::seconds> over_limit(const Identity& identity, std::string_view address,
                                                 double changes);
  // Returns in how many seconds to try again if the contact limit refuses the command. The limit is
  // counted for the topmost party above the party of the account, also when the account acts on
  // behalf of another one; for an account without a party, above the party on whose behalf it acts.
  // The lead and roles that supply nothing have no limit.
  std::optional<std::chrono::seconds> over_contacts(const Identity& identity,
                                                    const ContactLimit::Asked& asked);
  // Counts a command that was done.
  void count_contacts(const Identity& identity, const ContactLimit::Asked& asked);
  using Moment = std::chrono::steady_clock::time_point;
  // Returns in how many seconds an address or an account may use that much of the market thread's
  // time, or nothing if it may now. Charges nothing.
  std::optional<std::chrono::seconds> over_time(std::string_view address,
                                                std::chrono::microseconds cost, Moment now);
  std::optional<std::chrono::seconds> over_time(const Identity& identity,
                                                std::chrono::microseconds cost, Moment now);
  // Charges the time used to both. The debt is at most one burst, so that nobody is locked out
  // after the machine was suspended.
  void charge_time(const Identity& identity, std::string_view address,
                   std::chrono::nanoseconds used, Moment now);

  // The session that a log-in opens.
  struct NewSession {
    std::string secret;  // for the cookie
    Slot account = kNoSlot;
    Time expires{};
    Seq wait_for = 0;
  };
  using Done = std::function<void(AuthResult<NewSession>)>;
  // Calls `done` on the market thread, possibly before it returns.
  void log_in(const pb::LogInRequest& request, std::string_view address, Done done);
  void accept_invitation(const pb::AcceptInvitationRequest& request, std::string_view address,
                         Done done);
  void change_password(const Identity& identity, const pb::ChangePasswordRequest& request,
                       std::string_view address, Done done);
  // Creates the first account. Only while no account of the lead can log in.
  void set_up(const pb::SetUpRequest& request, std::string_view address, Done done);

  // The token for the first set-up, while no account of the lead can log in. It does not change
  // while the process runs.
  std::optional<std::string> set_up_secret() const;
  // Creates a session, a token or an invitation of an account.
  struct Made {
    std::string secret;
    std::uint64_t grant_id;
    Seq seq;
  };
  Result<Made> make_grant(const pb::Actor& actor, std::uint64_t account_id, pb::GrantKind kind,
                          const pb::TokenRequest& request);

  // The check-in code of a need: a keyed hash of its number (40 bits), so that it need not be
  // stored and cannot be guessed. It never changes for a database.
  std::string site_code(std::uint64_t need_id) const;
  // Ignores case, spaces and hyphens.
  bool is_site_code(std::uint64_t need_id, std::string_view typed) const;

  IdentityProvider& identity_provider() { return provider_; }
  const GateOptions& options() const { return options_; }
  const State& state() const { return runtime_.state(); }
  // The actor of an account that acts on nobody's behalf.
  pb::Actor actor_of(Slot account) const;

 private:
  // Who requested a password hash: both have a share of the queue.
  struct Asker {
    std::string login;
    std::string address;
  };
  struct Checked {
    Verdict verdict = Verdict::kWrong;
    bool right() const { return verdict == Verdict::kRight; }
    // The hash of the new password, if one was given and the old one is right.
    std::string new_hash = {};
  };
  Result<pb::Actor> acting_for(const Identity& identity, std::string_view header) const;
  AuthResult<Identity> by_token(std::string_view token);
  bool is_live(const SecretHash& secret) const;
  std::optional<Identity> by_secret(std::string_view secret, pb::GrantKind kind) const;
  bool lead_can_log_in() const;
  void verify_password(Slot account, Asker asker, const std::string& password,
                       const std::string& new_password, std::function<void(Checked)> then,
                       const Done& otherwise);
  std::optional<std::chrono::seconds> locked(const std::string& login, Slot account) const;
  void failed(const std::string& login, Slot account);
  AuthResult<NewSession> open_session(Slot account);
  void hash_password(const Asker& asker, const std::string& password,
                     std::function<void(std::string)> then, const Done& otherwise);
  bool still_invited(const Identity& invited) const;
  std::optional<PartyId> team_of(const Identity& identity) const;
  template <class Work, class Then>
  bool queue_hash(const Asker& asker, Work work, Then then, const Done& otherwise);

  Runtime& runtime_;
  GateOptions options_;
  IdentityProvider provider_;
  std::unique_ptr<FairQueue> hashes_;
  Buckets<std::uint64_t> account_writes_;
  ContactLimit contacts_;
  Buckets<std::string> address_writes_;
  Buckets<std::uint64_t> account_time_;  // microseconds
  Buckets<std::string> address_time_;
  Buckets<std::string> log_ins_;
  std::string set_up_secret_;
  struct Failures {
    int count = 0;
    int pending = 0;  // attempts that still wait for their hash
    Time locked_until{};
  };
  // By login, whether or not such an account exists.
  boost::unordered_flat_map<std::string, Failures> failures_;
  struct Vouched {
    std::string external_id;
    Time expires;
  };
  boost::unordered_flat_map<SecretHash, Vouched> vouched_;  // tokens verified before
};

}  // namespace qiao
