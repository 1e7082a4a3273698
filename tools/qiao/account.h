// Logging in from the command line: a password becomes a token, which is stored for later commands.
#pragma once

#include <optional>
#include <string>

#include "tools/qiao/session.h"

namespace qiao {

// The token stored for a server, in $XDG_CONFIG_HOME/qiao/tokens (readable by its owner only).
std::optional<std::string> kept_token(const std::string& url);

struct Entry {
  std::string login;
  std::string name;
  std::string secret;  // of a set-up link or an invitation
  bool print = false;  // the token goes to standard output instead of the file
};

// Each reads the passwords it needs: on a terminal without echo, else one a line from standard
// input.
int log_in(Session& session, const Entry& entry);
int set_up(Session& session, const Entry& entry);
int join(Session& session, const Entry& entry);
int change_password(Session& session);
int log_out(Session& session);

}  // namespace qiao
