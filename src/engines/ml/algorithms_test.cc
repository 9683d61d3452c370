#include "engines/ml/algorithms.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace millrace::ml {
namespace {

TEST(Algorithms, AreFoundByName) {
  ASSERT_NE(find_algorithm("factorization-machines"), nullptr);
  EXPECT_EQ(find_algorithm("factorization_machines"), nullptr);
  EXPECT_EQ(find_algorithm(""), nullptr);
}

TEST(Algorithms, AreFoundByImage) {
  for (const std::string_view image :
       {"382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1",
        "664544806723.dkr.ecr.eu-central-1.amazonaws.com/factorization-machines:latest",
        "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/factorization-machines:1",
        "226302683700.dkr.ecr-fips.us-gov-west-1.amazonaws.com/factorization-machines",
        "000000000000.dkr.ecr.us-east-1.localhost:4566/factorization-machines@sha256:00"}) {
    EXPECT_NE(find_algorithm_of_image(image), nullptr) << image;
  }
  for (const std::string_view image :
       {"382416733822.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "factorization-machines:1",
        "docker.io/factorization-machines:1", "382416733822.dkr.ecr.us-east-1.amazonaws.com", "",
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/me/factorization-machines:1",
        "evil.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1"}) {
    EXPECT_EQ(find_algorithm_of_image(image), nullptr) << image;
  }
}

TEST(Algorithms, HaveMetricsOfDistinctNamesAndOneGroup) {
  for (const Algorithm& algorithm : algorithms()) {
    std::set<std::string_view> names;
    for (const MetricDefinition& metric : algorithm.metrics) {
      EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
      const std::regex regex{std::string(metric.regex)};
      EXPECT_EQ(regex.mark_count(), 1u) << metric.name;
    }
  }
}

}  // namespace
}  // namespace millrace::ml
