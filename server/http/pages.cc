#include "server/http/pages.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/hex.h"
#include "server/access/secrets.h"
#include "server/http/gzip.h"

namespace qiao {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = 64 << 20;
// Vite names bundled files after their content, in this folder.
constexpr std::string_view kHashed = "/assets/";

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {
    {{".html", "text/html; charset=utf-8"},
     {".js", "text/javascript; charset=utf-8"},
     {".css", "text/css; charset=utf-8"},
     {".json", "application/json"},
     {".geojson", "application/geo+json"},
     {".svg", "image/svg+xml"},
     {".png", "image/png"},
     {".ico", "image/x-icon"},
     {".txt", "text/plain; charset=utf-8"},
     {".webmanifest", "application/manifest+json"},
     {".woff2", "font/woff2"},
     {".csv", "text/csv; charset=utf-8"}}};

std::string type_of(const std::string& name) {
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return std::string(type);
  }
  return "application/octet-stream";
}

std::string etag_of(std::string_view bytes) { return '"' + to_hex(fingerprint_of({bytes})) + '"'; }

}  // namespace

StoreResult<Pages> Pages::load(const std::string& folder) {
  std::error_code error;
  Pages pages;
  std::uintmax_t total = 0;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (!i->is_regular_file(error)) continue;
    std::ifstream in(i->path(), std::ios::binary);
    Page page;
    page.body.assign(std::istreambuf_iterator<char>(in), {});
    if (!in) return StoreError{i->path().string() + ": cannot be read"};
    total += page.body.size();
    if (total > kMostBytes)
      return StoreError{folder + ": more than " + std::to_string(kMostBytes >> 20) +
                        " MiB: this is no console"};
    std::string path = "/" + fs::relative(i->path(), folder, error).generic_string();
    page.content_type = type_of(path);
    page.etag = etag_of(page.body);
    page.immutable = path.starts_with(kHashed);
    page.zipped = gzip(page.body, GzipLevel::kSmallest);
    if (page.zipped.size() + 64 >= page.body.size()) page.zipped.clear();
    pages.pages_.emplace(std::move(path), std::move(page));
  }
  if (error) return StoreError{folder + ": " + error.message()};
  if (pages.find("/") == nullptr) return StoreError{folder + ": there is no index.html"};
  return pages;
}

const Page* Pages::find(std::string_view path) const {
  const auto it = pages_.find(path == "/" ? std::string_view("/index.html") : path);
  return it == pages_.end() ? nullptr : &it->second;
}

std::string Pages::content_security_policy(std::string_view tile_origin) const {
  std::string policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src "
      "'self'; connect-src 'self'; img-src 'self' data:";
  if (!tile_origin.empty()) policy.append(" ").append(tile_origin);
  return policy + "; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
}

std::string origin_of(std::string_view address) {
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos ||
      (address.substr(0, scheme) != "https" && address.substr(0, scheme) != "http"))
    return {};
  const auto path = address.find('/', scheme + 3);
  std::string host(address.substr(
      scheme + 3, path == std::string_view::npos ? std::string_view::npos : path - scheme - 3));
  if (host.starts_with("{s}.")) host.replace(0, 3, "*");
  // It becomes part of a header: letters, digits and what hosts and ports contain.
  if (host.empty() || host.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*") !=
                          std::string::npos)
    return {};
  return std::string(address.substr(0, scheme)) + "://" + host;
}

}  // namespace qiao
