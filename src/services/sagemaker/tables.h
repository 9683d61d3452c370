// The rows of SageMaker. What a client sent is kept as the document it was (JSON with the model's
// member names), so that Describe answers all of it, also what Millrace does not act upon.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/ids.h"
#include "base/time.h"
#include "store/database.h"

namespace millrace::sagemaker {

// A model or an endpoint configuration: a document that never changes.
struct NamedDocument {
  Realm realm;
  std::string name;
  std::string arn;
  Time created{};
  Bytes document;  // The Create request.

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.name), v(3, self.arn), v(4, self.created), v(5, self.document);
  }
};
inline constexpr store::Table<NamedDocument> kModels{"sagemaker.models"};
inline constexpr store::Table<NamedDocument> kEndpointConfigs{"sagemaker.endpoint_configs"};

// The tags of one resource, by its ARN.
struct ResourceTags {
  Realm realm;
  std::string arn;
  std::map<std::string, std::string> tags;

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, arn}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.arn), v(3, self.tags);
  }
};
inline constexpr store::Table<ResourceTags> kTags{"sagemaker.tags"};

}  // namespace millrace::sagemaker
