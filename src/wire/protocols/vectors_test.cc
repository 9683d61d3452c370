// AWS's protocol vectors, read the server's way (and the client's):
// MILLRACE_SHARED/vectors.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "base/uri.h"
#include "wire/protocols/codec.h"
#include "wire/protocols/document.h"
#include "wire/protocols/router.h"
#include "wire/protocols/vector_model.h"

namespace millrace::wire {
namespace {

namespace json = boost::json;
using testing::equal;
using testing::value_of;
using testing::VectorModel;

struct LeftOut {
  std::string_view id;
  std::string_view why;
};

std::filesystem::path vectors_folder() {
  const char* const shared = std::getenv("MILLRACE_SHARED");
  const std::filesystem::path base = shared != nullptr
                                         ? std::filesystem::path(shared)
                                         : std::filesystem::path(MILLRACE_SOURCE_DIR) / "../shared";
  return base / "vectors/protocols";
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// What a request says, in a form that two equivalent requests share.
std::set<std::string> form_of(std::string_view form) {
  std::set<std::string> out;
  const auto parsed = parse_query(form, true);
  if (!parsed) return {"malformed"};
  for (const auto& [name, value] : *parsed) out.insert(name + "=" + value);
  return out;
}

// An XML tree without insignificant white space, declarations, comments and
// order of attributes.
void canonical(const pugi::xml_node node, std::string& out) {
  if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
    const std::string_view text = node.value();
    const bool layout = text.find_first_not_of(" \n") == std::string_view::npos &&
                        text.find('\n') != std::string_view::npos;
    if (!layout) out += text;
    return;
  }
  if (node.type() != pugi::node_element) return;
  if (std::string_view(node.name()) == "ResponseMetadata") return;
  std::set<std::string> attributes;
  for (const auto attribute : node.attributes()) {
    attributes.insert(std::string(attribute.name()) + "=" + attribute.value());
  }
  out += std::string("<") + node.name();
  for (const std::string& attribute : attributes) out += " " + attribute;
  out += ">";
  for (const auto child : node.children()) canonical(child, out);
  out += "</>";
}

std::string canonical_xml(std::string_view text) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(),
                            pugi::parse_default | pugi::parse_ws_pcdata_single)) {
    return "malformed: " + std::string(text);
  }
  std::string out;
  canonical(document.document_element(), out);
  return out;
}

struct OwnedParts {
  OwnedRequest request;
  std::vector<HeaderView> headers;
  RequestParts view() {
    headers.clear();
    for (const auto& [name, value] : request.headers) headers.push_back({name, value});
    return {request.method, request.path, request.query, headers, request.body};
  }
};

class Suite {
 public:
  Suite(Protocol protocol, const json::object& suite, const json::object& test)
      : protocol_(protocol), test_(test), model_(suite, test.at("given").as_object()) {}

  // Empty where the case passes; else what is wrong.
  std::string input();
  // `only_read`: our own bytes may differ.
  std::string output(bool only_read);
  std::string error(bool only_read);

 private:
  std::string decodes_to(OwnedParts& parts, const Value& expected);
  std::string same_request(const OwnedRequest& ours, const OwnedRequest& theirs,
                           const Value& value);
  std::string same_body(std::string_view ours, std::string_view theirs, std::string_view type,
                        const Shape* shape);
  std::string same_headers(const Headers& ours, const json::object& theirs, bool has_body);
  std::string same_response(const ResponseParts& ours, const ResponseParts& theirs,
                            const Shape* shape);
  std::string request_id(const ResponseParts& response);
  ResponseParts theirs();
  std::string show(const Shape* shape, const Value& value) {
    return shape != nullptr ? write_document(*shape, value) : "nothing";
  }

  Protocol protocol_;
  const json::object& test_;
  VectorModel model_;
  Arena arena_;
  std::deque<ResponseParts> kept_;  // What values borrow from.
};

std::string_view type_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::rest_xml:
      return "xml";
    case Protocol::query:
      return "form";
    case Protocol::rpc_v2_cbor:
      return "cbor";
    default:
      return "json";
  }
}

bool is_rest(Protocol protocol) {
  return protocol == Protocol::rest_json || protocol == Protocol::rest_xml;
}

// The cases disagree on whether a map of all query parameters has those that
// other members name (rest-json: yes, rest-xml: no), so they are compared
// without.
void drop_bound_parameters(const Shape& shape, Value& input) {
  for (size_t i = 0; i < shape.members.size(); ++i) {
    Value& map = input.items[i];
    if (shape.members[i].location != Location::query || map.type != ValueType::map) continue;
    uint32_t kept = 0;
    for (uint32_t j = 0; j < map.size; ++j) {
      const bool bound = std::ranges::any_of(shape.members, [&](const Member& member) {
        return member.location == Location::query && member.wire_name == map.entries[j].key;
      });
      if (!bound) map.entries[kept++] = map.entries[j];
    }
    map.size = kept;
    if (kept == 0) map = Value();
  }
}

std::string Suite::decodes_to(OwnedParts& parts, const Value& expected) {
  const RequestParts view = parts.view();
  RouteMatch route;
  if (is_rest(protocol_)) {
    const Router router(model_.service());
    const auto match = router.match(view);
    if (!match) return "no route for " + parts.request.path;
    route = *match;
  }
  const auto value =
      decode_request(protocol_, model_.service(), model_.operation(), view, route.labels(), arena_);
  if (!value) return "refused: " + value.error().code + " " + value.error().message;
  const Shape* const shape = model_.operation().input;
  if (shape == nullptr) return value->present() ? "a value where there is none" : "";
  Value decoded = *value;
  Value wanted = expected;
  drop_bound_parameters(*shape, decoded);
  drop_bound_parameters(*shape, wanted);
  if (equal(*shape, decoded, wanted)) return "";
  return "decoded " + show(shape, *value) + " instead of " + show(shape, expected);
}

std::string Suite::same_body(std::string_view ours, std::string_view theirs, std::string_view type,
                             const Shape* shape) {
  if (ours == theirs) return "";
  // Where AWS's example has no body, an empty document says the same.
  if (theirs.empty() && (ours == "{}" || ours == "\xA0" || protocol_ == Protocol::query)) return "";
  if (ours.empty() && (theirs == "{}" || theirs == "\xBF\xFF")) return "";
  const std::string both = "wrote " + std::string(ours) + " instead of " + std::string(theirs);
  boost::system::error_code bad;
  if (type.find("json") != std::string_view::npos) {
    const json::value a = json::parse(ours, bad);
    if (bad) return both;
    const json::value b = json::parse(theirs, bad);
    return !bad && a == b ? "" : both;
  }
  if (type.find("xml") != std::string_view::npos) {
    const std::string a = canonical_xml(ours);
    const std::string b = canonical_xml(theirs);
    return a == b ? "" : "wrote " + a + " instead of " + b;
  }
  if (type.find("form") != std::string_view::npos) {
    return form_of(ours) == form_of(theirs) ? "" : both;
  }
  if (type.find("cbor") != std::string_view::npos && shape != nullptr) {
    Operation operation = model_.operation();
    operation.output = shape;
    const auto read = [&](std::string_view body) {
      const ResponseParts& response = kept_.emplace_back(200, Headers(), std::string(body));
      return decode_response(protocol_, model_.service(), operation, response, arena_);
    };
    const auto a = read(ours);
    const auto b = read(theirs);
    return a && b && equal(*shape, *a, *b) ? "" : "wrote other CBOR";
  }
  return both;
}

std::string Suite::same_headers(const Headers& ours, const json::object& theirs, bool has_body) {
  for (const auto& [name, value] : theirs) {
    if (equal_ignoring_case(name, "Content-Length")) continue;
    if (equal_ignoring_case(name, "Content-Type") && !has_body) continue;
    bool found = false;
    for (const auto& [key, text] : ours) {
      found = found || (equal_ignoring_case(key, name) && text == value.as_string());
    }
    if (!found) return "header " + std::string(name) + ": " + std::string(value.as_string());
  }
  return "";
}

std::string Suite::same_request(const OwnedRequest& ours, const OwnedRequest& theirs,
                                const Value& value) {
  if (ours.method != theirs.method) return "method " + ours.method;
  if (uri_decode(ours.path) != uri_decode(theirs.path)) return "path " + ours.path;
  if (form_of(ours.query) != form_of(theirs.query)) return "query " + ours.query;
  std::string type(type_of(protocol_));
  for (const auto& [name, text] : theirs.headers) {
    if (equal_ignoring_case(name, "Content-Type")) type = text;
  }
  const std::string body = same_body(ours.body, theirs.body, type, model_.operation().input);
  if (!body.empty()) return body;
  return same_headers(ours.headers,
                      test_.at("serialized").as_object().contains("headers")
                          ? test_.at("serialized").as_object().at("headers").as_object()
                          : json::object(),
                      !theirs.body.empty());
}

std::string Suite::input() {
  const json::object& serialized = test_.at("serialized").as_object();
  OwnedParts theirs;
  theirs.request.method = text_at(serialized, "method");
  const std::string uri = text_at(serialized, "uri");
  theirs.request.path = uri.substr(0, uri.find('?'));
  if (uri.find('?') != std::string::npos) theirs.request.query = uri.substr(uri.find('?') + 1);
  theirs.request.body = text_at(serialized, "body");
  if (protocol_ == Protocol::rpc_v2_cbor) {
    Bytes decoded;
    from_base64(theirs.request.body, decoded);
    theirs.request.body = decoded;
  }
  if (serialized.contains("headers")) {
    for (const auto& [name, value] : serialized.at("headers").as_object()) {
      theirs.request.headers.emplace_back(name, value.as_string());
    }
  }
  const Shape* const shape = model_.operation().input;
  const json::value* const params = test_.if_contains("params");
  const Value expected =
      shape == nullptr ? Value()
                       : value_of(*shape, params != nullptr ? *params : json::object(), arena_);
  if (std::string wrong = decodes_to(theirs, expected); !wrong.empty()) return wrong;
  auto made = encode_request(protocol_, model_.service(), model_.operation(), expected);
  if (!made) return "not encoded: " + made.error().message;
  OwnedParts ours{std::move(*made), {}};
  if (std::string wrong = decodes_to(ours, expected); !wrong.empty()) return "own bytes: " + wrong;
  return same_request(ours.request, theirs.request, expected);
}

ResponseParts Suite::theirs() {
  const json::object& response = test_.at("response").as_object();
  ResponseParts out;
  out.status = static_cast<int>(response.at("status_code").to_number<int64_t>());
  out.body = text_at(response, "body");
  if (protocol_ == Protocol::rpc_v2_cbor) {
    Bytes decoded;
    from_base64(out.body, decoded);
    out.body = decoded;
  }
  if (response.contains("headers")) {
    for (const auto& [name, value] : response.at("headers").as_object()) {
      out.headers.emplace_back(name, value.as_string());
    }
  }
  return out;
}

std::string Suite::output(bool only_read) {
  const ResponseParts expected = theirs();
  if (const size_t at = expected.body.find("Response xmlns=\""); at != std::string::npos) {
    const size_t start = expected.body.find('"', at) + 1;
    model_.set_xml_namespace(
        std::string_view(expected.body).substr(start, expected.body.find('"', start) - start));
  }
  const Shape* const shape = model_.operation().output;
  const Value value = shape == nullptr ? Value() : value_of(*shape, test_.at("result"), arena_);
  const ResponseParts ours =
      encode_response(protocol_, model_.service(), model_.operation(), value, request_id(expected));
  ResponseParts unnamed = ours;  // A prefix of nothing would take the request's id, too.
  std::erase_if(unnamed.headers, [](const auto& h) { return h.first == "x-amzn-RequestId"; });
  for (const ResponseParts& response : {expected, unnamed}) {
    const auto read =
        decode_response(protocol_, model_.service(), model_.operation(), response, arena_);
    if (!read) return "not read: " + read.error().code + " " + read.error().message;
    if (shape != nullptr && !equal(*shape, *read, value)) {
      return "read " + show(shape, *read) + " instead of " + show(shape, value) + " from " +
             response.body;
    }
  }
  return only_read ? "" : same_response(ours, expected, shape);
}

std::string Suite::same_response(const ResponseParts& ours, const ResponseParts& theirs,
                                 const Shape* shape) {
  if (ours.status != theirs.status) return "status " + std::to_string(ours.status);
  const json::object& response = test_.at("response").as_object();
  const std::string* const type = theirs.header("Content-Type");
  const std::string_view otherwise =
      protocol_ == Protocol::query ? std::string_view("xml") : type_of(protocol_);
  const std::string wrong =
      same_body(ours.body, theirs.body, type != nullptr ? *type : otherwise, shape);
  if (!wrong.empty() || !response.contains("headers")) return wrong;
  return same_headers(ours.headers, response.at("headers").as_object(), !ours.body.empty());
}

std::string Suite::request_id(const ResponseParts& response) {
  const std::string* const id = response.header("x-amzn-RequestId");
  return id != nullptr ? *id : "foo-id";
}

std::string Suite::error(bool only_read) {
  ResponseParts expected = theirs();
  const std::string code = text_at(test_, "errorCode");
  Error error{ErrorKind::invalid, text_at(test_, "errorMessage"), code, 0, {}};
  const Shape* const shape = find_error(model_.service(), &model_.operation(), code);
  if (shape == nullptr) return "no shape of " + code;
  for (const auto& [name, value] : test_.at("error").as_object()) {
    if (equal_ignoring_case(name, "message")) continue;
    const bool scalar = value.is_string();
    error.details.emplace_back(name,
                               scalar ? std::string(value.as_string()) : json::serialize(value));
  }
  const ResponseParts ours =
      encode_error(protocol_, model_.service(), &model_.operation(), error, "foo-id");
  for (const ResponseParts& response : {expected, ours}) {
    const auto read =
        decode_response(protocol_, model_.service(), model_.operation(), response, arena_);
    if (read) return "an error was read as an output";
    if (read.error().code != code) return "code " + read.error().code;
    if (!error.message.empty() && read.error().message != error.message) {
      return "message " + read.error().message;
    }
    if (read.error().details != error.details) return "other details";
  }
  if (only_read) return "";
  // AWS's own names of types have a namespace, which clients drop; ours have
  // none.
  if (const size_t hash = expected.body.find('#'); hash != std::string::npos) {
    if (const size_t quote = expected.body.rfind('"', hash); quote != std::string::npos) {
      expected.body.erase(quote + 1, hash - quote);
    }
  }
  return same_response(ours, expected, shape);
}

struct Case {
  const char* file;
  Protocol protocol;
};

class ProtocolVectors : public ::testing::TestWithParam<Case> {};

constexpr std::string_view kHost = "a client chooses host and base path";
constexpr std::string_view kToken = "a client makes up idempotency tokens";
constexpr std::string_view kGzip = "a client compresses; the case shows no compressed bytes";
constexpr std::string_view kNothing = "an empty collection is not on the wire, so none arrives";
constexpr std::string_view kEmptyPayload = "a client sends {} for a structure that is not there";
constexpr std::string_view kChecksum = "a client adds Content-MD5";
constexpr LeftOut kInputLeftOut[] = {
    {"AwsJson11HostWithPath", kHost},
    {"AwsJson10HostWithPath", kHost},
    {"QueryHostWithPath", kHost},
    {"RestJsonHostWithPath", kHost},
    {"SDKAppliedContentEncoding_*", kGzip},
    {"SDKAppendsGzipAndIgnoresHttpProvidedEncoding_*", kGzip},
    {"SDKAppendedGzipAfterProvidedEncoding_*", kGzip},
    {"QueryProtocolIdempotencyTokenAutoFill", kToken},
    {"RestJsonQueryIdempotencyTokenAutoFill", kToken},
    {"QueryIdempotencyTokenAutoFill", kToken},
    {"QueryEmptyQueryMaps", kNothing},
    {"RestJsonHttpPrefixHeadersAreNotPresent", kNothing},
    {"HttpPrefixHeadersAreNotPresent", kNothing},
    {"RestJsonOmitsEmptyListQueryValues", kNothing},
    {"RestJsonHttpWithEmptyStructurePayload", kEmptyPayload},
    {"RestJsonHttpWithHeadersButNoPayload", kEmptyPayload},
    {"RestJsonHttpChecksumRequired", kChecksum},
};

constexpr LeftOut kOutputLeftOut[] = {
    {"HttpPrefixHeadersAreNotPresent", kNothing},
    {"RestJsonDeserializesDenseSetMapAndSkipsNull",
     "the model does not tell sparse from dense maps"},
    {"RpcV2CborDeserializesDenseSetMapAndSkipsNull",
     "the model does not tell sparse from dense maps"},
    {"IgnoreQueryParamsInResponse", "no model has a query parameter in an output"},
};

// Read as the case says; what a server writes is something else.
constexpr std::string_view kDark = "old forms of errors that only clients still read";
constexpr std::string_view kOffset = "servers write UTC";
constexpr std::string_view kTolerance =
    "clients ignore what they do not know; servers do not write it";
constexpr LeftOut kOnlyRead[] = {
    {"AwsJson11FooError*", kDark},
    {"AwsJson10FooError*", kDark},
    {"RestJsonFooError*", kDark},
    {"AwsJson11DateTimeWith*", kOffset},
    {"AwsQueryDateTimeWith*", kOffset},
    {"RestJsonDateTimeWith*", kOffset},
    {"RestXmlDateTimeWith*", kOffset},
    {"handles_unexpected_json_output", kTolerance},
    {"AwsJson10HandlesUnexpectedJsonOutput", kTolerance},
    {"AwsJson11DeserializeIgnoreType", kTolerance},
    {"AwsJson10DeserializeIgnoreType", kTolerance},
    {"AwsJson10DeserializeAllowNulls", kTolerance},
    {"RestJsonDeserializeIgnoreType", kTolerance},
    {"AwsJson11StructuresDontDeserializeNullValues", kTolerance},
    {"RestJsonDoesntDeserializeNullStructureValues", kTolerance},
    {"InvalidGreetingError", kTolerance},
    {"ComplexError", kTolerance},
    {"SimpleScalarPropertiesWithXMLPreamble", kTolerance},
    {"QueryXmlNamespaces", "the case leaves out a namespace that its model has"},
    {"AwsJson11IntEnums", "the case asks for a request's header in the answer"},
};

std::string_view reason(std::span<const LeftOut> list, std::string_view id) {
  for (const LeftOut& entry : list) {
    const bool all = entry.id.ends_with('*');
    if (all ? id.starts_with(entry.id.substr(0, entry.id.size() - 1)) : entry.id == id) {
      return entry.why;
    }
  }
  return {};
}

void run(const Case& which, const char* direction, std::span<const LeftOut> left_out) {
  const auto path = vectors_folder() / direction / (std::string(which.file) + ".json");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  const json::value suites = json::parse(text.str());
  int passed = 0, skipped = 0, failed = 0;
  for (const json::value& suite : suites.as_array()) {
    for (const json::value& entry : suite.as_object().at("cases").as_array()) {
      const json::object& test = entry.as_object();
      const std::string id = text_at(test, "id");
      if (const std::string_view why = reason(left_out, id); !why.empty()) {
        std::printf("  left out %s: %.*s\n", id.c_str(), static_cast<int>(why.size()), why.data());
        ++skipped;
        continue;
      }
      const bool only_read = !reason(kOnlyRead, id).empty();
      Suite one(which.protocol, suite.as_object(), test);
      const std::string wrong = test.contains("serialized")  ? one.input()
                                : test.contains("errorCode") ? one.error(only_read)
                                                             : one.output(only_read);
      if (!wrong.empty()) ADD_FAILURE() << id << ": " << wrong;
      ++(wrong.empty() ? passed : failed);
    }
  }
  std::printf("%s/%s: %d passed, %d left out, %d failed\n", direction, which.file, passed, skipped,
              failed);
}

TEST_P(ProtocolVectors, Input) { run(GetParam(), "input", kInputLeftOut); }
TEST_P(ProtocolVectors, Output) { run(GetParam(), "output", kOutputLeftOut); }

INSTANTIATE_TEST_SUITE_P(
    All, ProtocolVectors,
    ::testing::Values(Case{"json", Protocol::json_1_1}, Case{"json_1_0", Protocol::json_1_0},
                      Case{"json_1_0-query-compatible", Protocol::json_1_0},
                      Case{"query", Protocol::query}, Case{"rest-json", Protocol::rest_json},
                      Case{"rest-xml", Protocol::rest_xml},
                      Case{"smithy-rpc-v2-cbor", Protocol::rpc_v2_cbor},
                      Case{"smithy-rpc-v2-cbor-non-query-compatible", Protocol::rpc_v2_cbor},
                      Case{"smithy-rpc-v2-cbor-query-compatible", Protocol::rpc_v2_cbor}),
    [](const auto& info) {
      std::string name = info.param.file;
      std::ranges::replace(name, '-', '_');
      return name;
    });

TEST(ProtocolVectors, Ec2) {
  GTEST_SKIP() << "ec2.json: a protocol of EC2 alone, which is not served";
}

}  // namespace
}  // namespace millrace::wire
