#include "server/api/import_rows.h"

#include <algorithm>

#include "engine/market/settable.h"
#include "engine/rows/marked.h"
#include "proto/json/json.h"
#include "server/access/secrets.h"
#include "server/access/view.h"
#include "server/api/subject.h"
#include "server/sheets/cell_values.h"
#include "server/store/numbers.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Copies the fields that differ between `before` and `after` to `into`. All three have the same
// type; the first two are consumed.
bool apply_changes(Message& before, Message& after, Message& into) {
  bool changed = false;
  const auto* r = into.GetReflection();
  const std::unique_ptr<Message> was(into.New());
  const std::unique_ptr<Message> is(into.New());
  for (int i = 0; i < into.GetDescriptor()->field_count(); ++i) {
    const auto* field = into.GetDescriptor()->field(i);
    was->Clear();
    is->Clear();
    r->SwapFields(&before, was.get(), {field});
    r->SwapFields(&after, is.get(), {field});
    if (was->SerializeAsString() == is->SerializeAsString()) continue;
    changed = true;
    r->SwapFields(&into, is.get(), {field});
  }
  return changed;
}

std::uint64_t key_of(const Sheet& sheet, const Message& m) {
  return m.GetReflection()->GetUInt64(m, m.GetDescriptor()->FindFieldByName(sheet.key()));
}

int state_of(const Sheet& sheet, const Message& m) {
  const auto* field = m.GetDescriptor()->FindFieldByName(sheet.state());
  return m.GetReflection()->GetEnumValue(m, field);
}

std::string name_of(const Sheet& sheet, const Message& m) {
  return m.GetReflection()->GetString(m, m.GetDescriptor()->FindFieldByName(sheet.title()));
}

bool is_need(const Message& m) { return m.GetDescriptor() == pb::Need::descriptor(); }
bool is_party(const Message& m) { return m.GetDescriptor() == pb::Party::descriptor(); }

// Keeps only the fields that a client may set.
void clear_market_fields(Message& row) {
  const std::unique_ptr<Message> settable(row.New());
  copy_settable(row, *settable);
  row.GetReflection()->Swap(&row, settable.get());
  if (!is_need(row)) return;
  for (auto& line : *static_cast<pb::Need&>(row).mutable_lines()) line.clear_held();
}

// What differs between kinds of row: their type, their place in the state, and who may see them.
struct Kind {
  const google::protobuf::Descriptor* type;
  pb::RowKind row;
  pb::Event::RowCase event;
  Operation get;
};
Kind kind_of(const Sheet& sheet) {
  const std::string_view name = sheet.collection();
  if (name == "areas") return {pb::Area::descriptor(), {}, pb::Event::kArea, Operation::kGetArea};
  if (name == "parties")
    return {pb::Party::descriptor(), pb::ROW_KIND_PARTY, pb::Event::kParty, Operation::kGetParty};
  if (name == "offers")
    return {pb::Offer::descriptor(), pb::ROW_KIND_OFFER, pb::Event::kOffer, Operation::kGetOffer};
  return {pb::Need::descriptor(), pb::ROW_KIND_NEED, pb::Event::kNeed, Operation::kGetNeed};
}

// A canonical text of the cells, independent of the file format. Row numbers are left out, because
// inserting a row before them changes them.
std::string content_of(const std::vector<Cells>& rows) {
  std::string content;
  for (const Cells& row : rows) {
    for (const auto& [column, text] : row) {
      if (column == "key" || text.empty()) continue;
      content += big_endian(column.size()) + column + big_endian(text.size()) + text;
    }
    content += big_endian(0);
  }
  return content;
}

// The row of the item that holds the line which the field belongs to.
std::size_t line_of(const std::string& field) {
  const auto at = field.find("lines[");
  return at == std::string::npos ? 0 : std::strtoul(field.c_str() + at + 6, nullptr, 10);
}

}  // namespace

ImportItem ImportRows::read(std::size_t place) {
  ImportItem item;
  order_.json_lines ? read_json(place, item) : read_cells(place, item);
  return item;
}

void ImportRows::refuse_item(ImportItem& item, const Refusal& refusal) const {
  item.outcome = pb::IMPORT_OUTCOME_REFUSED;
  item.refusal = refusal;
  if (item.refused_row == 0)
    item.refused_row = item.rows[std::min(line_of(refusal.field), item.rows.size() - 1)];
  if (order_.json_lines) return;
  const bool is_column = sheet_.column(refusal.field) != nullptr;
  item.column =
      file_.headings.at_fault(is_column ? refusal.field : column_at_fault(sheet_, refusal.field));
}

bool ImportRows::refuse_second(RowOfKey& rows, const std::string& key, const char* column,
                               ImportItem& item) const {
  const auto [first, fresh] = rows.try_emplace(key, item.rows.front());
  if (fresh) return false;
  const std::string row = std::to_string(first->second);
  refuse_item(item, refuse(Code::kDuplicate, column, key + " (row " + row + ")",
                           key + "（第" + row + "行）"));
  return true;
}

std::unique_ptr<Message> ImportRows::existing(std::uint64_t id) const {
  const Kind kind = kind_of(sheet_);
  const State& state = gate_.state();
  const bool there = sheet_.is_own_key() ? state.areas().find(AreaCode{id}) != kNoSlot
                                         : is_there(state, identity_.actor, kind.row, id);
  if (order_.as_new || id == 0 || !there) return nullptr;
  const View view(state, identity_.actor, scope_of(state, kind.get, identity_.actor));
  return show(state, Subject{.kind = kind.event, .key = id}, view);
}

// Values without a column in the file, and an empty state, keep their current value.
void ImportRows::keep_what_has_no_column(const std::vector<Cells>& now,
                                         std::vector<Cells>& rows) const {
  for (std::size_t i = 0; i < rows.size() && i < now.size(); ++i) {
    for (const auto& [column, text] : now[i]) {
      const bool is_state = sheet_.state() != nullptr && column == sheet_.state();
      const bool in_file = file_.headings.has(column) || file_.headings.at_fault(column) != column;
      if (!in_file || (is_state && rows[i][column].empty())) rows[i][column] = text;
    }
  }
}

// One invalid row refuses the whole item.
void ImportRows::read_cells(std::size_t place, ImportItem& item) {
  const ImportGroup& group = file_.groups[place];
  std::vector<Cells> rows;
  for (std::size_t i = 0; i < group.count; ++i) {
    item.rows.push_back(file_.table.rows[group.first + i].number);
    rows.push_back(file_.cells(group.first + i));
    if (order_.as_new && !sheet_.is_own_key()) rows.back().erase(sheet_.key());
  }
  item.name = rows.front()[sheet_.title()];
  const std::string& number = rows.front()["key"];
  if (!number.empty() && refuse_second(row_of_number_, number, "key", item)) return;
  const std::string content = content_of(rows);
  const auto empty = sheet_.fresh();
  if (is_party(*empty) && !context_.parties.find(rows.front()["parent"])) {
    item.parent = file_.parties.find(rows.front()["parent"]);
    if (item.parent) rows.front()["parent"].clear();
  }
  const std::string& key = rows.front()[sheet_.key()];
  const auto id = key.empty() ? Result<std::int64_t>(0) : read_whole(key, {}, sheet_.key());
  if (!id) return refuse_item(item, id.error());
  const auto known = existing(static_cast<std::uint64_t>(id.value()));
  const auto before = sheet_.fresh();
  std::size_t row = 0;
  if (known) {
    const std::vector<Cells> now = sheet_.write(*known, context_);
    if (const auto read = sheet_.read(now, context_, *before, row); !read)
      return refuse_item(item, read.error());
    keep_what_has_no_column(now, rows);
  }
  const auto after = sheet_.fresh();
  if (const auto read = sheet_.read(rows, context_, *after, row); !read) {
    item.refused_row = item.rows[row];
    return refuse_item(item, read.error());
  }
  decide(item, known.get(), *before, *after, content);
}

void ImportRows::read_json(std::size_t place, ImportItem& item) {
  const TableRow& line = file_.lines[file_.groups[place].first];
  item.rows = {line.number};
  const auto after = sheet_.fresh();
  if (const auto read = from_json(line.cells.front(), *after); !read)
    return refuse_item(item, read.error());
  item.name = name_of(sheet_, *after);
  const auto known = existing(key_of(sheet_, *after));
  const auto before = sheet_.fresh();
  if (known) {
    before->CopyFrom(*known);
  } else if (!order_.as_new && !sheet_.is_own_key() && key_of(sheet_, *after) != 0) {
    // It references parties by their ids in the database that it was exported from.
    return refuse_item(item,
                       refuse(Code::kNotFound, "id",
                              "such thing here; move it as CSV, or create a new one with --new",
                              "此编号；请用CSV迁移，或用 --new 新建"));
  }
  decide(item, known.get(), *before, *after, line.cells.front());
}

// Decides the outcome of an item, given the current row, if any: `before` is that row as the file's
// columns can express it.
void ImportRows::decide(ImportItem& item, const Message* known, Message& before, Message& after,
                        const std::string& content) {
  if (known == nullptr) return make(item, after, content);
  item.id = key_of(sheet_, after);
  if (refuse_second(row_of_key_, std::to_string(item.id), sheet_.key(), item)) return;
  item.changes = true;
  if (sheet_.state() != nullptr && state_of(sheet_, before) != state_of(sheet_, after))
    return refuse_item(item, refuse(Code::kNotSettable, sheet_.state()));
  const std::unique_ptr<Message> changed(known->New());
  changed->CopyFrom(*known);
  clear_market_fields(before);
  clear_market_fields(after);
  if (!apply_changes(before, after, *changed)) {
    item.outcome = pb::IMPORT_OUTCOME_UNCHANGED;
    return;
  }
  item.request = std::make_unique<pb::Request>(sheet_.request_of(*changed));
  item.request->set_expected_version(changed->GetReflection()->GetUInt64(
      *changed, changed->GetDescriptor()->FindFieldByName("version")));
}

bool ImportRows::is_empty_database() const {
  const State& state = gate_.state();
  const Kind kind = kind_of(sheet_);
  if (kind.row == pb::ROW_KIND_PARTY) return state.parties().size() == 0;
  if (kind.row == pb::ROW_KIND_OFFER) return state.offers().size() == 0;
  return state.needs().size() == 0;
}

void ImportRows::make(ImportItem& item, Message& thing, const std::string& content) {
  const bool named = key_of(sheet_, thing) != 0 && !sheet_.is_own_key();
  if (named && !is_empty_database()) {
    return refuse_item(
        item, refuse(Code::kNotFound, sheet_.key(), "such thing here; --new creates a new one",
                     "此编号；加 --new 则新建"));
  }
  const std::string key = std::to_string(key_of(sheet_, thing));
  const bool keyed = named || sheet_.is_own_key();
  if (keyed && refuse_second(row_of_key_, key, sheet_.key(), item)) return;
  if (!sheet_.can_be_made(thing)) {
    item.outcome = pb::IMPORT_OUTCOME_LEFT_OUT;
    return;
  }
  if (is_party(thing)) {
    const int standing = state_of(sheet_, thing);
    item.suspend = standing == pb::STANDING_PENDING || standing == pb::STANDING_SUSPENDED;
  }
  if (!sheet_.is_own_key()) {
    thing.GetReflection()->ClearField(&thing, thing.GetDescriptor()->FindFieldByName("id"));
    item.response_key = response_key(content);
  }
  if (named || order_.as_new) leave_out_masked(thing);
  item.request = std::make_unique<pb::Request>(sheet_.request_of(thing));
}

// A masked telephone number is not valid, and the name of a community is not an address.
void ImportRows::leave_out_masked(Message& thing) {
  std::string community;
  if (is_need(thing)) {
    const auto& need = static_cast<const pb::Need&>(thing);
    const Slot area = gate_.state().areas().find(AreaCode{need.area_code()});
    if (!need.address().empty() && area != kNoSlot) community = gate_.state().area_name(area);
  }
  visit_marked(
      thing, [&](const MarkedField& field, const std::string& value) -> std::optional<std::string> {
        const bool is_community = field.name == "address" && value == community;
        if (value.find('*') == std::string::npos && !is_community) return std::nullopt;
        ++masked_;
        return std::string();
      });
}

// The key includes the account. It contains a zero byte, so that no Idempotency-Key of a request
// can equal it.
std::string ImportRows::response_key(const std::string& content) {
  std::string text = order_.sheet->collection();
  for (const std::string& part : {order_.key, identity_.actor.SerializeAsString(), content})
    text += big_endian(part.size()) + part;
  const SecretHash digest = hash_secret(text);
  const std::uint64_t repeat = ++repeats_[digest];
  const SecretHash hash =
      hash_secret(std::string(digest.begin(), digest.end()) + big_endian(repeat));
  return big_endian(identity_.actor.account_id()) + std::string("\0import", 7) +
         std::string(hash.begin(), hash.end());
}

}  // namespace qiao
