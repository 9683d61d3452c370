#include "wire/protocols/router.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "base/uri.h"
#include "wire/protocols/identify.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

struct Constant {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

struct Route {
  const OperationName* name = nullptr;
  const Operation* operation = nullptr;
  // AWS: where only parameters tell operations apart, one that has none of its own is another one:
  // POST of a key without uploadId completes no upload. See Routes.ParametersTellOperationsApart.
  bool by_parameters = false;
  std::vector<Constant> constants;       // Without the hint.
  std::vector<std::string_view> labels;  // In the order of the path.
  std::vector<std::string_view> required_parameters;
  std::vector<std::string_view> required_headers;
};

// AWS: SDKs name the operation in x-id where routes alone do not tell; it is
// never required.
constexpr std::string_view kOperationHint = "x-id";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

Constant split_constant(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, equals), text.substr(equals + 1), equals + 1 < text.size()};
}

// The raw value of a parameter, or nothing.
std::optional<std::string_view> find_raw(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const Constant pair = split_constant(query.substr(0, end));
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.name == name) return pair.value;
  }
  return std::nullopt;
}

size_t parameters_of(const Route& route, std::string_view query) {
  return static_cast<size_t>(std::ranges::count_if(
      route.required_parameters,
      [&](std::string_view name) { return find_raw(query, name).has_value(); }));
}

bool fits(const Route& route, std::string_view query) {
  if (route.by_parameters && parameters_of(route, query) == 0) return false;
  return std::ranges::all_of(route.constants, [&](const Constant& constant) {
    const auto value = find_raw(query, constant.name);
    return value && (!constant.has_value || *value == constant.value);
  });
}

// The higher, the better; compared from the front.
using Score = std::tuple<size_t, size_t, bool, bool, size_t, bool, bool, size_t>;

Score score(const Route& route, const RequestParts& request) {
  const auto has_header = [&](std::string_view name) { return request.header(name) != nullptr; };
  const size_t parameters = parameters_of(route, request.query);
  const bool headers = std::ranges::all_of(route.required_headers, has_header);
  const bool complete = headers && parameters == route.required_parameters.size();
  const auto hint = find_raw(request.query, kOperationHint);
  return {route.constants.size(), parameters, headers, complete,
          complete ? route.required_headers.size() : 0, hint == route.name->name,
          route.operation != nullptr,
          // AWS: of two names for one route the longer one is the current one
          // (PutBucketLifecycleConfiguration).
          route.name->name.size()};
}

Route make_route(const Service& service, const OperationName& name) {
  Route out{.name = &name, .operation = find_operation(service, name.name)};
  const size_t mark = name.path.find('?');
  if (mark != std::string_view::npos) {
    for (const std::string_view part : split(name.path.substr(mark + 1), '&')) {
      const Constant constant = split_constant(part);
      if (!part.empty() && constant.name != kOperationHint) out.constants.push_back(constant);
    }
  }
  if (out.operation == nullptr || out.operation->input == nullptr) return out;
  for (const Member& member : out.operation->input->members) {
    if (!member.required) continue;
    if (member.location == Location::query) out.required_parameters.push_back(member.wire_name);
    if (member.location == Location::header) out.required_headers.push_back(member.wire_name);
  }
  out.by_parameters = speaks(service, Protocol::rest_xml) && out.constants.empty() &&
                      !out.required_parameters.empty();
  return out;
}

}  // namespace

struct Router::Node {
  std::string_view literal;
  std::vector<std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> label;
  std::unique_ptr<Node> greedy;
  std::vector<Route> routes;

  Node& child(std::string_view segment) {
    const bool is_label = segment.starts_with('{') && segment.ends_with('}');
    if (is_label) {
      std::unique_ptr<Node>& slot = segment.ends_with("+}") ? greedy : label;
      if (slot == nullptr) slot = std::make_unique<Node>();
      return *slot;
    }
    for (const auto& known : literals) {
      if (known->literal == segment) return *known;
    }
    literals.push_back(std::make_unique<Node>());
    literals.back()->literal = segment;
    return *literals.back();
  }
};

namespace {

std::string_view label_name(std::string_view segment) {
  segment = segment.substr(1, segment.size() - 2);
  if (segment.ends_with('+')) segment.remove_suffix(1);
  return segment;
}

bool equals_literal(std::string_view segment, std::string_view literal) {
  if (segment == literal) return true;
  return segment.find('%') != std::string_view::npos && uri_decode(segment) == literal;
}

// One walk through the trie: literals first, then labels, then greedy ones,
// with backtracking. The depth is that of the routes, never of the request's
// path.
class Walk {
 public:
  explicit Walk(const RequestParts* request) : request_(request) {}

  // `rest` is what is left of the path, without a leading slash; nothing at its
  // end.
  bool descend(const Router::Node& node, std::optional<std::string_view> rest) {
    if (!rest) return finish(node);
    const size_t slash = rest->find('/');
    const std::string_view segment = rest->substr(0, slash);
    std::optional<std::string_view> after;
    if (slash != std::string_view::npos) after = rest->substr(slash + 1);
    for (const auto& child : node.literals) {
      if (equals_literal(segment, child->literal) && descend(*child, after)) return true;
    }
    if (segment.empty() && !after && finish(node)) return true;  // A slash at the end.
    if (node.label != nullptr && !segment.empty() && take(segment)) {
      if (descend(*node.label, after)) return true;
      --count_;
    }
    return node.greedy != nullptr && !rest->empty() && descend_greedy(*node.greedy, *rest);
  }

  const Route* route = nullptr;
  std::array<std::string_view, limits::kLabelsMax> values = {};

 private:
  bool take(std::string_view value) {
    if (count_ == values.size()) return false;
    values[count_++] = value;
    return true;
  }

  // A greedy label takes as much as leaves the literals behind it something to
  // match.
  bool descend_greedy(const Router::Node& node, std::string_view rest) {
    if (!take(rest)) return false;
    if (finish(node)) return true;
    for (size_t slash = rest.rfind('/');
         !node.literals.empty() && slash != std::string_view::npos && slash > 0;
         slash = rest.rfind('/', slash - 1)) {
      values[count_ - 1] = rest.substr(0, slash);
      if (descend(node, rest.substr(slash + 1))) return true;
    }
    --count_;
    return false;
  }

  bool finish(const Router::Node& node) {
    if (request_ == nullptr) return !node.routes.empty();
    Score best;
    for (const Route& candidate : node.routes) {
      if (candidate.name->method != request_->method || !fits(candidate, request_->query)) continue;
      const Score its = score(candidate, *request_);
      if (route == nullptr || its > best) {
        route = &candidate;
        best = its;
      }
    }
    return route != nullptr;
  }

  const RequestParts* request_;
  size_t count_ = 0;
};

std::string_view without_slash(std::string_view path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

}  // namespace

Router::Router(const Service& service) : service_(service), root_(std::make_unique<Node>()) {
  for (const OperationName& name : service_.all_operations) {
    if (name.path.empty()) continue;
    Route route = make_route(service_, name);
    Node* node = root_.get();
    const std::string_view path = without_slash(name.path.substr(0, name.path.find('?')));
    for (const std::string_view segment : split(path, '/')) {
      if (segment.empty()) continue;
      node = &node->child(segment);
      if (segment.starts_with('{')) route.labels.push_back(label_name(segment));
    }
    if (route.labels.size() <= limits::kLabelsMax) node->routes.push_back(std::move(route));
  }
}

Router::~Router() = default;

std::optional<RouteMatch> Router::match(const RequestParts& request) const {
  Walk walk(&request);
  if (!walk.descend(*root_, without_slash(request.path))) return std::nullopt;
  RouteMatch out;
  out.name = walk.route->name;
  out.operation = walk.route->operation;
  out.label_count = walk.route->labels.size();
  for (size_t i = 0; i < out.label_count; ++i) {
    out.label_array[i] = {walk.route->labels[i], walk.values[i]};
  }
  return out;
}

bool Router::has_path(std::string_view path) const {
  return Walk(nullptr).descend(*root_, without_slash(path));
}

}  // namespace millrace::wire
