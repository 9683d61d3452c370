// The rows of serving. A fleet is what runs behind one endpoint.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "store/database.h"

namespace millrace::serving {

struct Variant {
  std::string name;
  double weight = 1;
  int64_t instances = 1;
  std::string image;
  std::string model_url;  // Empty: the image needs no model.
  std::map<std::string, std::string> environment;
  int64_t startup_timeout_ms = 60'000;
  std::string reader;  // Who reads the model, in the words of ModelSource.

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.name), v(2, self.weight), v(3, self.instances), v(4, self.image);
    v(5, self.model_url), v(6, self.environment), v(7, self.startup_timeout_ms);
    v(8, self.reader);
  }
};

// One set of workers. Its number is part of every worker's id.
struct Generation {
  uint64_t number = 0;  // 0: none.
  std::string tag;      // Tells fleets of one name apart, over deletion and re-creation.
  std::vector<Variant> variants;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.number), v(2, self.tag), v(3, self.variants);
  }
};

struct Fleet {
  Realm realm;
  std::string endpoint;
  Generation serving;                // Answers requests.
  Generation deploying;              // Is being started.
  std::vector<Generation> retiring;  // Their workers are to be stopped.
  uint64_t last_number = 0;

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, endpoint}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.endpoint), v(3, self.serving), v(4, self.deploying);
    v(5, self.retiring), v(6, self.last_number);
  }
};
inline constexpr store::Table<Fleet> kFleets{"serving.fleets"};

}  // namespace millrace::serving
