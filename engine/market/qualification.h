// Whether an offer's people have what a line asks of them.
#pragma once

#include "engine/rows/rows.h"
#include "qiao/v1/match.pb.h"

namespace qiao {

// The first of skills and certificate that is missing, or ends before the line's window does;
// RULE_UNSPECIFIED where none is.
inline pb::Rule qualification_rule(const LineRow& line, const OfferRow& offer) {
  if (!offer.skills.contains(line.skills)) return pb::RULE_SKILL_MISSING;
  if (line.certificate == 0xff) return pb::RULE_UNSPECIFIED;
  if (!offer.extras) return pb::RULE_CERTIFICATE_MISSING;
  for (const HeldCertificate& c : offer.extras->certificates) {
    if (c.kind != line.certificate || c.level < line.level) continue;
    return is_set(c.expires) && c.expires < line.window.end ? pb::RULE_CERTIFICATE_EXPIRED
                                                            : pb::RULE_UNSPECIFIED;
  }
  return pb::RULE_CERTIFICATE_MISSING;
}

}  // namespace qiao
