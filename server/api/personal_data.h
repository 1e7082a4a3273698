// Private to the routes: personal data shown whole, exported and erased, of any kind of subject.
#pragma once

#include <google/protobuf/message.h>

#include <span>

#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

// Asks for the personal data of the subject that the path names.
template <pb::SubjectKind subject, pb::DisclosurePurpose purpose>
Result<pb::Request> disclose(const Call& call, const google::protobuf::Message*) {
  pb::Request c;
  c.mutable_disclose()->set_subject(subject);
  c.mutable_disclose()->set_subject_id(call.path.front().second);
  c.mutable_disclose()->set_purpose(purpose);
  return c;
}

// Asks to erase them.
template <pb::SubjectKind subject>
Result<pb::Request> erase(const Call& call, const google::protobuf::Message*) {
  pb::Request c;
  c.mutable_erase()->set_subject(subject);
  c.mutable_erase()->set_subject_id(call.path.front().second);
  return c;
}

// How many rows were erased.
Answer present_erased(const Services& services, const Call& call, const Applied& applied);

// To an export: the account of its subject, and who saw the data under that key.
void add_account(pb::PersonExport& out, const State& state, std::span<const Slot> accounts);
void add_seen_by(pb::PersonExport& out, const Services& services, const Store::AuditKey& key);

}  // namespace qiao
