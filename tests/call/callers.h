// Callers: who calls, as the step `as …` says, and how they come to be.
//
// Users, roles and their keys are made through IAM and STS by the root of the account that was
// named last, the first time a script names them. One thread. Errors are the runner's: what cannot
// be made is told as the step's failure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tests/call/world.h"

namespace millrace::call_tests {

class Callers final {
 public:
  // Sends a request, again where the world injects failures.
  using Ask = std::function<Result<Answer>(Request)>;

  // `kind` is root, anonymous, account, user or role. Errors: invalid.
  Result<Who> find(std::string_view kind, const std::string& name, const Ask& ask);

 private:
  Result<Who> make_user(const std::string& name, const Ask& ask) const;
  Result<Who> make_role(const std::string& name, const Ask& ask) const;
  Request as_root(std::string service, std::string operation, std::string input) const;

  Who root_;  // Of the account that was named last; empty: the first.
  std::map<std::string, Who> made_;
};

// The root of the further account that every world has: 111111111111.
inline constexpr std::string_view kOtherAccount = "111111111111";
Who other_root();

}  // namespace millrace::call_tests
