#include "server/api/import_run.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "server/access/view.h"
#include "server/api/command_of.h"
#include "server/background/slices.h"

namespace qiao {
namespace {

// Rows saved before the sender's access and limits are checked again. Each counts as a write.
constexpr std::size_t kRowsAtOnce = 50;
// The same for rows, areas and parties that are only read.
constexpr std::size_t kRowsCheckedAtOnce = 2'000;
// Wait this long while too many writes are waiting for the disk.
constexpr std::chrono::seconds kWaitForDisk{1};
// The maximum number of ancestors of an area: the city, a town, a community.
constexpr int kLevelsAbove = 3;

}  // namespace

ImportSender::ImportSender(const Identity& who, const Credentials& with)
    : identity(who),
      authorization(with.authorization),
      cookie(with.cookie),
      acting(with.acting),
      origin(with.origin),
      host(with.host),
      address(with.address),
      secure(with.secure) {}

Credentials ImportSender::credentials() const {
  return {.authorization = authorization,
          .cookie = cookie,
          .acting = acting,
          .origin = origin,
          .host = host,
          .address = address,
          .secure = secure,
          .changes = true};
}

ImportRun::ImportRun(boost::asio::io_context& context, Runtime& runtime, Gate& gate, Beside& beside,
                     std::uint64_t id, ImportOrder order, ImportSender sender)
    : context_(context),
      runtime_(runtime),
      gate_(gate),
      beside_(beside),
      id_(id),
      created_at_(to_int(runtime.now())),
      order_(std::move(order)),
      sender_(std::move(sender)) {}

void ImportRun::start(std::function<void()> checked) {
  checked_ = std::move(checked);
  state_ = pb::IMPORT_STATE_READING;
  struct Reading {
    ImportOrder order;
    std::optional<Result<ImportFile>> file;
  };
  auto reading = std::make_shared<Reading>();
  reading->order = std::move(order_);
  beside_.run([reading] { reading->file = read_import_file(reading->order); },
              [self = weak_from_this(), reading] {
                const auto run = self.lock();
                if (!run) return;
                run->order_ = std::move(reading->order);
                run->order_.bytes = {};
                run->on_read(std::move(*reading->file));
              });
}

void ImportRun::on_read(Result<ImportFile> file) {
  if (!file) return refuse_all(pb::IMPORT_STATE_REFUSED, file.error());
  file_ = std::move(file).value();
  if (file_.refusal) return refuse_all(pb::IMPORT_STATE_REFUSED, *file_.refusal);
  zone_ = runtime_.state().zone();
  words_ = runtime_.state().taxonomy();
  context_of_cells_.now = runtime_.now();
  context_of_cells_.areas = AreaNames(file_.area_names);
  items_.resize(file_.groups.size());
  requests_.resize(items_.size());
  rows_.emplace(order_, file_, context_of_cells_, gate_, sender_.identity);
  find_areas();
}

void ImportRun::walk(Walk walk) {
  walk_ = std::move(walk);
  boost::asio::post(context_, [self = weak_from_this()] {
    if (const auto run = self.lock()) run->take_steps();
  });
}

bool ImportRun::access_holds() {
  const auto who = gate_.identify(sender_.credentials());
  return who.good() && who.value.known() && gate_.covers(who.value, Operation::kCreateImport) &&
         who.value.actor.SerializeAsString() == sender_.identity.actor.SerializeAsString();
}

std::optional<std::chrono::seconds> ImportRun::time_to_wait(std::size_t changes) {
  const auto now = gate_.options().clock();
  if (auto wait = gate_.over_time(sender_.address, kSlice, now)) return wait;
  if (auto wait = gate_.over_time(sender_.identity, kSlice, now)) return wait;
  if (changes == 0) return std::nullopt;
  if (runtime_.overloaded()) return kWaitForDisk;
  return gate_.over_limit(sender_.identity, sender_.address, static_cast<double>(changes));
}

void ImportRun::wait(std::chrono::seconds time) {
  timer_.expires_after(time);
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto run = self.lock();
    if (run && !error) run->take_steps();
  });
}

void ImportRun::take_steps() {
  if (walk_.at == walk_.count) return std::exchange(walk_.done, {})();
  if (!access_holds())
    return refuse_all(pb::IMPORT_STATE_STOPPED, qiao::refuse(Code::kImportStopped));
  const std::size_t count = std::min(walk_.at_once, walk_.count - walk_.at);
  if (const auto time = time_to_wait(walk_.changes ? count : 0)) {
    // Others do not wait until the sender has time again.
    leave_place();
    return wait(*time);
  }
  const auto self = weak_from_this();
  in_slices(
      context_, count, [this](std::size_t) { walk_.step(walk_.at++); },
      [self, this] {
        boost::asio::post(context_, [self] {
          if (const auto run = self.lock()) run->take_steps();
        });
      },
      [self] { return !self.expired(); }, 1,
      [this](std::chrono::nanoseconds used) {
        gate_.charge_time(sender_.identity, sender_.address, used, gate_.options().clock());
      });
}

// Looks up the areas and parties that cells name.

void ImportRun::find_areas() {
  const std::size_t count = file_.area_names.empty() ? 0 : runtime_.state().areas().size();
  walk({.count = count,
        .at_once = kRowsCheckedAtOnce,
        .step =
            [this](std::size_t i) {
              const State& state = runtime_.state();
              const auto slot = static_cast<Slot>(i);
              const auto& area = state.areas()[slot];
              context_of_cells_.areas.add(area.id.value(), state.area_name(slot),
                                          area.level == pb::AREA_LEVEL_COMMUNITY);
            },
        .done = [this] { find_parties(); }});
}

void ImportRun::find_parties() {
  const std::size_t count = file_.party_names.empty() ? 0 : runtime_.state().parties().size();
  walk({.count = count,
        .at_once = kRowsCheckedAtOnce,
        .step =
            [this](std::size_t i) {
              const State& state = runtime_.state();
              const auto slot = static_cast<Slot>(i);
              const std::uint64_t id = state.parties()[slot].id.value();
              const pb::Actor& actor = sender_.identity.actor;
              if (!is_there(state, actor, pb::ROW_KIND_PARTY, id)) return;
              const View view(state, actor, scope_of(state, Operation::kGetParty, actor));
              const pb::Party party = view.show_party(slot);
              if (file_.party_names.contains(party.name()) ||
                  file_.party_names.contains(party.credit_code()))
                context_of_cells_.parties.add(id, party.name(), party.credit_code());
            },
        .done = [this] { read_rows(); }});
}

void ImportRun::read_rows() {
  walk({.count = items_.size(),
        .at_once = kRowsCheckedAtOnce,
        .step = [this](std::size_t place) { read_row(place); },
        .done =
            [this] {
              for (const auto& places : by_level_)
                in_order_.insert(in_order_.end(), places.begin(), places.end());
              check_rows();
            }});
}

void ImportRun::read_row(std::size_t place) {
  ImportItem& item = items_[place];
  item = rows_->read(place);
  ++counts_[item.outcome];
  if (item.parent || item.suspend) to_finish_.push_back(place);
  std::size_t level = 0;
  requests_[place] = std::move(item.request);
  if (requests_[place] && requests_[place]->has_put_area()) {
    const pb::Area& area = requests_[place]->put_area();
    level = std::clamp<std::size_t>(area.level(), 0, by_level_.size() - 1);
    area_at_.emplace(area.code(), place);
  }
  by_level_[level].push_back(place);
}

// Whether the same row was saved before with the same key.
bool ImportRun::is_repeated(ImportItem& item) const {
  if (item.response_key.empty()) return false;
  const auto first = runtime_.find_stored_response(item.response_key);
  if (!first) return false;
  item.id = first->stored.row_id();
  return true;
}

void ImportRun::check_rows() {
  state_ = pb::IMPORT_STATE_CHECKING;
  walk({.count = in_order_.size(),
        .at_once = kRowsCheckedAtOnce,
        .step = [this](std::size_t i) { check_row(in_order_[i]); },
        .done =
            [this] {
              parents_.assign(items_.size(), Parents::kNotKnown);
              walk({.count = items_.size(),
                    .at_once = kRowsCheckedAtOnce,
                    .step = [this](std::size_t place) { leave_out_orphan(place); },
                    .done = [this] { after_check(); }});
            }});
}

// The ancestors of an area that are in the file: without them the market would refuse it.
std::vector<const pb::Request*> ImportRun::areas_above(std::size_t place) const {
  std::vector<const pb::Request*> above;
  const pb::Request* request = requests_[place].get();
  for (int i = 0; i < kLevelsAbove && request->has_put_area(); ++i) {
    const auto at = area_at_.find(request->put_area().parent_code());
    if (at == area_at_.end() || !requests_[at->second]) break;
    request = requests_[at->second].get();
    above.insert(above.begin(), request);
  }
  return above;
}

// Whether the sender may make the party, once it is created, a branch of another row of the file:
// the parent has no id yet, so the market cannot check it.
Status ImportRun::check_parent_in_file(std::size_t place) const {
  const State& state = runtime_.state();
  const pb::Actor& actor = sender_.identity.actor;
  const Scope scope = scope_of(state, Operation::kUpdateParty, actor);
  if (scope == Scope::kNone) return qiao::refuse(Code::kRoleForbidden, "parent");
  if (!gate_.covers(sender_.identity, Operation::kUpdateParty))
    return qiao::refuse(Code::kTokenScope, "parent");
  // A supplier may not change a new party before it is a branch of its own.
  const bool is_new = requests_[place]->has_register_party();
  if (scope == Scope::kParty && is_new) return qiao::refuse(Code::kNotYours, "parent");
  return outcome::success();
}

void ImportRun::check_row(std::size_t place) {
  ImportItem& item = items_[place];
  if (!requests_[place]) return;
  if (is_repeated(item)) return set(item, pb::IMPORT_OUTCOME_REPEATED);
  // A party to be suspended is created first; its creation must not be all that happens.
  if (item.suspend && !gate_.covers(sender_.identity, Operation::kSuspendParty))
    return refuse(item, qiao::refuse(Code::kTokenScope, "standing"));
  if (item.parent) {
    if (const Status may = check_parent_in_file(place); !may) return refuse(item, may.error());
  }
  pb::Batch batch;
  auto parts = areas_above(place);
  const auto own = static_cast<int>(parts.size());
  parts.push_back(requests_[place].get());
  for (const pb::Request* part : parts) {
    auto command = part_command_of(*part, sender_.identity, gate_);
    if (!command) return refuse(item, command.error());
    *batch.add_commands() = std::move(command).value();
  }
  const auto refused = runtime_.check(batch, sender_.identity.actor);
  if (!refused) return refuse(item, refused.error());
  for (const auto& r : refused.value()) {
    if (r.index == own) return refuse(item, r.refusal);
  }
  set(item, pb::IMPORT_OUTCOME_READY);
  to_save_.push_back(place);
}

// Refuses a party whose parent in the file is refused, and the parties below it.
void ImportRun::leave_out_orphan(std::size_t place) {
  std::vector<std::size_t> path;
  std::size_t at = place;
  Parents found = Parents::kThere;
  while (true) {
    if (items_[at].outcome == pb::IMPORT_OUTCOME_REFUSED) found = Parents::kMissing;
    if (parents_[at] != Parents::kNotKnown) {
      found = found == Parents::kMissing ? found : parents_[at];
      break;
    }
    path.push_back(at);
    parents_[at] = Parents::kThere;  // ends a cycle
    if (found == Parents::kMissing || !items_[at].parent) break;
    at = *items_[at].parent;
  }
  for (const std::size_t i : path) {
    parents_[i] = found;
    if (found == Parents::kMissing && items_[i].outcome != pb::IMPORT_OUTCOME_REFUSED) {
      refuse(items_[i], qiao::refuse(Code::kNotFound, "parent", "such party: its row was refused",
                                     "上级单位：其所在行有误"));
    }
  }
}

void ImportRun::after_check() {
  if (order_.check) return end(pb::IMPORT_STATE_DONE);
  if (counts_[pb::IMPORT_OUTCOME_REFUSED] > 0 && !order_.skip_bad)
    return end(pb::IMPORT_STATE_REFUSED);
  save_rows();
}

void ImportRun::leave_place() {
  if (checked_) boost::asio::post(context_, std::exchange(checked_, {}));
}

void ImportRun::save_rows() {
  leave_place();
  state_ = pb::IMPORT_STATE_SAVING;
  walk({.count = to_save_.size(),
        .at_once = kRowsAtOnce,
        .changes = true,
        .step = [this](std::size_t i) { save_row(to_save_[i]); },
        .done = [this] { follow_up(); }});
}

Result<Applied> ImportRun::apply(const pb::Request& request, const std::string& response_key) {
  QIAO_TRY(const auto command, command_of(request, sender_.identity, gate_));
  if (response_key.empty()) return runtime_.apply(command);
  const Runtime::KeyedResponse keyed{
      response_key, [](const Applied& applied) {
        Runtime::ResponseToStore to_store;
        to_store.response.set_status(201);
        to_store.response.set_row_kind(applied.subjects.front().kind);
        to_store.response.set_row_id(applied.subjects.front().key);
        to_store.message = std::make_unique<pb::ImportRow>();
        return to_store;
      }};
  return runtime_.apply(command, &keyed);
}

void ImportRun::save_row(std::size_t place) {
  ImportItem& item = items_[place];
  if (item.outcome != pb::IMPORT_OUTCOME_READY) return;
  if (is_repeated(item)) return set(item, pb::IMPORT_OUTCOME_REPEATED);
  const auto applied = apply(*requests_[place], item.response_key);
  if (!applied) return refuse(item, applied.error());
  const bool made = item.id == 0;
  item.id = applied.value().subjects.front().key;
  set(item, made ? pb::IMPORT_OUTCOME_CREATED : pb::IMPORT_OUTCOME_CHANGED);
}

// Commands that need the ids of the new parties: setting their parents, and suspending some.
void ImportRun::follow_up() {
  walk({.count = to_finish_.size(),
        .at_once = kRowsAtOnce,
        .changes = true,
        .step = [this](std::size_t i) { finish_party(to_finish_[i]); },
        .done = [this] { end(pb::IMPORT_STATE_DONE); }});
}

void ImportRun::finish_party(std::size_t place) {
  ImportItem& item = items_[place];
  const State& state = runtime_.state();
  const Slot slot = state.parties().find(PartyId{item.id});
  const bool saved = item.outcome != pb::IMPORT_OUTCOME_REFUSED && slot != kNoSlot;
  if (!saved) return;
  const pb::Actor& actor = sender_.identity.actor;
  pb::Party party =
      View(state, actor, scope_of(state, Operation::kGetParty, actor)).show_party(slot);
  std::optional<Refusal> refusal;
  const auto command = [&](const pb::Request& request) {
    if (const auto applied = apply(request, {}); !applied) refusal = applied.error();
  };
  if (item.parent && party.parent_id() != items_[*item.parent].id) {
    pb::Request request;
    party.set_parent_id(items_[*item.parent].id);
    *request.mutable_update_party() = std::move(party);
    command(request);
  }
  // Also if its parent was refused: the file must not make a suspended party active.
  if (item.suspend && state.parties()[slot].standing == pb::STANDING_ACTIVE) {
    pb::Request request;
    request.mutable_set_standing()->set_party_id(item.id);
    request.mutable_set_standing()->set_standing(pb::STANDING_SUSPENDED);
    command(request);
  }
  if (refusal) refuse(item, *refusal);
}

void ImportRun::set(ImportItem& item, pb::ImportOutcome outcome) {
  --counts_[item.outcome];
  ++counts_[outcome];
  if (item.changes && item.outcome == pb::IMPORT_OUTCOME_READY) --ready_changes_;
  if (item.changes && outcome == pb::IMPORT_OUTCOME_READY) ++ready_changes_;
  item.outcome = outcome;
}

void ImportRun::refuse(ImportItem& item, const Refusal& refusal) {
  set(item, pb::IMPORT_OUTCOME_REFUSED);
  rows_->refuse_item(item, refusal);
}

void ImportRun::refuse_all(pb::ImportState state, const Refusal& refusal) {
  refusal_ = refusal;
  end(state);
}

void ImportRun::end(pb::ImportState state) {
  state_ = state;
  ended_at_ = to_int(runtime_.now());
  walk_ = {};
  // Only the outcomes are still needed.
  using Used = std::pair<ImportFile, std::vector<std::unique_ptr<pb::Request>>>;
  const auto used =
      std::make_shared<Used>(std::exchange(file_, ImportFile()), std::exchange(requests_, {}));
  file_.headings = used->first.headings;
  file_.table.sheets = used->first.table.sheets;
  file_.table.sheet = used->first.table.sheet;
  file_.preview = std::move(used->first.preview);
  file_.rows = used->first.rows;
  beside_.let_go(used);
  leave_place();
}

pb::Import ImportRun::summary() const {
  pb::Import m;
  m.set_id(id_);
  m.set_kind(order_.sheet->collection());
  m.set_state(state_);
  m.set_check(order_.check);
  m.set_as_new(order_.as_new);
  m.set_skip_bad(order_.skip_bad);
  m.set_rows(file_.rows);
  m.set_steps(walk_.count);
  m.set_steps_done(walk_.at);
  m.set_ready(counts_[pb::IMPORT_OUTCOME_READY]);
  m.set_ready_changes(ready_changes_);
  m.set_created(counts_[pb::IMPORT_OUTCOME_CREATED]);
  m.set_changed(counts_[pb::IMPORT_OUTCOME_CHANGED]);
  m.set_unchanged(counts_[pb::IMPORT_OUTCOME_UNCHANGED]);
  m.set_repeated(counts_[pb::IMPORT_OUTCOME_REPEATED]);
  m.set_left_out(counts_[pb::IMPORT_OUTCOME_LEFT_OUT]);
  m.set_refused(counts_[pb::IMPORT_OUTCOME_REFUSED]);
  if (rows_) m.set_masked(rows_->masked());
  for (const std::string& name : file_.table.sheets) m.add_sheets(name);
  m.set_sheet(file_.table.sheet);
  m.set_heading_row(file_.headings.row);
  for (std::size_t i = 0; i < file_.headings.columns.size(); ++i) {
    pb::ImportColumn& column = *m.add_columns();
    column.set_letter(column_letter(i));
    if (i < file_.headings.texts.size()) column.set_heading(file_.headings.texts[i]);
    if (file_.headings.columns[i] != nullptr) column.set_column(file_.headings.columns[i]->en);
  }
  if (refusal_) {
    m.set_code(std::string(info(refusal_->code).code));
    m.set_field(refusal_->field);
    m.set_zh(refusal_->zh());
    m.set_en(refusal_->en());
  }
  m.set_created_at(created_at_);
  m.set_ended_at(ended_at_);
  return m;
}

void ImportRun::add_layout(pb::Import& into) const {
  for (const SheetColumn& column : order_.sheet->columns()) {
    pb::ImportField& field = *into.add_fields();
    field.set_column(column.en);
    field.set_zh(column.zh);
    field.set_required(column.required);
  }
  if (file_.preview.empty()) return;
  for (const SheetColumn* column : missing_columns(file_.headings, *order_.sheet))
    into.add_missing(column->en);
  for (const TableRow& row : file_.preview) {
    pb::ImportPreview& shown = *into.add_preview();
    shown.set_row(row.number);
    for (const std::string& cell : row.cells) shown.add_cells(cell);
  }
}

std::optional<std::size_t> ImportRun::add_results(std::size_t first, std::size_t most,
                                                  std::optional<pb::ImportOutcome> outcome,
                                                  pb::Import& into) const {
  for (std::size_t i = first; i < items_.size(); ++i) {
    const ImportItem& item = items_[i];
    if (item.outcome == pb::IMPORT_OUTCOME_UNSPECIFIED) continue;
    if (outcome && item.outcome != *outcome) continue;
    if (most-- == 0) return i;
    pb::ImportRow& row = *into.add_results();
    row.set_row(item.refused_row != 0 ? item.refused_row : item.rows.front());
    row.set_outcome(item.outcome);
    row.set_id(item.id);
    row.set_name(item.name);
    if (!item.refusal) continue;
    row.set_column(item.column);
    row.set_code(std::string(info(item.refusal->code).code));
    row.set_field(item.refusal->field);
    row.set_zh(item.refusal->zh());
    row.set_en(item.refusal->en());
  }
  return std::nullopt;
}

}  // namespace qiao
