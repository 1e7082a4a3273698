// From what a request carries to who sends it; and how somebody comes in.
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

// What of a request tells who sends it. Views into the connection's buffers.
struct Credentials {
  std::string_view authorization;
  std::string_view cookie;
  std::string_view acting;  // Qiao-Actor: for whom somebody acts, where it is not for itself
  std::string_view origin;
  std::string_view host;
  std::string_view address;  // of the other side, as limits count it: see client_key()
  bool secure = false;       // it came over TLS
  bool changes = false;      // its method is none of those that only look
};

struct Identity {
  pb::Actor actor;  // anonymous where nobody has come in
  Slot account = kNoSlot;
  Slot grant = kNoSlot;  // kNoSlot also where an identity provider vouches
  Time expires{};
  bool known() const { return account != kNoSlot; }
};

// Why somebody does not get in.
enum class Denial : std::uint8_t {
  kNone,
  kWho,       // nobody has come in, or what was sent lets nobody in
  kOrigin,    // the request was made by a page of another site
  kPassword,  // login and password do not go together
  kLink,  // the link of an invitation, or of the first account, is used up, out of date or made up
  kLocked,    // too many wrong passwords
  kTooOften,  // a token bucket is empty, or the share of what waits is used up
  kBusy,      // too many log-ins wait for their hash, or there is no memory for one
  kRefused,   // see the refusal
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
    Denial denial = Denial::kNone;
    std::optional<Refusal> refusal = {};
    std::chrono::seconds retry_after{0};
    T value = {};
    bool good() const { return denial == Denial::kNone; }
  };

  // Who sends it. Somebody with a session that has ended is nobody.
  Answer<Identity> identify(const Credentials& credentials);
  // Did it come in with a token for nothing but that operation?
  bool opens_only(const Identity& identity, Operation operation) const;
  // May what it came in with be used for that?
  bool covers(const Identity& identity, Operation operation) const;
  // Counts so many changes; where that is too many, none, and in how many seconds it is not. More
  // changes at once than the burst are let through when nothing else was changed before, and what
  // they are too many has to be waited for afterwards.
  std::optional<std::chrono::seconds> over_limit(const Identity& identity, std::string_view address,
                                                 double changes);
  // Has the team seen so many contacts today that it may not do that? In how many seconds it may.
  // The team is the topmost above the party of the account, whoever it acts for; for an account
  // without one, above the party for which it acts. Nothing for the lead and for who gives nothing.
  std::optional<std::chrono::seconds> over_contacts(const Identity& identity,
                                                    const ContactLimit::Asked& asked);
  // Counts what was done.
  void count_contacts(const Identity& identity, const ContactLimit::Asked& asked);
  using Moment = std::chrono::steady_clock::time_point;
  // In how many seconds so much of the market thread's time is left of an address's or an account's
  // share; nothing where it is left now. Takes none.
  std::optional<std::chrono::seconds> over_time(std::string_view address,
                                                std::chrono::microseconds cost, Moment now);
  std::optional<std::chrono::seconds> over_time(const Identity& identity,
                                                std::chrono::microseconds cost, Moment now);
  // Charges both for what was used. At most a burst can be owed, so that a machine that was halted
  // locks nobody out.
  void charge_time(const Identity& identity, std::string_view address,
                   std::chrono::nanoseconds used, Moment now);

  // What comes of coming in.
  struct Entry {
    std::string secret;  // for the cookie
    Slot account = kNoSlot;
    Time expires{};
    Seq wait_for = 0;
  };
  using Done = std::function<void(Answer<Entry>)>;
  // Calls back on the market thread, also at once.
  void log_in(const pb::LogInRequest& request, std::string_view address, Done done);
  void accept_invitation(const pb::AcceptInvitationRequest& request, std::string_view address,
                         Done done);
  void change_password(const Identity& identity, const pb::ChangePasswordRequest& request,
                       std::string_view address, Done done);
  // The first account of all. Only while there is none of the lead that can come in.
  void set_up(const pb::SetUpRequest& request, std::string_view address, Done done);

  // A token for the first set-up, where there is none of the lead yet; the same as long as the
  // process lives.
  std::optional<std::string> set_up_secret() const;
  // Gives an account something to come in with.
  struct Made {
    std::string secret;
    std::uint64_t grant_id;
    Seq seq;
  };
  Result<Made> make_grant(const pb::Actor& actor, std::uint64_t account_id, pb::GrantKind kind,
                          const pb::TokenRequest& wish);

  // What hangs at the door of a need's place: a keyed hash of its number, so that nothing has to be
  // kept and nobody can guess it (40 bits). Stays the same as long as the database lives.
  std::string site_code(std::uint64_t need_id) const;
  // As typed: case and spaces do not matter.
  bool is_site_code(std::uint64_t need_id, std::string_view typed) const;

  IdentityProvider& identity_provider() { return provider_; }
  const GateOptions& options() const { return options_; }
  const State& state() const { return runtime_.state(); }
  // In whose name an account acts.
  pb::Actor actor_of(Slot account) const;

 private:
  // Whose share of the queue a hash of a password counts for.
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
  bool lead_can_come_in() const;
  void check_then(Slot account, Asker asker, const std::string& password,
                  const std::string& new_password, std::function<void(Checked)> then,
                  const Done& otherwise);
  std::optional<std::chrono::seconds> locked(const std::string& login, Slot account) const;
  void failed(const std::string& login, Slot account);
  Answer<Entry> let_in(Slot account);
  void hash_then(const Asker& asker, const std::string& password,
                 std::function<void(std::string)> then, const Done& otherwise);
  template <class Work, class Then>
  bool queue_hash(const Asker& asker, Work work, Then then, const Done& otherwise);

  Runtime& runtime_;
  GateOptions options_;
  IdentityProvider provider_;
  std::unique_ptr<FairQueue> hashes_;
  Buckets<std::uint64_t> account_writes_;
  bool still_invited(const Identity& invited) const;
  std::optional<PartyId> team_of(const Identity& identity) const;
  ContactLimit contacts_;
  Buckets<std::string> address_writes_;
  Buckets<std::uint64_t> account_time_;  // microseconds
  Buckets<std::string> address_time_;
  Buckets<std::string> log_ins_;
  std::string set_up_secret_;
  struct Failures {
    int count = 0;
    int pending = 0;  // attempts that are not decided yet
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
