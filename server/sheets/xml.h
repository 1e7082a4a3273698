// A part of an archive as XML, an element at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/sheets/archive.h"

namespace qiao {

// Attributes of an element.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
  // By its name as it is written, e.g. "r:id"; empty where it is missing.
  std::string_view operator[](std::string_view name) const;

 private:
  const char** pairs_;  // name, value, …, nullptr
};

// Is told what stands in a part. Names are without their prefix: "x:row" is "row". A refusal ends
// the reading.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual Status start(std::string_view name, const XmlAttributes& attributes) = 0;
  virtual Status end(std::string_view) { return outcome::success(); }
  // Text, in pieces.
  virtual Status text(std::string_view) { return outcome::success(); }
};

// Refused where it is no XML or declares a document type, which no workbook does and with which
// entities could grow without bounds.
Status read_xml(Archive& archive, const std::string& part, XmlHandler& handler);

}  // namespace qiao
