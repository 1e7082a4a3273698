// Text of other people on a terminal: nothing in it can move the cursor, or hide or reorder what
// stands beside it.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace qiao {

// The text with each character that is not displayed written as an escape ("\u001b", "\u202e"):
// controls (C0, DEL, C1; line breaks too), line and paragraph separators, marks of direction,
// characters of no width, tags. A byte that is not part of UTF-8 is written "\x9b". Everything else
// stays as it is.
std::string visible(std::string_view text);

// The same for every text field of a message, those within other messages included.
void make_visible(google::protobuf::Message& message);

}  // namespace qiao
