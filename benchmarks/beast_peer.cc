// The peer of http.cc: a responder on Beast alone, one thread, keep-alive, one answer of so many
// bytes for everything.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <memory>
#include <string>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

class Responder : public std::enable_shared_from_this<Responder> {
 public:
  Responder(asio::ip::tcp::socket socket, const std::string& body) : socket_(std::move(socket)) {
    socket_.set_option(asio::ip::tcp::no_delay(true));
    response_.result(http::status::ok);
    response_.version(11);
    response_.set(http::field::content_type, "application/json");
    response_.set(http::field::server, "peer");
    response_.body() = body;
    response_.prepare_payload();
  }
  void run() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](boost::system::error_code e, std::size_t) {
                       if (e) return;
                       http::async_write(self->socket_, self->response_,
                                         [self](boost::system::error_code error, std::size_t) {
                                           if (!error) self->run();
                                         });
                     });
  }

 private:
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void accept(asio::ip::tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept([&](boost::system::error_code e, asio::ip::tcp::socket socket) {
    if (!e) std::make_shared<Responder>(std::move(socket), body)->run();
    accept(acceptor, body);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string body(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 300, 'x');
  asio::io_context context(1);
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  std::fprintf(stderr, "{\"message\":\"listening\",\"port\":%u}\n",
               acceptor.local_endpoint().port());
  accept(acceptor, body);
  context.run();
}
