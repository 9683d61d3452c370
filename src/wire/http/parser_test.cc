#include "wire/http/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::http {
namespace {

// Scans and parses `text` as the server does; 0 is accepted, -1 incomplete, else the status.
int verdict(std::string_view text, RequestHead* out = nullptr, const HeadLimits& limits = {}) {
  HeadScanner scanner;
  const Parsed<size_t> size = scanner.scan(text, limits);
  if (!size) return size.error().status;
  if (*size == 0) return -1;
  RequestHead head;
  const Parsed<void> parsed = parse_request_head(text.substr(0, *size), limits, head);
  if (!parsed) return parsed.error().status;
  if (out != nullptr) *out = head;
  return 0;
}

int response_verdict(std::string_view text, ResponseHead* out = nullptr) {
  ResponseHead head;
  const Parsed<void> parsed = parse_response_head(text, HeadLimits{}, head);
  if (!parsed) return parsed.error().status;
  if (out != nullptr) *out = head;
  return 0;
}

std::string with(std::string_view headers) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

TEST(RequestHeadTest, KeepsEverythingRawAndInOrder) {
  const std::string text =
      "PUT /a%2Fb//c?x=%20&y HTTP/1.1\r\nhost:  h:1 \r\nX-B: 2\r\nx-a:\t1\r\nX-B: "
      "3\r\nEmpty:\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(verdict(text, &head), 0);
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/a%2Fb//c?x=%20&y");
  EXPECT_EQ(head.path, "/a%2Fb//c");
  EXPECT_EQ(head.query, "x=%20&y");
  EXPECT_EQ(head.host, "h:1");
  EXPECT_EQ(head.headers.size(), 5U);
  EXPECT_EQ(head.headers.find("x-b"), "2");
  EXPECT_EQ(head.headers.count("X-b"), 2U);
  EXPECT_EQ(head.headers.find("X-A"), "1");
  EXPECT_EQ(head.headers.find("empty"), "");
  EXPECT_FALSE(head.headers.find("missing").has_value());
  EXPECT_EQ(head.headers.begin()->name, "host");
  EXPECT_FALSE(head.framing.content_length.has_value());
  EXPECT_TRUE(head.framing.keep_alive);
}

TEST(RequestHeadTest, TakesTheFormsOfTheTarget) {
  RequestHead head;
  ASSERT_EQ(verdict("GET http://other:8/p?q HTTP/1.1\r\nHost: h\r\n\r\n", &head), 0);
  EXPECT_EQ(head.host, "other:8");
  EXPECT_EQ(head.path, "/p");
  EXPECT_EQ(head.query, "q");
  ASSERT_EQ(verdict("GET http://other?q HTTP/1.1\r\nHost: h\r\n\r\n", &head), 0);
  EXPECT_EQ(head.path, "/");
  EXPECT_EQ(head.query, "q");
  ASSERT_EQ(verdict("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", &head), 0);
  EXPECT_EQ(head.path, "*");
  for (const char* target :
       {"*", "p", "ftp://h/", "http:///p", "http://a@b/", "/a#b", "/a\x7F", "/\xC3\xA9", ""}) {
    const std::string text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(verdict(text), 400) << target;
  }
}

TEST(RequestHeadTest, KeepAliveFollowsVersionAndConnection) {
  const auto keeps = [](const std::string& text) {
    RequestHead head;
    EXPECT_EQ(verdict(text, &head), 0) << text;
    return head.framing.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

TEST(RequestHeadTest, RefusesWhatSmugglesRequests) {
  const struct {
    const char* headers;
    int status;
  } cases[] = {
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 05\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -1\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: 5 5\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: 18446744073709551621\r\n", 400},
      {"Content-Length : 5\r\n", 400},
      {"Content-Length\t: 5\r\n", 400},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: chunked, identity\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: \x0b"
       "chunked\r\n",
       400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"X: a\r\n Transfer-Encoding: chunked\r\n", 400},
      {"X: a\r\n\tb\r\n", 400},
      {"X: a\rContent-Length: 5\r\n", 400},
      {"X: a\nContent-Length: 5\r\n", 400},
      {"Host: other\r\n", 400},
      {": empty\r\n", 400},
      {"no colon\r\n", 400},
      {"X\x01: a\r\n", 400},
      {"X(: a\r\n", 400},
      {"X: a\x7F\r\n", 400},
      {"Expect: something\r\n", 417},
  };
  for (const auto& c : cases) EXPECT_EQ(verdict(with(c.headers)), c.status) << c.headers;
  EXPECT_EQ(verdict(with(std::string("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(verdict(with("Transfer-Encoding: CHUNKED\r\n")), 0);
  EXPECT_EQ(verdict(with("Content-Length: 0005\r\n")), 0);
  EXPECT_EQ(verdict(with("Content-Length: 5\r\ncontent-length: 5\r\n")), 0);
  EXPECT_EQ(verdict(with("X: caf\xC3\xA9\r\n")), 0);
}

TEST(RequestHeadTest, RefusesMalformedLines) {
  const struct {
    const char* line;
    int status;
  } cases[] = {
      {"GET / HTTP/2.0", 505},
      {"GET / HTTP/1.2", 505},
      {"GET / http/1.1", 400},
      {"GET /", 400},
      {"GET", 400},
      {"GET  / HTTP/1.1", 400},
      {"GET / HTTP/1.1 ", 400},
      {"G@T / HTTP/1.1", 400},
      {" GET / HTTP/1.1", 400},
      {"GET /a b HTTP/1.1", 400},
      {"GET / HTTP/11", 400},
      {"\x16\x03\x01", 400},
      {"GET\t/ HTTP/1.1", 400},
      {"AMETHODTHATISMUCHLONGERTHANANYTHING / HTTP/1.1", 400},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(verdict(std::string(c.line) + "\r\nHost: h\r\n\r\n"), c.status) << c.line;
  }
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(verdict("GET / HTTP/1.1\nHost: h\n\n"), 400) << "bare line feeds";
  EXPECT_EQ(verdict("\r\n"), 400);
}

TEST(RequestHeadTest, EveryPrefixIsIncomplete) {
  const std::string text = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
  for (size_t n = 0; n < text.size(); ++n) EXPECT_EQ(verdict(text.substr(0, n)), -1) << n;
  EXPECT_EQ(verdict(text), 0);
}

TEST(RequestHeadTest, ScannerGoesOnWhereItStopped) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
  HeadScanner scanner;
  for (size_t n = 1; n < text.size() - 4; ++n) {
    EXPECT_EQ(scanner.scan(std::string_view(text).substr(0, n), {}).value(), 0U);
  }
  EXPECT_EQ(scanner.scan(text, {}).value(), text.size() - 4);
}

TEST(RequestHeadTest, LimitsHold) {
  const HeadLimits limits{.head_bytes = 400, .target_bytes = 100, .header_count = 4};
  const auto get = [](const std::string& target, const std::string& headers) {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
  };
  EXPECT_EQ(verdict(get("/" + std::string(99, 'a'), ""), nullptr, limits), 0);
  EXPECT_EQ(verdict(get("/" + std::string(100, 'a'), ""), nullptr, limits), 414);
  EXPECT_EQ(verdict("GET /" + std::string(300, 'a'), nullptr, limits), 414) << "before its end";
  EXPECT_EQ(verdict(get("/", "A: 1\r\nB: 1\r\nC: 1\r\n"), nullptr, limits), 0);
  EXPECT_EQ(verdict(get("/", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n"), nullptr, limits), 431);
  EXPECT_EQ(verdict(get("/", "A: " + std::string(400, 'x') + "\r\n"), nullptr, limits), 431);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nA: " + std::string(400, 'x'), nullptr, limits), 431);
}

TEST(ResponseHeadTest, ParsesAndRefuses) {
  ResponseHead head;
  ASSERT_EQ(response_verdict("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", &head), 0);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.reason, "OK");
  EXPECT_EQ(head.framing.content_length, 3U);
  EXPECT_EQ(response_verdict("HTTP/1.1 404 \r\n\r\n"), 0);
  EXPECT_EQ(response_verdict("HTTP/1.0 404\r\n\r\n", &head), 0);
  EXPECT_FALSE(head.framing.keep_alive);
  for (const char* text :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 200 a\x01\r\n\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_EQ(response_verdict(text), 400) << text;
  }
}

// Decodes `text` in steps of `in` bytes into pieces of `out` bytes; "!" and the reason on refusal,
// "?" where the body has not ended.
std::string decode(std::string_view text, size_t in, size_t out, const ChunkLimits& limits = {}) {
  ChunkDecoder decoder(limits);
  std::string body;
  std::string piece(out, '\0');
  size_t at = 0;
  size_t fed = 0;
  while (!decoder.done()) {
    if (at == fed) {
      if (fed == text.size()) return "?";
      fed = std::min(text.size(), fed + in);
    }
    const auto step = decoder.decode(text.substr(at, fed - at), piece.data(), piece.size());
    if (!step) return "!" + std::string(step.error().reason);
    at += step->consumed;
    body.append(piece, 0, step->produced);
  }
  return body + "|" + std::string(text.substr(at));
}

TEST(ChunkDecoderTest, DecodesHoweverItArrives) {
  const std::string text =
      "4\r\nWiki\r\n00A;name=\"v;a\";x\r\n0123456789\r\n0\r\nT1: a\r\nT2:\r\n\r\nGET";
  for (size_t in = 1; in < text.size(); ++in) {
    for (const size_t out : {1U, 3U, 64U}) {
      const std::string got = decode(text, in, out);
      EXPECT_EQ(got.substr(0, got.find('|')), "Wiki0123456789");
    }
  }
  EXPECT_EQ(decode(text, text.size(), 64), "Wiki0123456789|GET");
}

TEST(ChunkDecoderTest, RefusesMalformedChunks) {
  for (const char* text : {"\r\n",
                           "g\r\n",
                           "-1\r\n",
                           "+1\r\n",
                           "0x1\r\n",
                           " 1\r\na\r\n",
                           "1 \r\na\r\n",
                           ";a\r\n",
                           "1\na\r\n",
                           "1\r\nab\r\n",
                           "1\r\na\n",
                           "1\r\naX\n",
                           "1;a\nb\r\n",
                           "1;\x01\r\n",
                           "1\ra",
                           "fffffffffffffffff\r\n",
                           "00000000000000001\r\na\r\n",
                           "0\r\n folded\r\n\r\n",
                           "0\r\n: x\r\n\r\n",
                           "0\r\nA b: x\r\n\r\n",
                           "0\r\nA: x\n\r\n",
                           "0\r\n\n",
                           "0\r\n\rX",
                           "1\r\na\r\r\n0\r\n\r\n"}) {
    EXPECT_EQ(decode(text, 64, 64).front(), '!') << text;
  }
  for (const char* text : {"", "5", "5\r", "5\r\nabc", "5\r\nabcde", "5\r\nabcde\r\n", "0\r\n",
                           "0\r\nA: b\r\n", "0\r\n\r"}) {
    EXPECT_EQ(decode(text, 64, 64), "?") << text;
  }
}

TEST(ChunkDecoderTest, LimitsHold) {
  const ChunkLimits limits{.line_bytes = 10, .trailer_bytes = 10};
  EXPECT_EQ(decode("1;23456789\r\na\r\n0\r\n\r\n", 64, 64, limits), "!chunk line too long");
  EXPECT_EQ(decode("1;2345678\r\na\r\n0\r\n\r\n", 64, 64, limits), "a|");
  EXPECT_EQ(decode("0\r\nA: b\r\nA: b\r\n\r\n", 64, 64, limits), "!trailers too large");
}

}  // namespace
}  // namespace millrace::http
