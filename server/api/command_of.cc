#include "server/api/command_of.h"

#include <algorithm>

#include "engine/market/settable.h"
#include "engine/rows/limits.h"
#include "engine/rows/marked.h"
#include "server/access/view.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Copies the body to the command's field of the same name and number, and adds what the server
// sets.
void convert(const pb::Request& request, const Message& body,
             const google::protobuf::FieldDescriptor& field, pb::Command& command) {
  command.set_expected_version(request.expected_version());
  if (request.has_move_match()) {
    pb::MoveMatch& move = *command.mutable_move_match();
    move.set_match_id(request.move_match().match_id());
    move.set_verb(request.move_match().verb());
    move.set_reason(request.move_match().reason());
    return;
  }
  const auto* same = pb::Command::descriptor()->FindFieldByNumber(field.number());
  command.GetReflection()->MutableMessage(&command, same)->CopyFrom(body);
}

Status check_secrets(const Message& body) {
  Status status = outcome::success();
  // Only validates the text: nothing is replaced.
  const std::unique_ptr<Message> copy(has_marked(body) ? body.New() : nullptr);
  if (!copy) return status;
  copy->CopyFrom(body);
  visit_marked(*copy,
               [&](const MarkedField& field, const std::string&) -> std::optional<std::string> {
                 if (field.secret && status) status = refuse(Code::kNotSettable, field.name);
                 return std::nullopt;
               });
  return status;
}

// Checks that the subject of a reveal or an erasure exists, if it is a row. A resident is not a
// row; for it the market gives the same refusal whether it is unknown or elsewhere.
Status check_subject(const pb::Command& command, const Identity& identity, const Gate& gate) {
  if (!command.has_disclose() && !command.has_erase()) return outcome::success();
  const auto subject =
      command.has_disclose() ? command.disclose().subject() : command.erase().subject();
  const std::uint64_t id =
      command.has_disclose() ? command.disclose().subject_id() : command.erase().subject_id();
  pb::RowKind kind = pb::ROW_KIND_UNSPECIFIED;
  if (subject == pb::SUBJECT_KIND_NEED) kind = pb::ROW_KIND_NEED;
  if (subject == pb::SUBJECT_KIND_PERSON) kind = pb::ROW_KIND_PERSON;
  if (subject == pb::SUBJECT_KIND_PARTY) kind = pb::ROW_KIND_PARTY;
  if (kind == pb::ROW_KIND_UNSPECIFIED || is_there(gate.state(), identity.actor, kind, id))
    return outcome::success();
  return not_there(kind, id, "id");
}

// The current row that the request would change; null if there is none, if the actor does not see
// all of it, or if the request creates one.
std::unique_ptr<Message> row_before(const pb::Request& request, const State& s,
                                    const pb::Actor& actor) {
  const auto loaded = [&](pb::RowKind kind, const auto& rows, auto id,
                          auto load) -> std::unique_ptr<Message> {
    const Slot slot = rows.find(id);
    if (slot == kNoSlot || sight_of(s, actor, kind, id.value()) != Sight::kWhole) return nullptr;
    auto row = load(slot);
    return std::make_unique<decltype(row)>(std::move(row));
  };
  switch (request.body_case()) {
    case pb::Request::kUpdateParty:
      return loaded(pb::ROW_KIND_PARTY, s.parties(), PartyId{request.update_party().id()},
                    [&](Slot slot) { return s.load_party(slot); });
    case pb::Request::kPutPerson:
      return loaded(pb::ROW_KIND_PERSON, s.persons(), PersonId{request.put_person().id()},
                    [&](Slot slot) { return s.load_person(slot); });
    case pb::Request::kUpdateOffer:
      return loaded(pb::ROW_KIND_OFFER, s.offers(), OfferId{request.update_offer().id()},
                    [&](Slot slot) { return s.load_offer(slot); });
    case pb::Request::kUpdateNeed:
      return loaded(pb::ROW_KIND_NEED, s.needs(), NeedId{request.update_need().id()},
                    [&](Slot slot) { return s.load_need(slot); });
    case pb::Request::kPutAccount:
      return loaded(pb::ROW_KIND_ACCOUNT, s.accounts(),
                    AccountId{request.put_account().account().id()},
                    [&](Slot slot) { return s.load_account(slot); });
    default:
      return nullptr;
  }
}

Status check_site_code(const pb::MoveMatchRequest& request, const Gate& gate, pb::MoveMatch& move) {
  if (request.code().empty()) return outcome::success();
  if (request.verb() != pb::MATCH_VERB_CHECK_IN) return refuse(Code::kNotSettable, "code");
  const State& state = gate.state();
  // check_references() has refused an unknown number; 0 means none.
  const Slot match = state.matches().find(MatchId{request.match_id()});
  if (match == kNoSlot) return outcome::success();
  if (!gate.is_site_code(state.needs()[state.matches()[match].need].id.value(), request.code()))
    return refuse(Code::kSiteCode, "code");
  move.set_at_site(true);
  return outcome::success();
}

// The operation of a command. Setting a party active is an approval or a reinstatement, depending
// on its standing.
std::optional<Operation> operation_on(const pb::Command& command, const State& state) {
  const auto operation = operation_of(command);
  if (operation != Operation::kApproveParty) return operation;
  const Slot party = state.parties().find(PartyId{command.set_standing().party_id()});
  const bool suspended =
      party != kNoSlot && state.parties()[party].standing == pb::STANDING_SUSPENDED;
  return suspended ? Operation::kReinstateParty : operation;
}

Result<pb::Command> single_command_of(const pb::Request& request, const Identity& identity,
                                      const Gate& gate) {
  const auto* field = request.GetReflection()->GetOneofFieldDescriptor(
      request, pb::Request::descriptor()->oneof_decl(0));
  if (field == nullptr) return refuse(Code::kRequired, "command");
  const Message& body = request.GetReflection()->GetMessage(request, field);
  // The field names in the refusals begin at the account, as in the market's.
  const Message& row = request.has_put_account() ? request.put_account().account() : body;
  QIAO_TRY(check_secrets(row));
  pb::Command command;
  convert(request, body, *field, command);
  *command.mutable_actor() = identity.actor;
  const auto operation = operation_on(command, gate.state());
  if (!operation) return refuse(Code::kRequired, "command");
  if (scope_of(*operation, identity.actor.role()) == Scope::kNone)
    return refuse(Code::kRoleForbidden, "actor.role");
  if (!gate.covers(identity, *operation)) return refuse(Code::kTokenScope, "Authorization");
  const auto before = row_before(request, gate.state(), identity.actor);
  QIAO_TRY(check_references(row, before.get(), identity.actor, gate.state()));
  QIAO_TRY(check_subject(command, identity, gate));
  if (request.has_move_match()) {
    QIAO_TRY(check_site_code(request.move_match(), gate, *command.mutable_move_match()));
  }
  return command;
}

// The operation of a part of a batch, or nothing if it has no body. Does not read its values.
std::optional<Operation> operation_asked(const pb::Request& request) {
  const auto* reflection = request.GetReflection();
  const auto* oneof = pb::Request::descriptor()->oneof_decl(0);
  const auto* field = reflection->GetOneofFieldDescriptor(request, oneof);
  if (field == nullptr) return std::nullopt;
  pb::Command command;
  if (request.has_disclose()) {
    *command.mutable_disclose() = request.disclose();
  } else if (request.has_erase()) {
    *command.mutable_erase() = request.erase();
  } else {
    const auto* same = pb::Command::descriptor()->FindFieldByNumber(field->number());
    command.GetReflection()->MutableMessage(&command, same);
  }
  return operation_of(command);
}

// The path of a field within a batch.
std::string at_command(int index, const std::string& field) {
  const std::string at = "commands[" + std::to_string(index) + "]";
  return field.empty() ? at : at + "." + field;
}

}  // namespace

Status check_references(const Message& row, const Message* before, const pb::Actor& actor,
                        const State& state) {
  // References that the row already has may stay, even if the sender may not see the rows.
  std::vector<std::pair<pb::RowKind, std::uint64_t>> kept;
  if (before != nullptr) {
    QIAO_TRY(visit_references(
        *before, [&](pb::RowKind kind, std::uint64_t id, const std::string& path) -> Status {
          if (path != "id") kept.emplace_back(kind, id);
          return outcome::success();
        }));
  }
  return visit_references(
      row, [&](pb::RowKind kind, std::uint64_t id, const std::string& path) -> Status {
        if (is_there(state, actor, kind, id)) return outcome::success();
        const bool stays =
            path != "id" && std::find(kept.begin(), kept.end(), std::pair(kind, id)) != kept.end();
        return stays ? Status(outcome::success()) : Status(not_there(kind, id, path));
      });
}

std::chrono::microseconds cost_of(const pb::BatchRequest& batch) {
  std::chrono::microseconds cost{0};
  for (const pb::Request& part : batch.commands()) {
    const auto operation = operation_asked(part);
    cost += cost_of(operation.value_or(Operation::kApplyBatch));
  }
  return cost;
}

Result<pb::Command> part_command_of(const pb::Request& part, const Identity& identity,
                                    const Gate& gate) {
  if (part.has_batch()) return refuse(Code::kNotSettable, "batch");
  QIAO_TRY(auto command, single_command_of(part, identity, gate));
  command.clear_actor();
  return command;
}

Result<pb::Command> command_of(const pb::Request& request, const Identity& identity,
                               const Gate& gate) {
  if (!request.has_batch()) return single_command_of(request, identity, gate);
  const auto& items = request.batch().commands();
  if (items.size() > kMaxRequestsPerBatch)
    return refuse(Code::kTooMany, "commands", std::to_string(kMaxRequestsPerBatch));
  pb::Command command;
  *command.mutable_actor() = identity.actor;
  command.set_expected_version(request.expected_version());
  command.mutable_batch();
  for (int i = 0; i < items.size(); ++i) {
    auto part = part_command_of(items[i], identity, gate);
    if (!part) {
      Refusal refusal = std::move(part).error();
      refusal.field = at_command(i, refusal.field);
      return refusal;
    }
    *command.mutable_batch()->add_commands() = std::move(part).value();
  }
  return command;
}

}  // namespace qiao
