#include "server/http/feed.h"

#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <charconv>

#include "server/api/params.h"
#include "server/json/json.h"

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

// Events read from disk at a time for a watcher that is behind the ring.
constexpr std::size_t kCatchUp = 256;
// What a watcher may send at most: nothing is expected.
constexpr std::size_t kMaxFrame = 4096;
// Enough for some hundred events on their way; more would only hide from us that somebody does not read.
constexpr int kSendBuffer = 128 << 10;

}  // namespace

class WatchSession : public std::enable_shared_from_this<WatchSession> {
 public:
  WatchSession(Feed& feed, Connection connection, WatchRequest request)
      : feed_(feed), socket_(std::move(connection)), request_(std::move(request)), next_(request_.after ? *request_.after + 1 : feed.last_ + 1) {}

  void start(const std::string& upgrade) {
    error_code error;
    beast::http::request_parser<beast::http::string_body> parser;
    parser.put(asio::buffer(upgrade), error);
    if (error) return gone();
    socket_.next_layer().socket().set_option(asio::ip::tcp::no_delay(true), error);
    socket_.next_layer().socket().set_option(asio::socket_base::send_buffer_size(kSendBuffer), error);
    websocket::stream_base::timeout timeout{std::chrono::seconds{10}, std::chrono::seconds{60}, true};
    socket_.set_option(timeout);
    socket_.read_message_max(kMaxFrame);
    // One event, one frame.
    socket_.auto_fragment(false);
    handshake_ = parser.release();
    socket_.async_accept(handshake_, [self = shared_from_this()](const error_code& e) {
      if (e) return self->gone();
      self->open_ = true;
      if (self->feed_.closing_) return self->tell(websocket::close_code::going_away, "the server is stopping");
      self->read();
      self->pump();
    });
  }

  // Sends the next event that it wants, unless a write is under way.
  void pump() {
    if (!open_ || writing_ || closing_) return;
    while (true) {
      if (!caught_up_.empty()) {
        current_ = std::move(caught_up_.front());
        caught_up_.pop_front();
        return write(asio::buffer(current_));
      }
      if (next_ > feed_.last_) return;
      Feed::Item* item = feed_.in_ring(next_);
      if (item == nullptr) {
        if (!catch_up()) return tell(websocket::close_code::internal_error, "the journal cannot be read");
        continue;
      }
      ++next_;
      const Sight sight = feed_.wants(request_.filter, *item->event) ? feed_.sight(request_.reach, *item->event) : Sight::kNothing;
      if (sight == Sight::kNothing) continue;
      std::string& form = item->forms[(sight == Sight::kPublic ? 1 : 0) + (request_.binary ? 2 : 0)];
      if (form.empty()) {
        thread_local pb::Event event;
        event.ParseFromArray(item->event->bytes.data(), static_cast<int>(item->event->bytes.size()));
        form = feed_.render(event, sight, request_.binary);
      }
      // Kept here as well, so that the ring can move on while it is being sent.
      current_ = form;
      return write(asio::buffer(current_));
    }
  }

  // Called every second.
  void sweep(std::chrono::steady_clock::time_point now) {
    if (writing_ && now - write_began_ > 2 * feed_.options_.slow) {
      feed_.metrics_.watchers_dropped.add();
      drop();
    }
    if (closing_ && now > close_by_) drop();
    if (is_set(request_.reach.expires) && std::chrono::system_clock::now() >= request_.reach.expires) end();
  }

  // What it came in with is not good any more.
  void end() { tell(websocket::close_code::policy_error, "the session has ended; log in again"); }
  const Reach& reach() const { return request_.reach; }

  // A close frame, and not more than a moment for the other side to answer it.
  void tell(websocket::close_code code, const char* why) {
    if (!open_ || closing_) return;
    closing_ = true;
    close_by_ = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    why_ = {code, why};
    if (!writing_) send_close();
  }

  bool is_gone() const { return gone_; }

 private:
  // Reads on from disk until something is wanted or the ring is reached.
  bool catch_up() {
    const Seq ring_begin = feed_.ring_.empty() ? feed_.last_ + 1 : feed_.ring_.front().event->seq;
    std::size_t looked_at = 0;
    thread_local pb::Event event;
    const auto read = feed_.store_.read_journal(next_ - 1, std::min(feed_.last_, ring_begin - 1), [&](Seq seq, std::string_view bytes) {
      next_ = seq + 1;
      event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
      const Published p = outline_of(event);
      const Sight sight = feed_.wants(request_.filter, p) ? feed_.sight(request_.reach, p) : Sight::kNothing;
      if (sight != Sight::kNothing) caught_up_.push_back(feed_.render(event, sight, request_.binary));
      return ++looked_at < kCatchUp;
    });
    return read && looked_at > 0;
  }

  void read() {
    socket_.async_read(incoming_, [self = shared_from_this()](const error_code& e, std::size_t) {
      if (e == websocket::error::message_too_big) return self->tell(websocket::close_code::too_big, "frames are not expected");
      if (e) return self->gone();
      self->incoming_.clear();
      self->tell(websocket::close_code::unknown_data, "frames are not expected");
      self->read();  // for the answer to the close frame
    });
  }

  void write(asio::const_buffer bytes) {
    writing_ = true;
    write_began_ = std::chrono::steady_clock::now();
    socket_.binary(request_.binary);
    socket_.async_write(bytes, [self = shared_from_this()](const error_code& e, std::size_t) {
      self->writing_ = false;
      if (e) return self->gone();
      self->feed_.metrics_.watch_events_sent.add();
      if (self->closing_) return self->send_close();
      if (std::chrono::steady_clock::now() - self->write_began_ > self->feed_.options_.slow) {
        self->feed_.metrics_.watchers_dropped.add();
        return self->tell(websocket::close_code::try_again_later, "too slow; reconnect with after = the last seq you saw");
      }
      self->pump();
    });
  }

  void send_close() {
    socket_.async_close({why_.first, why_.second}, [self = shared_from_this()](const error_code&) { self->gone(); });
  }

  void drop() {
    socket_.next_layer().close();
    gone();
  }

  void gone() {
    if (gone_) return;
    gone_ = true;
    open_ = false;
    feed_.metrics_.watchers.add(-1);
  }

  Feed& feed_;
  websocket::stream<Connection> socket_;
  WatchRequest request_;
  Seq next_;
  beast::http::request<beast::http::string_body> handshake_;
  beast::flat_buffer incoming_;
  std::deque<std::string> caught_up_;
  std::string current_;
  std::chrono::steady_clock::time_point write_began_;
  std::chrono::steady_clock::time_point close_by_;
  std::pair<websocket::close_code, const char*> why_{};
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool gone_ = false;
};

Feed::Feed(asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options, Seq last,
           std::vector<Area> tree)
    : context_(context), store_(store), metrics_(metrics), options_(options), last_(last), sweeper_(context) {
  for (Area& area : tree) areas_[area.code] = std::move(area);
  sweep();
}

Feed::~Feed() = default;

void Feed::publish(std::vector<std::shared_ptr<const Published>> events) {
  asio::post(context_, [this, events = std::move(events)]() mutable {
    for (auto& event : events) {
      QIAO_CHECK(event->seq == last_ + 1, "the feed has no hole");
      last_ = event->seq;
      if (event->kind == pb::EVENT_KIND_AREA_CHANGED) {
        pb::Event parsed;
        parsed.ParseFromString(event->bytes);
        areas_[event->area] = {event->area, AreaCode{parsed.area().parent_code()}, parsed.area().name()};
      }
      if (event->row == pb::Event::kGrant || event->row == pb::Event::kAccount) end_watches(*event);
      ring_.push_back({std::move(event), {}});
    }
    while (ring_.size() > options_.ring) ring_.pop_front();
    for (std::size_t i = 0; i < sessions_.size();) {
      if (sessions_[i]->is_gone()) {
        sessions_[i] = std::move(sessions_.back());
        sessions_.pop_back();
        continue;
      }
      sessions_[i++]->pump();
    }
  });
}

void Feed::take_over(Connection::Parcel connection, std::string upgrade, WatchRequest request) {
  metrics_.watchers.add(1);
  asio::post(context_, [this, connection, upgrade = std::move(upgrade), request = std::move(request)]() mutable {
    auto session = std::make_shared<WatchSession>(*this, Connection(context_, connection), std::move(request));
    sessions_.push_back(session);
    session->start(upgrade);
  });
}

void Feed::close_all() {
  asio::post(context_, [this] {
    closing_ = true;
    for (const auto& s : sessions_) s->tell(websocket::close_code::going_away, "the server is stopping");
  });
}

bool Feed::wants(const WatchFilter& filter, const Published& event) const {
  if (filter.party && *filter.party != event.party) return false;
  if (filter.need && *filter.need != event.need) return false;
  if (!filter.kinds.empty() && std::find(filter.kinds.begin(), filter.kinds.end(), event.kind) == filter.kinds.end()) return false;
  return !filter.area || within(event.area, *filter.area);
}

bool Feed::within(AreaCode area, AreaCode ancestor) const {
  for (int depth = 0; area && depth < 8; ++depth) {
    if (area == ancestor) return true;
    const auto it = areas_.find(area);
    if (it == areas_.end()) return false;
    area = it->second.parent;
  }
  return false;
}

// The same as View decides for rows, by what an event carries.
Sight Feed::sight(const Reach& reach, const Published& event) const {
  if (reach.all) return Sight::kWhole;
  switch (event.row) {
    case pb::Event::kTaxonomy:
    case pb::Event::kPolicy:
    case pb::Event::kArea: return Sight::kWhole;
    case pb::Event::kNeed:
      if (reach.area && within(event.area, reach.area)) return Sight::kWhole;
      if (reach.resident_ref != 0 && reach.resident_ref == event.resident_ref) return Sight::kWhole;
      return event.opened ? Sight::kPublic : Sight::kNothing;
    case pb::Event::kParty:
    case pb::Event::kPerson:
    case pb::Event::kOffer:
    case pb::Event::kMatch:
    case pb::Event::kNotification:
      if (reach.area && within(event.area, reach.area)) return Sight::kWhole;
      return reach.party && reach.party == event.party ? Sight::kWhole : Sight::kNothing;
    default: return Sight::kNothing;
  }
}

std::string Feed::render(pb::Event event, Sight sight, bool binary) const {
  if (sight == Sight::kPublic) {
    make_public(*event.mutable_need(), true);
    // Nor who it was that asked.
    event.clear_actor();
  } else {
    mask_event(event, [this](std::uint64_t code) {
      const auto it = areas_.find(AreaCode{code});
      return it == areas_.end() ? std::string() : it->second.name;
    });
  }
  return binary ? event.SerializeAsString() : to_json(event);
}

void Feed::end_watches(const Published& published) {
  pb::Event event;
  event.ParseFromString(published.bytes);
  for (const auto& s : sessions_) {
    const Reach& reach = s->reach();
    // A session's row that is used again was another's before.
    if (event.has_grant() && event.grant().id() == reach.grant_id) s->end();
    if (event.has_account() && event.account().id() == reach.account_id && event.account().disabled()) s->end();
  }
}

Feed::Item* Feed::in_ring(Seq seq) {
  if (ring_.empty() || seq < ring_.front().event->seq) return nullptr;
  return &ring_[seq - ring_.front().event->seq];
}

void Feed::sweep() {
  sweeper_.expires_after(std::chrono::seconds{1});
  sweeper_.async_wait([this](const error_code& error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& s : sessions_) s->sweep(now);
    std::erase_if(sessions_, [](const auto& s) { return s->is_gone(); });
    sweep();
  });
}

Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept) {
  WatchRequest request;
  request.binary = accept.find("application/x-protobuf") != std::string_view::npos;
  QIAO_TRY(const auto params, parse_params(target));
  for (const auto& [name, value] : params) {
    auto number = [&name = name, &value = value]() -> Result<std::uint64_t> {
      std::uint64_t v = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), v);
      if (error != std::errc{} || end != value.data() + value.size()) return refuse_type(name, "integer");
      return v;
    };
    if (name == "after") {
      QIAO_TRY(auto v, number());
      request.after = v;
    } else if (name == "area") {
      QIAO_TRY(auto v, number());
      request.filter.area = AreaCode{v};
    } else if (name == "party") {
      QIAO_TRY(auto v, number());
      request.filter.party = PartyId{v};
    } else if (name == "need") {
      QIAO_TRY(auto v, number());
      request.filter.need = NeedId{v};
    } else if (name == "kind") {
      for (std::size_t from = 0; from <= value.size();) {
        const auto to = std::min(value.find(',', from), value.size());
        std::string word = value.substr(from, to - from);
        for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        pb::EventKind kind{};
        if (!pb::EventKind_Parse(word, &kind) && !pb::EventKind_Parse("EVENT_KIND_" + word, &kind)) return refuse(Code::kOutOfRange, "kind", "EventKind");
        request.filter.kinds.push_back(kind);
        from = to + 1;
      }
    } else {
      return refuse(Code::kUnknownField, name);
    }
  }
  return request;
}

Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state) {
  Reach reach;
  const pb::Actor& actor = identity.actor;
  reach.account_id = actor.account_id();
  reach.expires = identity.expires;
  if (identity.grant != kNoSlot) reach.grant_id = state.grants()[identity.grant].id.value();
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  switch (actor.role()) {
    case pb::ROLE_LEAD:
    case pb::ROLE_AUDITOR: reach.all = true; break;
    case pb::ROLE_ORGANISER:
      if (party != kNoSlot) reach.area = state.areas()[state.parties()[party].area].id;
      break;
    case pb::ROLE_SUPPLIER:
    case pb::ROLE_MEMBER: {
      const Slot wanted = filter.party ? state.parties().find(*filter.party) : party;
      if (wanted == kNoSlot || !in_party_of(actor, state, wanted)) return refuse(Code::kNotYours, "party");
      reach.party = state.parties()[wanted].id;
      break;
    }
    case pb::ROLE_RESIDENT: reach.resident_ref = actor.resident_ref(); break;
    default: break;
  }
  return reach;
}

Status check_watch(const WatchRequest& request, const State& state, Seq durable) {
  if (request.after && *request.after > durable) return refuse(Code::kOutOfRange, "after", "0.." + std::to_string(durable));
  const WatchFilter& f = request.filter;
  if (f.area && state.areas().find(*f.area) == kNoSlot) return refuse(Code::kUnknownArea, "area", std::to_string(f.area->value()));
  if (f.party && state.parties().find(*f.party) == kNoSlot) return refuse(Code::kUnknownParty, "party", std::to_string(f.party->value()));
  if (f.need && state.needs().find(*f.need) == kNoSlot) return refuse(Code::kUnknownNeed, "need", std::to_string(f.need->value()));
  return outcome::success();
}

}  // namespace qiao
