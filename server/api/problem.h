// RFC 9457 problem details, in both languages.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/refusal.h"
#include "server/api/route.h"

namespace qiao {

// Errors of a request that are found before it reaches the market.
enum class HttpFault {
  kMalformed,            // 400
  kNotFound,             // 404
  kMethodNotAllowed,     // 405
  kNotAcceptable,        // 406
  kUnauthenticated,      // 401
  kPasswordWrong,        // 401
  kLinkSpent,            // 401
  kForeignOrigin,        // 403
  kLocked,               // 429
  kTooOften,             // 429
  kTimeout,              // 408
  kBodyTooLarge,         // 413
  kUnsupportedType,      // 415
  kUpgradeRequired,      // 426
  kIdempotencyMismatch,  // 422
  kResponseGone,         // 409
  kHeaderTooLarge,       // 431
  kTooManyConnections,   // 503
  kOverloaded,           // 503
  kDraining,             // 503
};

Response problem(const Refusal& refusal, bool chinese);
Response problem(HttpFault fault, bool chinese, std::string field = {});
Response problem(const Gate::AuthResult<Gate::NewSession>& denied, bool chinese);
HttpFault fault_of(AuthError error);
unsigned status_of(Category category);
// Whether Accept-Language prefers Chinese.
bool prefers_chinese(std::string_view accept_language);

}  // namespace qiao
