#include "server/api/problem.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"

namespace qiao {
namespace {

struct FaultInfo {
  HttpFault fault;
  unsigned status;
  const char* code;
  const char* zh;
  const char* en;
};
constexpr FaultInfo kFaults[] = {
    {HttpFault::kMalformed, 400, "http.malformed", "这不是有效的HTTP请求",
     "not a valid HTTP request"},
    {HttpFault::kNotFound, 404, "http.not_found", "没有这个地址", "there is no such address"},
    {HttpFault::kMethodNotAllowed, 405, "http.method", "该地址不支持这种方法",
     "this address does not support that method"},
    {HttpFault::kNotAcceptable, 406, "http.not_acceptable", "只能以JSON或Protobuf回答",
     "answers are JSON or protobuf only"},
    {HttpFault::kUnauthenticated, 401, "auth.required", "请先登录", "log in first"},
    {HttpFault::kPasswordWrong, 401, "auth.failed", "登录名或密码不正确",
     "wrong login name or password"},
    {HttpFault::kLinkSpent, 401, "auth.link", "此链接无效、已用过或已过期，请向发给您的人再要一个",
     "this link is invalid, was used already or has expired; ask the person who gave it to you "
     "for another"},
    {HttpFault::kForeignOrigin, 403, "auth.origin", "请求来自其他网站，已拒绝",
     "refused: the request was made by a page of another site"},
    {HttpFault::kLocked, 429, "auth.locked", "密码错误次数过多，请稍后再试",
     "too many wrong passwords; try again later"},
    {HttpFault::kTooOften, 429, "rate.limited", "操作过于频繁，请稍后再试",
     "too many requests; try again in a moment"},
    {HttpFault::kTimeout, 408, "http.timeout", "等待请求超时",
     "the request took too long to arrive"},
    {HttpFault::kBodyTooLarge, 413, "http.body_too_large", "正文过大", "the body is too large"},
    {HttpFault::kUnsupportedType, 415, "http.content_type", "正文只能是JSON或Protobuf",
     "the body must be JSON or protobuf"},
    {HttpFault::kUpgradeRequired, 426, "http.upgrade", "该地址只接受WebSocket连接",
     "this address accepts WebSocket connections only"},
    {HttpFault::kIdempotencyMismatch, 422, "idempotency.mismatch", "该幂等键已用于另一个请求",
     "this idempotency key was used for another request"},
    {HttpFault::kResponseGone, 409, "idempotency.done",
     "该请求此前已经完成，但当时的回应已不再保存",
     "this request was done before; its response is no longer stored"},
    {HttpFault::kHeaderTooLarge, 431, "http.header_too_large", "请求头过大",
     "the header is too large"},
    {HttpFault::kTooManyConnections, 503, "server.connections", "连接过多，请稍后再试",
     "too many connections; try again later"},
    {HttpFault::kOverloaded, 503, "server.overloaded", "服务器繁忙，请稍后再试",
     "the server is busy; try again later"},
    {HttpFault::kDraining, 503, "server.draining", "服务器正在停止", "the server is stopping"},
};

Response make(unsigned status, std::string code, std::string field, std::string zh, std::string en,
              bool chinese) {
  pb::Problem p;
  p.set_type("urn:qiao:problem:" + code);
  p.set_title(chinese ? zh : en);
  p.set_status(status);
  p.set_code(std::move(code));
  p.set_field(std::move(field));
  p.set_zh(std::move(zh));
  p.set_en(std::move(en));
  Response r;
  r.status = status;
  r.content_type = "application/problem+json";
  r.body = to_json(p);
  return r;
}

}  // namespace

unsigned status_of(Category category) {
  switch (category) {
    case Category::kInvalid:
      return 400;
    case Category::kForbidden:
      return 403;
    case Category::kNotFound:
      return 404;
    case Category::kConflict:
      return 409;
    case Category::kPrecondition:
      return 412;
  }
  return 400;
}

Response problem(const Refusal& refusal, bool chinese) {
  const CodeInfo& i = info(refusal.code);
  return make(status_of(i.category), std::string(i.code), refusal.field, refusal.zh(), refusal.en(),
              chinese);
}

Response problem(HttpFault fault, bool chinese, std::string field) {
  const FaultInfo& f = *std::find_if(std::begin(kFaults), std::end(kFaults),
                                     [&](const FaultInfo& x) { return x.fault == fault; });
  return make(f.status, f.code, std::move(field), f.zh, f.en, chinese);
}

HttpFault fault_of(AuthError error) {
  switch (error) {
    case AuthError::kOrigin:
      return HttpFault::kForeignOrigin;
    case AuthError::kPassword:
      return HttpFault::kPasswordWrong;
    case AuthError::kInvalidLink:
      return HttpFault::kLinkSpent;
    case AuthError::kLocked:
      return HttpFault::kLocked;
    case AuthError::kRateLimited:
      return HttpFault::kTooOften;
    case AuthError::kBusy:
      return HttpFault::kOverloaded;
    default:
      return HttpFault::kUnauthenticated;
  }
}

Response problem(const Gate::AuthResult<Gate::NewSession>& denied, bool chinese) {
  Response r =
      denied.refusal ? problem(*denied.refusal, chinese) : problem(fault_of(denied.error), chinese);
  r.retry_after = denied.retry_after.count();
  return r;
}

bool prefers_chinese(std::string_view accept_language) {
  const std::string languages = ascii_lower(accept_language);
  const auto zh = languages.find("zh");
  const auto en = languages.find("en");
  return zh != std::string::npos && (en == std::string::npos || zh < en);
}

}  // namespace qiao
