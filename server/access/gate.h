// Authentication: from the credentials of a request to an identity, and opening sessions.
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
  std::string_view address;  // of the client, as limits count it: see client_key()
  bool secure = false;       // over TLS
  bool changes = false;      // its method is neither GET nor HEAD
};

struct Identity {
  pb::Actor actor;  // anonymous without credentials
  Slot account = kNoSlot;
  Slot grant = kNoSlot;  // kNoSlot also where an identity provider vouches
  Time expires{};
  bool known() const { return account != kNoSlot; }
};

// Why a request is not authenticated, or somebody is not logged in.
enum class AuthError : std::uint8_t {
  kNone,
  kUnauthenticated,  // no credentials, or none that are valid
  kOrigin,           // the request was made by a page of another site
  kPassword,         // wrong login or password
  kInvalidLink,      // of an invitation or of the first account: used, expired or unknown
  kLocked,           // too many wrong passwords
  kRateLimited,      // a token bucket is empty, or a share of a queue is used up
  kBusy,             // too many log-ins wait for their hash, or there is no memory for one
  kRefused,          // see the refusal
};

struct GateOptions {
  // Writes of one account, and of one address: so many a second in the long run, so many at once.
  // 0: no limit.
  double writes_per_second = 50;
  double writes_burst = 500;
  // Of an address all accounts behind it share: a community's office is one address.
  double address_factor = 4;
  // Of the market thread's time, what one account and one address may use in the long run, and how
  // many seconds of it at once. 0: no limit.
  double time_share = 0.5;
  double time_burst = 5;
  // Log-ins from one address.
  double log_ins_per_minute = 20;
  double log_ins_burst = 20;
  // Needs whose contact or exact place a team may see in a day, see ContactLimit. 0: no limit.
  double contacts_per_day = 30;
  Seconds session = std::chrono::days{7};
  Seconds invitation = std::chrono::days{7};
  IdentityProviderOptions identity_provider = {};
  // What limits are measured by.
  std::function<std::chrono::steady_clock::time_point()> clock = &std::chrono::steady_clock::now;
};

// For the market thread; hashes of passwords are made on a thread of its own.
class Gate {
 public:
  Gate(boost::asio::io_context& context, Runtime& runtime, GateOptions options);
  ~Gate();

  template <class T>
  struct Answer {
    AuthError error = AuthError::kNone;
    std::optional<Refusal> refusal = {};
    std::chrono::seconds retry_after{0};
    T value = {};
    bool good() const { return error == AuthError::kNone; }
  };

  // Who sends it. A session that has ended is no session: anonymous.
  Answer<Identity> identify(const Credentials& credentials);
  // Is it authenticated by a token for nothing but that operation?
  bool opens_only(const Identity& identity, Operation operation) const;
  // May its session or token be used for that operation?
  bool covers(const Identity& identity, Operation operation) const;
  // Takes so many changes from the rate limits. Where they are exceeded: takes none, and returns in
  // how many seconds to try again. A batch of more changes than the burst passes when the bucket is
  // full, and leaves it in debt.
  std::optional<std::chrono::seconds> over_limit(const Identity& identity, std::string_view address,
                                                 double changes);
  // Whether the limit of contacts refuses that: in how many seconds to try again. It is counted by
  // the topmost party above that of the account, whoever it acts for; for an account without a
  // party, above the party for which it acts. The lead, and who supplies nothing, has no limit.
  std::optional<std::chrono::seconds> over_contacts(const Identity& identity,
                                                    const ContactLimit::Asked& asked);
  // Counts what was done.
  void count_contacts(const Identity& identity, const ContactLimit::Asked& asked);
  using Moment = std::chrono::steady_clock::time_point;
  // In how many seconds an address or an account has so much of its share of the market thread's
  // time; nothing where it has it now. Takes none.
  std::optional<std::chrono::seconds> over_time(std::string_view address,
                                                std::chrono::microseconds cost, Moment now);
  std::optional<std::chrono::seconds> over_time(const Identity& identity,
                                                std::chrono::microseconds cost, Moment now);
  // Charges both for the time used. The debt is at most one burst, so that nobody is locked out
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
  using Done = std::function<void(Answer<NewSession>)>;
  // Calls back on the market thread, also at once.
  void log_in(const pb::LogInRequest& request, std::string_view address, Done done);
  void accept_invitation(const pb::AcceptInvitationRequest& request, std::string_view address,
                         Done done);
  void change_password(const Identity& identity, const pb::ChangePasswordRequest& request,
                       std::string_view address, Done done);
  // Makes the first account. Only while no account of the lead can log in.
  void set_up(const pb::SetUpRequest& request, std::string_view address, Done done);

  // The token for the first set-up, while no account of the lead can log in; the same as long as
  // the process runs.
  std::optional<std::string> set_up_secret() const;
  // Makes a session, a token or an invitation of an account.
  struct Made {
    std::string secret;
    std::uint64_t grant_id;
    Seq seq;
  };
  Result<Made> make_grant(const pb::Actor& actor, std::uint64_t account_id, pb::GrantKind kind,
                          const pb::TokenRequest& request);

  // The code that is displayed at the place of a need: a keyed hash of its number (40 bits), so
  // that nothing is stored and nobody can guess it. The same as long as the database exists.
  std::string site_code(std::uint64_t need_id) const;
  // Ignores case, spaces and hyphens.
  bool is_site_code(std::uint64_t need_id, std::string_view typed) const;

  IdentityProvider& identity_provider() { return provider_; }
  const GateOptions& options() const { return options_; }
  const State& state() const { return runtime_.state(); }
  // The actor that an account is by itself.
  pb::Actor actor_of(Slot account) const;

 private:
  // For whom a password is hashed: shares of the queue are counted by both.
  struct Asker {
    std::string login;
    std::string address;
  };
  struct Checked {
    Verdict verdict = Verdict::kWrong;
    bool right() const { return verdict == Verdict::kRight; }
    // Of the new password, where one was given and the old one is right.
    std::string fresh_hash = {};
  };
  Result<pb::Actor> acting_for(const Identity& identity, std::string_view header) const;
  Answer<Identity> by_token(std::string_view token);
  bool is_live(const SecretHash& secret) const;
  std::optional<Identity> by_secret(std::string_view secret, pb::GrantKind kind) const;
  bool lead_can_log_in() const;
  void verify_password(Slot account, Asker asker, const std::string& password,
                       const std::string& new_password, std::function<void(Checked)> then,
                       const Done& otherwise);
  std::optional<std::chrono::seconds> locked(const std::string& login, Slot account) const;
  void failed(const std::string& login, Slot account);
  Answer<NewSession> open_session(Slot account);
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
    int pending = 0;  // attempts whose hash is not made yet
    Time locked_until{};
  };
  // By login, whether or not there is such an account.
  boost::unordered_flat_map<std::string, Failures> failures_;
  struct Vouched {
    std::string external_id;
    Time expires;
  };
  boost::unordered_flat_map<SecretHash, Vouched> vouched_;  // tokens verified before
};

}  // namespace qiao
