// Every operation of the API, as words of the command line: one row an operation.
#pragma once

#include <google/protobuf/descriptor.h>

#include <span>
#include <string>
#include <vector>

namespace qiao {

// The generated descriptor() of a message. It is called only once main() runs, when all extensions
// that the options in the proto files use are registered.
using MessageType = const google::protobuf::Descriptor* (*)();

// An operation as a command. The strings are literals; the table is constant.
struct Verb {
  const char* words;  // "need candidates"
  const char* id;     // operationId in openapi.json
  const char* method;
  const char* pattern;             // {id} … are positional, in this order
  MessageType request;             // its fields are flags; nullptr for none
  MessageType response;            // nullptr: printed as received
  std::vector<const char*> query;  // names of query parameters, flags too
  const char* zh;
  const char* en;
  bool update = false;  // read first, change the given fields, send with If-Match
  std::vector<const char*> operands = {};  // fields of the request that are positional
  bool by_hand = false;                    // a command of its own, which reads a password
  bool creates = false;                    // updating a row that does not exist creates it
};

const std::vector<Verb>& verbs();

// "serviceRadiusM" or "service_radius_m" as a flag: "service-radius-m".
std::string flag_of(std::string_view field);

}  // namespace qiao
