// Personal data: which fields contain them, and how they are masked.
//
// Fields are found by their marks in the vocabulary (base.proto), so that a new marked field is
// masked, sealed on disk, exported and erased without a change here.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

// A marked string, in a message or in one nested in it (not in lists).
struct MarkedField {
  std::vector<const google::protobuf::FieldDescriptor*> path;
  std::string name;  // in JSON spelling, e.g. review.words
  bool secret = false;
};

// The marked fields of a message type, in the order of the fields. Thread-safe; the reference is
// valid while the thread lives.
const std::vector<MarkedField>& marked_fields(const google::protobuf::Descriptor& type);

// Calls visit for each marked field that is not empty; what it returns replaces the value.
void visit_marked(
    google::protobuf::Message& message,
    const std::function<std::optional<std::string>(const MarkedField&, const std::string&)>& visit);

// Whether any marked field is not empty.
bool has_marked(const google::protobuf::Message& message);
// The same for the bytes of a message, without parsing it. Invalid bytes have none.
bool has_marked(const google::protobuf::Descriptor& type, std::string_view bytes);

// 139****1234, 王*, the name of the area instead of an address, a***@example.cn; *** for all
// others. Shows at most half of the value.
std::string masked(const MarkedField& field, std::string_view value, std::string_view area_name);

// Masks personal fields and clears secret ones.
void mask(google::protobuf::Message& message, std::string_view area_name);

// Empties every marked field and returns how many were not empty.
int clear_marked(google::protobuf::Message& message);

// A client that was shown a masked value sends it back with the other fields: it is replaced by the
// stored value. Any other masked value is refused, because it would overwrite the real one.
Status unmask(google::protobuf::Message& sent, const google::protobuf::Message& before,
              std::string_view area_name, const std::string& at = {});

}  // namespace qiao
