// Whether an offer has the skills and certificates that a line requires.
#pragma once

#include "engine/rows/rows.h"
#include "qiao/v1/match.pb.h"

namespace qiao {

// The first requirement, of skills and certificate, that is not met or expires before the line's
// window ends; RULE_UNSPECIFIED if there is none.
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
