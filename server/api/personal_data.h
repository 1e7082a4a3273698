// Private to the routes: reveals, exports and erases personal data of any kind of subject.
#pragma once

#include <google/protobuf/message.h>

#include <span>

#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

// Requests the personal data of the subject in the path.
template <pb::SubjectKind subject, pb::DisclosurePurpose purpose>
Result<pb::Request> disclose(const Call& call, const google::protobuf::Message*) {
  pb::Request c;
  c.mutable_disclose()->set_subject(subject);
  c.mutable_disclose()->set_subject_id(call.path.front().second);
  c.mutable_disclose()->set_purpose(purpose);
  return c;
}

// Requests their erasure.
template <pb::SubjectKind subject>
Result<pb::Request> erase(const Call& call, const google::protobuf::Message*) {
  pb::Request c;
  c.mutable_erase()->set_subject(subject);
  c.mutable_erase()->set_subject_id(call.path.front().second);
  return c;
}

// The response to an erasure: how many rows were erased.
HandlerResult present_erased(const Services& services, const Call& call, const Applied& applied);

// Adds to an export the subject's accounts, and who saw the data stored under that key.
void add_account(pb::PersonExport& out, const State& state, std::span<const Slot> accounts);
void add_seen_by(pb::PersonExport& out, const Services& services, const Store::AuditKey& key);

}  // namespace qiao
