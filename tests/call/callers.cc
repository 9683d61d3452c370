#include "tests/call/callers.h"

#include <fmt/format.h>

#include "tests/call/json_text.h"

namespace millrace::call_tests {
namespace {

// The text at a path of an answer.
Result<std::string> text_at(const Answer& answer, const std::string& path) {
  TRY(std::string value, member_at(answer.output, path));
  if (value.size() < 2 || value.front() != '"') {
    return fail(ErrorKind::invalid, fmt::format("{} is no text: {}", path, value));
  }
  return value.substr(1, value.size() - 2);
}

Result<Answer> succeeded(Result<Answer> answer, std::string_view what) {
  if (!answer || !answer->failed()) return answer;
  return fail(ErrorKind::invalid,
              fmt::format("{}: {} {}: {}", what, answer->status, answer->code, answer->message));
}

}  // namespace

Who other_root() {
  return {.access_key_id = "AKIAMILLRACECALLOTHER",
          .secret = "of-the-other-account-of-the-tests-0000000",
          .account = std::string(kOtherAccount),
          .arn = fmt::format("arn:aws:iam::{}:root", kOtherAccount),
          .user_id = std::string(kOtherAccount),
          .root = true};
}

Request Callers::as_root(std::string service, std::string operation, std::string input) const {
  return {.service = std::move(service),
          .operation = std::move(operation),
          .input = std::move(input),
          .who = root_};
}

Result<Who> Callers::find(std::string_view kind, const std::string& name, const Ask& ask) {
  if (kind == "anonymous") return Who{.anonymous = true};
  if (kind == "account") {
    root_ = other_root();
    return root_;
  }
  if (kind == "root") {
    root_ = {};
    return root_;
  }
  const std::string key = fmt::format("{} {} {}", root_.account, kind, name);
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  TRY(Who who, kind == "user" ? make_user(name, ask) : make_role(name, ask));
  made_.emplace(key, who);
  return who;
}

Result<Who> Callers::make_user(const std::string& name, const Ask& ask) const {
  const std::string input = fmt::format(R"({{"UserName": "{}"}})", name);
  Result<Answer> user = ask(as_root("iam", "CreateUser", input));
  const bool there =
      user && (user->code == "EntityAlreadyExists" || user->alias == "EntityAlreadyExists");
  if (there) user = ask(as_root("iam", "GetUser", input));
  TRY(const Answer made, succeeded(std::move(user), "CreateUser"));
  TRY(const Answer key,
      succeeded(ask(as_root("iam", "CreateAccessKey", input)), "CreateAccessKey"));
  Who who;
  TRY(who.access_key_id, text_at(key, ".AccessKey.AccessKeyId"));
  TRY(who.secret, text_at(key, ".AccessKey.SecretAccessKey"));
  TRY(who.arn, text_at(made, ".User.Arn"));
  TRY(who.user_id, text_at(made, ".User.UserId"));
  who.account = who.arn.substr(13, 12);
  return who;
}

Result<Who> Callers::make_role(const std::string& name, const Ask& ask) const {
  const std::string account = root_.account.empty() ? "000000000000" : root_.account;
  const std::string input =
      fmt::format(R"({{"RoleArn": "arn:aws:iam::{}:role/{}", "RoleSessionName": "{}"}})", account,
                  name, "session");
  TRY(const Answer made, succeeded(ask(as_root("sts", "AssumeRole", input)), "AssumeRole"));
  Who who;
  TRY(who.access_key_id, text_at(made, ".Credentials.AccessKeyId"));
  TRY(who.secret, text_at(made, ".Credentials.SecretAccessKey"));
  TRY(who.token, text_at(made, ".Credentials.SessionToken"));
  TRY(who.arn, text_at(made, ".AssumedRoleUser.Arn"));
  TRY(who.user_id, text_at(made, ".AssumedRoleUser.AssumedRoleId"));
  who.account = account;
  return who;
}

}  // namespace millrace::call_tests
