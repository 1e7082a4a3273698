// The kinds of things that have a sheet.
#pragma once

#include "server/sheets/sheet.h"

namespace qiao {

const Sheet& areas_sheet();
const Sheet& parties_sheet();
const Sheet& offers_sheet();
const Sheet& needs_sheet();

}  // namespace qiao
