// What every command needs: the server, the language, the time zone, names of rows.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <optional>
#include <string>

#include "engine/base/time_zone.h"
#include "qiao/v1/policy.pb.h"
#include "qiao/v1/taxonomy.pb.h"
#include "tools/qiao/client.h"

namespace qiao {

namespace pb = qiao::v1;

// Exit codes, for scripts.
enum Exit : int {
  kDone = 0,
  kRefused = 1,      // the server refused, with a reason; nothing has changed
  kUsage = 2,        // invalid command line
  kNoServer = 3,     // the server cannot be reached, or failed
  kDifferences = 4,  // verify found differences, or a database is damaged
  kPartly = 5,       // an import skipped rows
  kNotWritten = 6,   // the output could not be written
  kLostMark = 7,     // verify found nothing, but the mark of the journal's end is missing
};

class Session {
 public:
  Session(Client client, bool chinese, bool json)
      : client_(std::move(client)), chinese_(chinese), json_(json) {}

  Client& client() { return client_; }
  bool chinese() const { return chinese_; }
  bool json() const { return json_; }
  const char* say(const char* zh, const char* en) const { return chinese_ ? zh : en; }

  // The response to a GET as a message. A problem+json response becomes a refusal with the server's
  // words.
  template <class Message>
  Result<Message> get(const std::string& target) {
    Message m;
    QIAO_TRY(fetch(target, m));
    return m;
  }
  Status fetch(const std::string& target, google::protobuf::Message& into);

  // The city's time zone and taxonomy, fetched once.
  Result<const TimeZone*> zone();
  Result<const pb::Taxonomy*> taxonomy();
  // Names, fetched once each; the number itself if there is no such row.
  std::string area_name(std::uint64_t code);
  std::string party_name(std::uint64_t id);
  std::string category_name(const std::string& code);

  // Prints the error on standard error and returns the exit code for it.
  int fail(const Refusal& refusal) const;
  int fail(const Reply& reply) const;

 private:
  Client client_;
  bool chinese_;
  bool json_;
  std::optional<TimeZone> zone_;
  std::optional<pb::Taxonomy> taxonomy_;
  std::map<std::uint64_t, std::string> area_names_;
  std::map<std::uint64_t, std::string> party_names_;
};

// For a request that changes something and may have to be repeated.
std::string fresh_idempotency_key();

}  // namespace qiao
