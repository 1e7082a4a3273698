#include "server/sheets/xml.h"

#include <expat.h>

#include <memory>
#include <type_traits>

namespace qiao {
namespace {

struct Reading {
  XML_Parser parser;
  XmlHandler& handler;
  Status status = outcome::success();

  void take(Status told) {
    if (told || !status) return;
    status = std::move(told);
    XML_StopParser(parser, XML_FALSE);
  }
};

std::string_view without_prefix(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

void on_start(void* data, const char* name, const char** attributes) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.status)
    reading.take(reading.handler.start(without_prefix(name), XmlAttributes(attributes)));
}

void on_end(void* data, const char* name) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.status) reading.take(reading.handler.end(without_prefix(name)));
}

void on_text(void* data, const char* text, int size) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.status) reading.take(reading.handler.text({text, static_cast<std::size_t>(size)}));
}

void on_document_type(void* data, const char*, const char*, const char*, int) {
  auto& reading = *static_cast<Reading*>(data);
  reading.take(unreadable_file("it declares a document type", "文件含有文档类型声明"));
}

}  // namespace

std::string_view XmlAttributes::operator[](std::string_view name) const {
  for (const char** at = pairs_; *at != nullptr; at += 2) {
    if (name == *at) return at[1];
  }
  return {};
}

Status read_xml(Archive& archive, const std::string& part, XmlHandler& handler) {
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser(XML_ParserCreate(nullptr));
  Reading reading{parser.get(), handler};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_document_type);
  return archive.read(part, [&](std::string_view bytes, bool last) -> Status {
    const auto parsed =
        XML_Parse(parser.get(), bytes.data(), static_cast<int>(bytes.size()), last ? 1 : 0);
    QIAO_TRY(reading.status);
    if (parsed == XML_STATUS_OK) return outcome::success();
    return unreadable_file(part + " is no XML", part + "不是有效的XML");
  });
}

}  // namespace qiao
