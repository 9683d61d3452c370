// Request and Response, and the Handler between them.
#pragma once

#include <memory>
#include <stop_token>
#include <string_view>
#include <variant>

#include "wire/http/body.h"
#include "wire/http/headers.h"

namespace millrace::http {

// What a client asked. Every view borrows from the connection and stays until the answer is sent.
// Nothing is decoded: signatures are computed over what was on the wire.
struct Request {
  std::string_view method;
  std::string_view target;  // As sent: path, and query after the first '?'.
  std::string_view path;    // Undecoded; begins with '/', or is "*".
  std::string_view query;   // Undecoded, without the '?'; empty where there is none.
  std::string_view host;    // Of the Host header, or of an absolute target.
  HeaderViews headers;
  int version_minor = 1;    // HTTP/1.0 or HTTP/1.1.
  std::string_view remote;  // "127.0.0.1:51234", or "unix".
  BodyReader& body;
  // Requested when the server's stop has run out of patience: long work should end.
  std::stop_token stop;
};

// A body that is produced while it is sent. With a known length exactly that many bytes must come;
// otherwise it goes out in chunks (to HTTP/1.0, until the close). If reading fails half-way the
// connection is cut, so that the peer cannot take what it got for the whole.
struct StreamBody {
  std::unique_ptr<BodyReader> reader;
};

// A part of a file, sent by the kernel. `owner` keeps `descriptor` open until it has been sent.
struct FileBody {
  int descriptor = -1;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::shared_ptr<const void> owner;
};

using Body = std::variant<Bytes, StreamBody, FileBody>;

// The server adds Content-Length or Transfer-Encoding, Connection and Date, and nothing else.
// To HEAD, and with 204 and 304, no body is sent; HEAD announces the length that `body` has, or the
// Content-Length among `headers`. `Connection: close` among `headers` is honoured.
struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

// Answers requests. Called on many loops at once; an error or an exception is logged and becomes a
// plain 500. `request` stays until the answer has been sent.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> handle(Request& request) = 0;
};

std::string_view reason_phrase(int status);

}  // namespace millrace::http
