#include "server/api/params.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "engine/base/utf8.h"

namespace qiao {

Result<std::vector<std::pair<std::string, std::string>>> parse_params(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> result;
  if (target.find('?') == std::string_view::npos) return result;
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) return refuse(Code::kMalformed, "query", url.error().message());
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  for (const auto& p : url->params(options)) {
    // Unknown names are repeated in the refusal, which has to be valid JSON.
    if (!is_utf8(p.key) || !is_utf8(p.value)) return refuse(Code::kNotUtf8, "query");
    if (std::any_of(result.begin(), result.end(), [&](const auto& r) { return r.first == p.key; }))
      return refuse(Code::kDuplicate, p.key, p.key);
    if (result.size() == kMaxQueryParams)
      return refuse(Code::kTooMany, "query", std::to_string(kMaxQueryParams));
    result.emplace_back(p.key, p.value);
  }
  return result;
}

}  // namespace qiao
