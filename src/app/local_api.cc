#include "app/local_api.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "app/version.h"
#include "base/uri.h"

namespace millrace::app {
namespace {

constexpr int64_t kAdvanceSecondsMax = 10LL * 366 * 24 * 3600;

http::Response json(int status, std::string body) {
  http::Response out{.status = status, .headers = {}, .body = std::move(body) + "\n"};
  out.headers.add("Content-Type", "application/json");
  return out;
}

std::optional<int64_t> advance_of(const http::Request& request) {
  const auto query = parse_query(request.query);
  const std::string* const text = query ? find_parameter(*query, "advance") : nullptr;
  int64_t value = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = code == std::errc() && end == text->data() + text->size();
  if (!whole || value < 0 || value > kAdvanceSecondsMax) return std::nullopt;
  return value;
}

}  // namespace

LocalApi::LocalApi(runtime::Clock& clock, std::vector<std::string> services,
                   const EventRecord& events, bool scratch)
    : clock_(clock),
      services_(std::move(services)),
      events_(events),
      scratch_(scratch),
      started_(clock.now()) {}

Task<http::Response> LocalApi::handle(http::Request& request) {
  if (request.path == "/_millrace/health" && request.method == "GET") {
    std::string names;
    for (const std::string& name : services_) {
      names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", name);
    }
    co_return json(200, fmt::format(R"({{"status":"ok","version":"{}","pid":{},"started":"{}",)"
                                    R"("now":"{}","scratch":{},"services":[{}]}})",
                                    kVersion, ::getpid(), to_iso8601(started_),
                                    to_iso8601_millis(clock_.now()), scratch_, names));
  }
  if (request.path == "/_millrace/events" && request.method == "GET") {
    if (!scratch_) co_return json(403, R"({"message":"only a scratch instance keeps its events"})");
    CO_TRY(Bytes events, events_.read_json());
    co_return json(200, std::move(events));
  }
  if (request.path == "/_millrace/clock") {
    if (request.method == "POST") {
      if (!scratch_) co_return json(403, R"({"message":"only a scratch instance's clock moves"})");
      const auto by = advance_of(request);
      if (!by) co_return json(400, R"({"message":"advance=<whole seconds> is missing"})");
      clock_.advance(seconds(*by));
    }
    co_return json(200, fmt::format(R"({{"now":"{}"}})", to_iso8601_millis(clock_.now())));
  }
  co_return json(404, R"({"message":"no such path under /_millrace/"})");
}

}  // namespace millrace::app
