// The tables of a service model: shapes, members, operations, as AWS publishes them.
//
// Plain constant data, generated per service by tools/generate from botocore's service-2.json
// (with models/overlay/ on top) and read by the codecs, the validator and the router. Nothing here
// runs code at start-up. Everything lives as long as the process.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::wire {

enum class Kind : uint8_t {
  structure,
  list,
  map,
  string,
  integer,  // All whole numbers, as int64; the model's range tells 32 from 64 bits.
  real,     // Floats and doubles, as double.
  boolean,
  blob,
  timestamp,
  document,  // Any JSON value; held as its text.
};

// Where a member of a top-level structure travels.
enum class Location : uint8_t { body, header, header_prefix, path, query, status };

enum class TimestampFormat : uint8_t { by_protocol, epoch_seconds, iso8601, http_date };

struct Shape;

// The rules of a shape that the validator enforces. `min` and `max` bound the length of strings,
// blobs, lists and maps, and the value of numbers.
struct Constraints {
  double min = 0;
  double max = 0;
  bool has_min = false;
  bool has_max = false;
  std::string_view pattern = {};  // Java syntax, to be matched against the whole text.
  std::span<const std::string_view> enumeration = {};
};

struct Member {
  std::string_view name;       // As the model spells it; JSON's and CBOR's name.
  std::string_view wire_name;  // locationName (XML element, header, query parameter), or name.
  const Shape* shape = nullptr;
  Location location = Location::body;
  TimestampFormat timestamp = TimestampFormat::by_protocol;
  bool required = false;
  bool flattened = false;  // XML and query: no wrapping element. (Of the member or its shape.)
  bool xml_attribute = false;
  bool json_value = false;  // A header that carries base64 of JSON text.
  bool idempotency_token = false;
  bool event_payload = false;
  std::string_view xml_namespace = {};         // xmlns URI
  std::string_view xml_namespace_prefix = {};  // "xsi" of xmlns:xsi
};

struct Shape {
  std::string_view name;
  Kind kind = Kind::string;
  // structure: its members. list: one, the element. map: two, key and value. For list and map,
  // wire_name is the XML name (`member`, `key`, `value` where the model names none).
  std::span<const Member> members = {};
  const Constraints* constraints = nullptr;
  int16_t payload = -1;  // Index of the member that is the HTTP body; -1: all body members are.
  TimestampFormat timestamp = TimestampFormat::by_protocol;
  bool is_32_bit = false;  // Whole numbers: of 32 bits. Reals: float.
  bool is_union = false;
  bool is_error = false;
  bool is_event_stream = false;
  bool streaming = false;               // A blob that streams.
  bool sensitive = false;               // Never in a log.
  std::string_view xml_name = {};       // Root element, where it differs from `name`.
  std::string_view xml_namespace = {};  // of the root element
  // Errors only: the name on the wire where it is not `name`, the HTTP status (0: by fault).
  std::string_view error_code = {};
  int16_t http_status = 0;
  bool sender_fault = true;
};

struct Operation {
  std::string_view name;
  std::string_view method;        // GET
  std::string_view path;          // "/{Bucket}/{Key+}?uploads"
  int16_t status = 200;           // of success
  const Shape* input = nullptr;   // Null: it takes nothing.
  const Shape* output = nullptr;  // Null: it answers nothing.
  // The element that wraps the input (rest-xml) and the output (query: "XResult") on the wire.
  std::string_view input_wrapper = {};
  std::string_view input_namespace = {};
  std::string_view output_wrapper = {};
  std::span<const Shape* const> errors = {};
  bool unauthenticated = false;
};

enum class Protocol : uint8_t { json_1_0, json_1_1, rest_json, rest_xml, query, rpc_v2_cbor };

std::string_view to_string(Protocol protocol);

// The name and route of an operation that AWS has, served or not.
struct OperationName {
  std::string_view name;
  std::string_view method;
  std::string_view path;
};

struct Service {
  std::string_view name;             // Our folder: "sagemaker"
  std::string_view sdk_id;           // "SageMaker"
  std::string_view full_name;        // "Amazon SageMaker Service"
  std::string_view signing_name;     // The service in the credential scope.
  std::string_view endpoint_prefix;  // "api.sagemaker"
  std::string_view target_prefix;    // X-Amz-Target: <prefix>.<Operation>
  std::string_view api_version;      // "2017-07-24"
  std::string_view xml_namespace;
  bool global = false;                            // No region in its resources (IAM, STS).
  bool query_compatible = false;                  // json and cbor answer x-amzn-query-error.
  std::span<const Protocol> protocols;            // The first is what plain errors use.
  std::span<const Operation> operations;          // Served; sorted by name.
  std::span<const OperationName> all_operations;  // Everything AWS has; sorted by name.
  std::span<const Shape* const> errors;           // Every error shape of the served operations.
};

// The served operation of that name, or null.
const Operation* find_operation(const Service& service, std::string_view name);
// True where AWS has such an operation, served or not.
bool has_operation(const Service& service, std::string_view name);
// The index of the member of that name, or -1.
int find_member(const Shape& shape, std::string_view name);

}  // namespace millrace::wire
