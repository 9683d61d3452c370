// For tests: one small service with every kind of shape.
#pragma once

#include <memory>
#include <string_view>

#include "wire/protocols/vector_model.h"

namespace millrace::wire::testing {

inline constexpr std::string_view kSampleShapes = R"({
  "Text": {"type": "string"},
  "Secret": {"type": "string", "sensitive": true, "min": 8},
  "Name": {"type": "string", "min": 2, "max": 8, "pattern": "[a-z]+"},
  "Color": {"type": "string", "enum": ["Red", "Green"]},
  "Small": {"type": "integer", "min": 1, "max": 10},
  "Big": {"type": "long"},
  "Share": {"type": "double", "min": 0, "max": 1},
  "Flag": {"type": "boolean"},
  "Raw": {"type": "blob"},
  "When": {"type": "timestamp"},
  "Free": {"type": "structure", "members": {}, "document": true},
  "Names": {"type": "list", "member": {"shape": "Name"}, "max": 3},
  "Tag": {"type": "structure", "required": ["Key"], "members": {
    "Key": {"shape": "Name"}, "Value": {"shape": "Text"}}},
  "Tags": {"type": "list", "member": {"shape": "Tag"}},
  "Labels": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}},
  "TagMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Tag"}},
  "Tree": {"type": "structure", "members": {
    "Left": {"shape": "Tree"}, "Label": {"shape": "Text"}}},
  "Input": {"type": "structure", "required": ["JobName"], "members": {
    "JobName": {"shape": "Name"}, "Secret": {"shape": "Secret"}, "Color": {"shape": "Color"},
    "Small": {"shape": "Small"}, "Big": {"shape": "Big"}, "Share": {"shape": "Share"},
    "Flag": {"shape": "Flag"}, "Raw": {"shape": "Raw"}, "When": {"shape": "When"},
    "Free": {"shape": "Free"}, "Names": {"shape": "Names"}, "Tags": {"shape": "Tags"},
    "Labels": {"shape": "Labels"}, "TagMap": {"shape": "TagMap"}, "Tree": {"shape": "Tree"},
    "Text": {"shape": "Text"}}},
  "Gone": {"type": "structure", "exception": true, "members": {
    "Message": {"shape": "Text"}, "Count": {"shape": "Small"}},
    "error": {"code": "Service.Gone", "httpStatusCode": 410, "senderFault": true}}
})";

struct Sample {
  boost::json::object suite;
  boost::json::object operation;
  std::unique_ptr<VectorModel> model;

  const Service& service() const { return model->service(); }
  const Operation& operation_table() const { return model->operation(); }
  const Shape& input() const { return *model->operation().input; }
};

// `metadata` is JSON: {"protocol": "query", "apiVersion": "2020-01-01"}.
inline Sample make_sample(std::string_view metadata) {
  Sample out;
  out.suite["metadata"] = boost::json::parse(metadata);
  out.suite["shapes"] = boost::json::parse(kSampleShapes);
  out.operation = boost::json::parse(R"({"name": "MakeJob",
    "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Input"},
    "output": {"shape": "Input"}, "errors": [{"shape": "Gone"}]})")
                      .as_object();
  out.model = std::make_unique<VectorModel>(out.suite, out.operation);
  return out;
}

}  // namespace millrace::wire::testing
