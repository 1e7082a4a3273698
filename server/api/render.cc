#include "server/api/render.h"

#include "proto/json/json.h"
#include "server/api/format.h"
#include "server/api/precondition.h"

namespace qiao {

Response render(const Call& call, HandlerResult answer) {
  Response r;
  r.status = call.route->success;
  r.wait_for = answer.wait_for;
  r.secret = call.route->secret;
  r.location = std::move(answer.location);
  if (answer.version != 0) r.etag = etag_of(answer.version, call.epoch);
  if (call.binary_answer) {
    r.content_type = kProtobuf;
    answer.message->AppendToString(&r.body);
  } else {
    append_json(*answer.message, r.body);
  }
  return r;
}

}  // namespace qiao
