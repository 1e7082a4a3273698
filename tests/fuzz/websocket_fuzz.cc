// Bytes off a socket after the upgrade, as frames: the watch goes on, or ends with a close frame,
// or the connection does.
#include "tests/fuzz/wire.h"

using namespace qiao;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Wire& place = wire();
  const std::string upgrade = "GET /v1/watch?after=0 HTTP/1.1\r\nHost: x\r\n" +
                              place.authorization() +
                              "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: "
                              "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const std::string answer = place.talk({upgrade, text_of(data, size)});
  expect(answer.starts_with("HTTP/1.1 101"), "no upgrade", answer.substr(0, 100));
  // What comes is whole frames of the server: text, close, pong; unmasked.
  std::string_view rest = std::string_view(answer).substr(answer.find("\r\n\r\n") + 4);
  while (rest.size() >= 2) {
    const unsigned opcode = static_cast<unsigned char>(rest[0]) & 15;
    expect(opcode == 1 || opcode == 8 || opcode == 9 || opcode == 10,
           "a frame of a kind that it never sends");
    expect((static_cast<unsigned char>(rest[1]) & 128) == 0, "a masked frame of a server");
    std::size_t length = static_cast<unsigned char>(rest[1]) & 127;
    std::size_t head = 2;
    if (length == 126) {
      if (rest.size() < 4) break;
      length = static_cast<std::size_t>(static_cast<unsigned char>(rest[2])) << 8 |
               static_cast<unsigned char>(rest[3]);
      head = 4;
    }
    expect(length != 127, "an event of more than 64 KiB");
    if (rest.size() < head + length) break;
    if (opcode == 8) {
      expect(length >= 2, "a close without a code");
      const unsigned code =
          static_cast<unsigned char>(rest[head]) << 8 | static_cast<unsigned char>(rest[head + 1]);
      // Beast gives back what it was given, be it above 4999.
      expect(code >= 1000, "a close code that is none", std::to_string(code));
    }
    rest.remove_prefix(head + length);
  }
  return 0;
}
