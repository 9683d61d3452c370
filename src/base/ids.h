// Who and where: the first part of every key of a resource.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace millrace {

// An AWS account in a region. Global services (IAM, STS) use the region "aws-global".
struct Realm {
  std::string account;  // 12 digits
  std::string region;   // us-east-1
  auto operator<=>(const Realm&) const = default;
};

// arn:aws:<service>:<region>:<account>:<resource>
std::string make_arn(std::string_view service, const Realm& realm, std::string_view resource);

// The pieces of an ARN; empty members where it is none.
struct Arn {
  std::string partition, service, region, account, resource;
  bool valid() const { return !resource.empty(); }
};
Arn parse_arn(std::string_view text);

}  // namespace millrace
