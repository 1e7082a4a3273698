// Complete lists from the server, for import and export.
#pragma once

#include <functional>
#include <string>

#include "server/sheets/sheet.h"
#include "tools/qiao/session.h"

namespace qiao {

// Calls visit(thing) for everything of the sheet's kind, in the order of ids; areas by level, the
// city first, then by code.
Status each_resource(Session& session, const Sheet& sheet,
                     const std::function<void(const google::protobuf::Message&)>& visit);

// The city's time zone and taxonomy, and the names of parties.
Result<SheetContext> make_context(Session& session);

// Decides by the file's name.
bool is_json_lines(const std::string& file);

}  // namespace qiao
