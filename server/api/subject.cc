#include "server/api/subject.h"

namespace qiao {

using google::protobuf::Message;

std::string location_of(const Subject& subject) {
  return std::string("/v1/") + collection_of(subject.kind) + "/" + std::to_string(subject.key);
}

std::unique_ptr<Message> show(const State& s, const Subject& subject, const View& view) {
  auto row = visit_keyed(subject.kind, [&](auto kind) -> std::unique_ptr<Message> {
    const Slot slot = s.rows(kind).find(typename decltype(kind)::Id{subject.key});
    return std::make_unique<typename decltype(kind)::Message>(view.show(kind, slot));
  });
  if (row != nullptr) return row;
  const Message& setting = s.setting(subject.kind);
  row.reset(setting.New());
  row->CopyFrom(setting);
  return row;
}

}  // namespace qiao
