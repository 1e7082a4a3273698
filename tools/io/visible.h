// Untrusted text on a terminal: nothing in it can move the cursor, or hide or reorder the text
// beside it.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace qiao {

// The text with each character that is not displayed written as an escape ("\u001b", "\u202e"):
// controls (C0, DEL, C1; line breaks too), line and paragraph separators, directional marks,
// zero-width characters, tags. A byte that is not part of UTF-8 is written "\x9b". Everything else
// is unchanged.
std::string visible(std::string_view text);

// The same for every text field of a message, those within other messages included.
void make_visible(google::protobuf::Message& message);

}  // namespace qiao
