#include "app/config.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace millrace::app {
namespace {

constexpr size_t kKeyIdMin = 1;
constexpr size_t kKeyIdMax = 128;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<Account> parse_account(std::string_view text) {
  const size_t first = text.find(':');
  const size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) {
    return fail(ErrorKind::invalid,
                "MILLRACE_ACCOUNTS: each entry is <12 digits>:<access key id>:<secret>");
  }
  Account out{std::string(text.substr(0, first)),
              std::string(text.substr(first + 1, second - first - 1)),
              std::string(text.substr(second + 1))};
  const bool digits = std::ranges::all_of(out.id, [](char c) { return c >= '0' && c <= '9'; });
  if (out.id.size() != 12 || !digits) {
    return fail(ErrorKind::invalid, "MILLRACE_ACCOUNTS: '" + out.id + "' is not 12 digits");
  }
  if (out.access_key_id.size() < kKeyIdMin || out.access_key_id.size() > kKeyIdMax ||
      out.secret_access_key.empty()) {
    return fail(ErrorKind::invalid, "MILLRACE_ACCOUNTS: account " + out.id + " has no usable key");
  }
  return out;
}

}  // namespace

std::filesystem::path default_data_directory() {
  if (const std::string chosen = variable("MILLRACE_DATA"); !chosen.empty()) return chosen;
  std::string home = variable("HOME");
  if (home.empty()) {
    const passwd* const entry = getpwuid(getuid());
    home = entry != nullptr ? entry->pw_dir : ".";
  }
  return std::filesystem::path(home) / ".millrace";
}

Result<void> read_accounts(Config& config) {
  const std::string id = variable("MILLRACE_ACCESS_KEY_ID");
  const std::string secret = variable("MILLRACE_SECRET_ACCESS_KEY");
  if (id.empty() != secret.empty()) {
    return fail(ErrorKind::invalid,
                "MILLRACE_ACCESS_KEY_ID and MILLRACE_SECRET_ACCESS_KEY go together");
  }
  if (!id.empty()) config.accounts.push_back({std::string(kDefaultAccount), id, secret});
  const std::string list = variable("MILLRACE_ACCOUNTS");
  for (std::string_view rest = list; !rest.empty();) {
    const size_t comma = rest.find(',');
    TRY(Account account, parse_account(rest.substr(0, comma)));
    config.accounts.push_back(std::move(account));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return {};
}

}  // namespace millrace::app
