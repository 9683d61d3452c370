#include "wire/http/client.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <vector>

#include "runtime/locked.h"
#include "runtime/loop.h"
#include "runtime/machine_time.h"
#include "wire/http/client_link.h"

namespace millrace::http {
namespace {

using Key = std::pair<runtime::Loop*, Endpoint>;
using Links = std::vector<std::shared_ptr<Link>>;

bool is_target(std::string_view target) {
  return !target.empty() && std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7F; });
}

Result<std::string> build_head(const Endpoint& to, const ClientRequest& request) {
  if (!is_token(request.method) || !is_target(request.target)) {
    return fail(ErrorKind::invalid, "the request line breaks the grammar");
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const Header& field : request.headers) {
    if (!is_token(field.name) || !is_field_value(field.value)) {
      return fail(ErrorKind::invalid, "a header breaks the grammar: " + field.name);
    }
    if (equal_ignoring_case(field.name, "content-length") ||
        equal_ignoring_case(field.name, "transfer-encoding")) {
      continue;  // The body decides.
    }
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (request.headers.find("host") == nullptr) {
    const bool v6 = to.address.find(':') != std::string::npos;
    const std::string host = to.address.empty() ? "localhost"
                             : v6               ? fmt::format("[{}]:{}", to.address, to.port)
                                                : fmt::format("{}:{}", to.address, to.port);
    head.append("Host: ").append(host).append("\r\n");
  }
  const bool expects_body = request.method == "POST" || request.method == "PUT";
  if (!request.body.empty() || expects_body) {
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", request.body.size());
  }
  return head.append("\r\n");
}

}  // namespace

struct Client::State {
  explicit State(ClientLimits l) : limits(l) {}
  const ClientLimits limits;
  runtime::Locked<std::map<Key, Links>> idle;

  // A kept connection that still seems alive, or null.
  std::shared_ptr<Link> take(const Key& key) {
    const auto now = runtime::monotonic_now();
    return idle.with([&](std::map<Key, Links>& all) -> std::shared_ptr<Link> {
      const auto found = all.find(key);
      if (found == all.end()) return nullptr;
      Links& links = found->second;
      while (!links.empty()) {
        std::shared_ptr<Link> link = std::move(links.back());
        links.pop_back();
        if (now - link->idle_since <= limits.idle && !link->stale()) return link;
      }
      all.erase(found);
      return nullptr;
    });
  }

  void keep(const Key& key, std::shared_ptr<Link> link) {
    link->idle_since = runtime::monotonic_now();
    idle.with([&](std::map<Key, Links>& all) {
      Links& links = all[key];
      if (links.size() < limits.idle_connections_per_target) links.push_back(std::move(link));
    });
  }
};

Client::Client(ClientLimits limits) : state_(std::make_shared<State>(limits)) {}
Client::~Client() = default;

Task<ClientResponse> Client::send(Endpoint to, ClientRequest request) {
  runtime::Loop* const loop = runtime::Loop::current();
  ASSERT(loop != nullptr);
  const std::shared_ptr<State> state = state_;
  CO_TRY(const std::string head, build_head(to, request));
  const Link::Moment deadline = runtime::monotonic_now() + request.timeout;
  const Key key{loop, to};
  std::shared_ptr<Link> link = state->take(key);
  while (true) {
    const bool kept = link != nullptr;
    if (!kept) link = std::make_shared<Link>(loop->context(), state->limits);
    link->arm(deadline);
    Result<void> connected;
    if (!kept) connected = co_await link->connect(to);
    if (!connected) {
      link->disarm();
      co_return fail(std::move(connected).error());
    }
    Result<ClientResponse> response =
        co_await link->exchange(head, request.body, request.method == "HEAD");
    link->disarm();
    if (response) {
      const std::string* connection = request.headers.find("connection");
      const bool close = connection != nullptr && equal_ignoring_case(*connection, "close");
      if (link->reusable() && !close) state->keep(key, std::move(link));
      co_return response;
    }
    // The peer may close a kept connection just as it is used again: ask once more, on a new one.
    if (!kept || !link->untouched() || link->timed_out()) co_return response;
    link.reset();
  }
}

void Client::close_idle() {
  std::map<Key, Links> closed;
  state_->idle.with([&](std::map<Key, Links>& all) { closed.swap(all); });
}

size_t Client::idle_connections() const {
  return state_->idle.with([](const std::map<Key, Links>& all) {
    size_t count = 0;
    for (const auto& [key, links] : all) count += links.size();
    return count;
  });
}

}  // namespace millrace::http
