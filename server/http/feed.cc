#include "server/http/feed.h"

#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <limits>

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

// Limit on frames of a watcher: none are expected.
constexpr std::size_t kMaxFrame = 4096;
// Enough for some hundred events in flight; a larger one would only hide that a client does not
// read.
constexpr int kSendBuffer = 128 << 10;

// Each watcher catches up once at a time, and watchers are limited.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr TurnLimits kBoundedByWatchers{kNoLimit, kNoLimit, kNoLimit};

// A close frame has room for 123 bytes.
constexpr char kAccessChanged[] =
    "访问权限已变更，请重新连接或登录; access has changed: reconnect, or log in again";
constexpr char kSessionEnded[] = "登录已失效，请重新登录; the session has ended; log in again";
static_assert(sizeof kAccessChanged <= 124 && sizeof kSessionEnded <= 124);

}  // namespace

class WatchSession : public std::enable_shared_from_this<WatchSession> {
 public:
  WatchSession(Feed& feed, Connection connection, WatchRequest request, AddressShares::Place place)
      : feed_(feed),
        socket_(std::move(connection)),
        watch_(feed.tail_, std::move(request)),
        place_(std::move(place)) {}

  void start(const std::string& upgrade) {
    error_code error;
    beast::http::request_parser<beast::http::string_body> parser;
    // The session has counted it against the server's own limit.
    parser.header_limit(static_cast<std::uint32_t>(upgrade.size()));
    parser.put(asio::buffer(upgrade), error);
    if (error) return gone();
    socket_.next_layer().socket().set_option(asio::ip::tcp::no_delay(true), error);
    socket_.next_layer().socket().set_option(asio::socket_base::send_buffer_size(kSendBuffer),
                                             error);
    websocket::stream_base::timeout timeout{std::chrono::seconds{10}, std::chrono::seconds{60},
                                            true};
    socket_.set_option(timeout);
    socket_.read_message_max(kMaxFrame);
    // One event, one frame.
    socket_.auto_fragment(false);
    handshake_ = parser.release();
    socket_.async_accept(handshake_, [self = shared_from_this()](const error_code& e) {
      if (e) return self->gone();
      self->open_ = true;
      if (self->feed_.closing_)
        return self->tell(websocket::close_code::going_away, "the server is stopping");
      self->read();
      self->pump();
    });
  }

  // Sends the next event for it, unless a write is in progress.
  void pump() {
    if (!open_ || writing_ || closing_ || waiting_for_turn_) return;
    if (watch_.is_behind()) return pump_later();
    send_next();
  }

  // It is its turn.
  void catch_up() {
    waiting_for_turn_ = false;
    if (open_ && !writing_ && !closing_) send_next();
  }

  std::string account() const { return std::to_string(watch_.reach().account.id()); }

  // Called every second.
  void sweep(std::chrono::steady_clock::time_point now) {
    if (writing_ && now - write_began_ > 2 * feed_.options_.slow) {
      feed_.metrics_.watchers_dropped.add();
      drop();
    }
    if (closing_ && now > close_by_) drop();
    const Time expires = watch_.reach().expires;
    if (is_set(expires) && std::chrono::system_clock::now() >= expires) {
      tell(websocket::close_code::policy_error, kSessionEnded);
    }
  }

  // Sends a close frame and gives the other side a moment to answer it.
  void tell(websocket::close_code code, const char* why) {
    if (!open_ || closing_) return;
    closing_ = true;
    close_by_ = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    why_ = {code, why};
    if (!writing_) send_close();
  }

  bool is_gone() const { return gone_; }

 private:
  void read() {
    socket_.async_read(incoming_, [self = shared_from_this()](const error_code& e, std::size_t) {
      if (e == websocket::error::message_too_big)
        return self->tell(websocket::close_code::too_big, "frames are not expected");
      if (e) return self->gone();
      self->incoming_.clear();
      // No more reading: the close waits for its answer itself, and Beast asserts that frames
      // behind ours are not read as messages (found by fuzz_websocket).
      self->tell(websocket::close_code::unknown_data, "frames are not expected");
    });
  }

  void send_next() {
    // Kept here as well, so that the ring can move on while it is being sent.
    switch (watch_.next(current_)) {
      case Watch::Step::kEvent:
        return write(asio::buffer(current_));
      case Watch::Step::kNothingNow:
        return;
      case Watch::Step::kMore:
        return pump_later();
      case Watch::Step::kEnded:
        return tell(websocket::close_code::policy_error, kAccessChanged);
      case Watch::Step::kUnreadable:
        return tell(websocket::close_code::internal_error, "the journal cannot be read");
    }
  }

  void pump_later() {
    waiting_for_turn_ = true;
    feed_.catch_up_in_turn(shared_from_this());
  }

  void write(asio::const_buffer bytes) {
    writing_ = true;
    write_began_ = std::chrono::steady_clock::now();
    socket_.binary(watch_.binary());
    socket_.async_write(bytes, [self = shared_from_this()](const error_code& e, std::size_t) {
      self->writing_ = false;
      if (e) return self->gone();
      self->feed_.metrics_.watch_events_sent.add();
      if (self->closing_) return self->send_close();
      if (std::chrono::steady_clock::now() - self->write_began_ > self->feed_.options_.slow) {
        self->feed_.metrics_.watchers_dropped.add();
        return self->tell(websocket::close_code::try_again_later,
                          "too slow; reconnect with after = the last seq you saw");
      }
      self->pump();
    });
  }

  void send_close() {
    socket_.async_close({why_.first, why_.second},
                        [self = shared_from_this()](const error_code&) { self->gone(); });
  }

  void drop() {
    socket_.next_layer().close();
    gone();
  }

  void gone() {
    if (gone_) return;
    gone_ = true;
    open_ = false;
    place_.reset();
    feed_.metrics_.watchers.add(-1);
  }

  Feed& feed_;
  websocket::stream<Connection> socket_;
  Watch watch_;
  std::optional<AddressShares::Place> place_;
  beast::http::request<beast::http::string_body> handshake_;
  beast::flat_buffer incoming_;
  std::string current_;
  std::chrono::steady_clock::time_point write_began_;
  std::chrono::steady_clock::time_point close_by_;
  std::pair<websocket::close_code, const char*> why_{};
  bool open_ = false;
  bool writing_ = false;
  bool waiting_for_turn_ = false;
  bool closing_ = false;
  bool gone_ = false;
};

Feed::Feed(asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options,
           Seq last, Relations relations)
    : context_(context),
      metrics_(metrics),
      options_(options),
      shares_(share_of(options.max_watchers, options.max_watchers_per_address)),
      tail_(store, options.ring, last, std::move(relations)),
      catching_up_(kBoundedByWatchers),
      sweeper_(context) {
  sweep();
}

Feed::~Feed() = default;

void Feed::publish(std::vector<std::shared_ptr<const Published>> events) {
  asio::post(context_, [this, events = std::move(events)]() mutable {
    for (auto& event : events) tail_.push(std::move(event));
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

std::optional<AddressShares::Place> Feed::take_place(const std::string& address) {
  const auto watchers = static_cast<std::size_t>(metrics_.watchers.value());
  if (watchers >= options_.max_watchers) return std::nullopt;
  return shares_.take(address);
}

void Feed::take_over(Connection::Parcel connection, std::string upgrade, WatchRequest request,
                     AddressShares::Place place) {
  metrics_.watchers.add(1);
  asio::post(context_, [this, connection, upgrade = std::move(upgrade),
                        request = std::move(request), place = std::move(place)]() mutable {
    auto session = std::make_shared<WatchSession>(*this, Connection(context_, connection),
                                                  std::move(request), std::move(place));
    sessions_.push_back(session);
    session->start(upgrade);
  });
}

// One step of one of them at a time, after other work of this thread: those that have caught up
// wait for one step, however many are catching up.
void Feed::catch_up_in_turn(std::shared_ptr<WatchSession> session) {
  const bool first = catching_up_.empty();
  const Share share{session->account(), {}};
  catching_up_.add(share.account, share, std::move(session));
  if (first) asio::post(context_, [this] { catch_up_next(); });
}

void Feed::catch_up_next() {
  const auto session = catching_up_.next();
  if (!session) return;
  catching_up_.ended({(*session)->account(), {}});
  if (!catching_up_.empty()) asio::post(context_, [this] { catch_up_next(); });
  (*session)->catch_up();
}

void Feed::close_all() {
  asio::post(context_, [this] {
    closing_ = true;
    for (const auto& s : sessions_)
      s->tell(websocket::close_code::going_away, "the server is stopping");
  });
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

}  // namespace qiao
