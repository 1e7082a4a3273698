// Personal data: which fields carry them, and the one way in which they are masked.
//
// Fields are found by their marks in the vocabulary (base.proto), so that one that is added there
// is masked, sealed on disk, exported and erased without a line here.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

// A string that is marked, in a message or in one inside it (not in lists).
struct MarkedField {
  std::vector<const google::protobuf::FieldDescriptor*> path;
  std::string name;  // in JSON spelling, e.g. review.words
  bool secret = false;
};

// Of a type, in the order of the fields. Thread-safe; the reference holds while the thread lives.
const std::vector<MarkedField>& marked_fields(const google::protobuf::Descriptor& type);

// Calls visit for each marked field that is not empty; what it returns replaces the value.
void visit_marked(
    google::protobuf::Message& message,
    const std::function<std::optional<std::string>(const MarkedField&, const std::string&)>& visit);

// Is any marked field not empty?
bool has_marked(const google::protobuf::Message& message);
// The same of the bytes of one, without making it. Bytes that are no such message have none.
bool has_marked(const google::protobuf::Descriptor& type, std::string_view bytes);

// 139****1234, 王*, the area's name instead of an address, a***@example.cn; *** for everything
// else. Never longer in what it tells than half of the value.
std::string masked(const MarkedField& field, std::string_view value, std::string_view area_name);

// Masks what is personal and removes what is secret.
void mask(google::protobuf::Message& message, std::string_view area_name);

// Empties every marked field; how many had something.
int clear_marked(google::protobuf::Message& message);

// Somebody who was shown a masked value sends it back with the rest: it stands for the value as it
// is. Anything else that looks masked is refused, lest it replace the real one.
Status unmask(google::protobuf::Message& sent, const google::protobuf::Message& before,
              std::string_view area_name, const std::string& at = {});

}  // namespace qiao
