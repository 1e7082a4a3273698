// Parses one request, and refuses those that two programs could read as different messages.
#pragma once

#include <bitset>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string_view>

namespace qiao {

// Boost.Beast 1.81 is lenient where RFC 9112 is not: it treats a body as absent if
// Transfer-Encoding is not understood, joins folded lines, adds the trailer fields of a chunked
// body to the header, and does not check Host. Here each of these, and a second line of a field
// that has one value, ends the parse with one of Beast's errors. Trailer fields are ignored. The
// second and later lines of a list field are appended to the first (RFC 9110 5.3).
class RequestParser : public boost::beast::http::request_parser<boost::beast::http::string_body> {
 public:
  // Of a complete header. The target without scheme and authority, and the host of the request: the
  // authority of the target if it has one, else Host (RFC 9112 3.2.2).
  std::string_view target() const;
  std::string_view host() const;

 private:
  using Field = boost::beast::http::field;
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void on_field_impl(Field name, Text name_text, Text value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, Error& error) override;
  void append(Field name, Text value);

  std::bitset<512> seen_;  // of the fields that have a rule, see request_parser.cc
};

}  // namespace qiao
