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
  WatchSession(Feed& feed, asio::ip::tcp::socket socket, WatchRequest request)
      : feed_(feed), socket_(std::move(socket)), request_(std::move(request)), next_(request_.after ? *request_.after + 1 : feed.last_ + 1) {}

  void start(const std::string& upgrade) {
    error_code error;
    beast::http::request_parser<beast::http::string_body> parser;
    parser.put(asio::buffer(upgrade), error);
    if (error) return gone();
    socket_.next_layer().set_option(asio::ip::tcp::no_delay(true), error);
    socket_.next_layer().set_option(asio::socket_base::send_buffer_size(kSendBuffer), error);
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
      if (!feed_.wants(request_.filter, *item->event)) continue;
      if (request_.binary) {
        held_ = item->event;
        return write(asio::buffer(held_->bytes));
      }
      if (item->json.empty()) item->json = json_of(item->event->bytes);
      // Kept here as well, so that the ring can move on while it is being sent.
      current_ = item->json;
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
  }

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
  static std::string json_of(std::string_view bytes) {
    thread_local pb::Event event;
    event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return to_json(event);
  }

  // Reads on from disk until something is wanted or the ring is reached.
  bool catch_up() {
    const Seq ring_begin = feed_.ring_.empty() ? feed_.last_ + 1 : feed_.ring_.front().event->seq;
    std::size_t looked_at = 0;
    thread_local pb::Event event;
    const auto read = feed_.store_.read_journal(next_ - 1, std::min(feed_.last_, ring_begin - 1), [&](Seq seq, std::string_view bytes) {
      next_ = seq + 1;
      event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
      const Published p{seq, event.kind(), AreaCode{event.area_code()}, {}, PartyId{event.party_id()}, NeedId{event.need_id()}, {}};
      if (feed_.wants(request_.filter, p)) caught_up_.push_back(request_.binary ? std::string(bytes) : to_json(event));
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
    error_code ignored;
    socket_.next_layer().close(ignored);
    gone();
  }

  void gone() {
    if (gone_) return;
    gone_ = true;
    open_ = false;
    feed_.metrics_.watchers.add(-1);
  }

  Feed& feed_;
  websocket::stream<asio::ip::tcp::socket> socket_;
  WatchRequest request_;
  Seq next_;
  beast::http::request<beast::http::string_body> handshake_;
  beast::flat_buffer incoming_;
  std::deque<std::string> caught_up_;
  std::string current_;
  std::shared_ptr<const Published> held_;
  std::chrono::steady_clock::time_point write_began_;
  std::chrono::steady_clock::time_point close_by_;
  std::pair<websocket::close_code, const char*> why_{};
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool gone_ = false;
};

Feed::Feed(asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options, Seq last,
           std::vector<std::pair<AreaCode, AreaCode>> tree)
    : context_(context), store_(store), metrics_(metrics), options_(options), last_(last), sweeper_(context) {
  for (const auto& [area, parent] : tree) parent_[area] = parent;
  sweep();
}

Feed::~Feed() = default;

void Feed::publish(std::vector<std::shared_ptr<const Published>> events) {
  asio::post(context_, [this, events = std::move(events)]() mutable {
    for (auto& event : events) {
      QIAO_CHECK(event->seq == last_ + 1, "the feed has no hole");
      last_ = event->seq;
      if (event->kind == pb::EVENT_KIND_AREA_CHANGED) parent_[event->area] = event->area_parent;
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

void Feed::take_over(asio::ip::tcp protocol, int native_socket, std::string upgrade, WatchRequest request) {
  metrics_.watchers.add(1);
  asio::post(context_, [this, protocol, native_socket, upgrade = std::move(upgrade), request = std::move(request)]() mutable {
    asio::ip::tcp::socket socket(context_, protocol, native_socket);
    auto session = std::make_shared<WatchSession>(*this, std::move(socket), std::move(request));
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
  if (!filter.area) return true;
  AreaCode area = event.area;
  for (int depth = 0; area && depth < 8; ++depth) {
    if (area == *filter.area) return true;
    const auto it = parent_.find(area);
    if (it == parent_.end()) return false;
    area = it->second;
  }
  return false;
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

Status check_watch(const WatchRequest& request, const State& state, Seq durable) {
  if (request.after && *request.after > durable) return refuse(Code::kOutOfRange, "after", "0.." + std::to_string(durable));
  const WatchFilter& f = request.filter;
  if (f.area && state.areas().find(*f.area) == kNoSlot) return refuse(Code::kUnknownArea, "area", std::to_string(f.area->value()));
  if (f.party && state.parties().find(*f.party) == kNoSlot) return refuse(Code::kUnknownParty, "party", std::to_string(f.party->value()));
  if (f.need && state.needs().find(*f.need) == kNoSlot) return refuse(Code::kUnknownNeed, "need", std::to_string(f.need->value()));
  return outcome::success();
}

}  // namespace qiao
