// For tests: tables made at run time from a model in botocore's format, as
// tools/generate makes them at build time, and values from plain JSON.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <map>
#include <string>

#include "wire/model/value.h"

namespace millrace::wire::testing {

class VectorModel final {
 public:
  // `suite` has metadata and shapes; `operation` is one of the model's
  // operations.
  VectorModel(const boost::json::object& suite, const boost::json::object& operation);
  VectorModel(const VectorModel&) = delete;
  VectorModel& operator=(const VectorModel&) = delete;

  const Service& service() const { return service_; }
  const Operation& operation() const { return operations_.front(); }
  // What the vectors leave to the service: its namespace.
  void set_xml_namespace(std::string_view uri) { service_.xml_namespace = keep(uri); }
  // The shape of that name; fails the test's program where there is none.
  const Shape& shape(std::string_view name) const;

 private:
  Shape* make_shape(const std::string& name);
  void fill_shape(Shape& shape, const boost::json::object& json);
  void fill_constraints(Shape& shape, const boost::json::object& json);
  Member make_member(std::string_view name, std::string_view default_name,
                     const boost::json::object& reference, bool required);
  std::string_view keep(std::string_view text);

  const boost::json::object& shapes_json_;
  std::map<std::string, Shape, std::less<>> shapes_;
  std::deque<std::vector<Member>> members_;
  std::deque<Constraints> constraints_;
  std::deque<std::vector<std::string_view>> enumerations_;
  std::deque<std::string> texts_;
  std::vector<const Shape*> errors_;
  std::vector<Operation> operations_;
  std::vector<OperationName> names_;
  std::vector<Protocol> protocols_;
  Service service_;
};

// Blobs are plain text, timestamps epoch seconds, documents any JSON, reals
// also "NaN".
Value value_of(const Shape& shape, const boost::json::value& json, Arena& arena);

// Equal in type and content. NaN equals NaN, documents compare as JSON, maps
// without order.
bool equal(const Shape& shape, const Value& a, const Value& b);

}  // namespace millrace::wire::testing
