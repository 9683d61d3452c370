#include "app/credentials.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace millrace::app {
namespace {

constexpr uint64_t kFileBytesMax = 1 << 20;
constexpr std::string_view kSectionPrefix = "account-";

runtime::Path file_of(const runtime::Path& data) { return data / "credentials"; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Takes one line into `accounts`. False where it is no line of a credentials file.
bool take_line(std::string_view line, std::vector<Account>& accounts) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return true;
  if (line.front() == '[' && line.back() == ']') {
    std::string_view name = trimmed(line.substr(1, line.size() - 2));
    if (name == "default") name = kDefaultAccount;
    if (name.starts_with(kSectionPrefix)) name.remove_prefix(kSectionPrefix.size());
    accounts.push_back({std::string(name), {}, {}});
    return name.size() == 12;
  }
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos || accounts.empty()) return false;
  const std::string_view name = trimmed(line.substr(0, equals));
  const std::string value(trimmed(line.substr(equals + 1)));
  if (name == "aws_access_key_id") accounts.back().access_key_id = value;
  if (name == "aws_secret_access_key") accounts.back().secret_access_key = value;
  return true;
}

Result<void> check_mode(const runtime::Path& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0 && (st.st_mode & 077) != 0) {
    return fail(ErrorKind::denied, fmt::format("{} can be read by others; run: chmod 600 {}",
                                               path.string(), path.string()));
  }
  return {};
}

bool has_account(const std::vector<Account>& accounts, std::string_view id) {
  return std::ranges::any_of(accounts, [&](const Account& a) { return a.id == id; });
}

Account make_account(runtime::Random& random) {
  Bytes raw(30, '\0');
  random.fill(raw.data(), raw.size());
  return {std::string(kDefaultAccount), "AKIA" + random.alphanumeric(16), to_base64(raw)};
}

}  // namespace

Result<std::vector<Account>> read_credentials(runtime::Disk& disk, const runtime::Path& data) {
  const runtime::Path path = file_of(data);
  TRY(const Bytes text, runtime::read_file(disk, path, kFileBytesMax));
  TRY(check_mode(path));
  std::vector<Account> accounts;
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = rest.find('\n');
    ++number;
    if (!take_line(rest.substr(0, end), accounts)) {
      return fail(ErrorKind::invalid,
                  fmt::format("{} line {} is not understood", path.string(), number));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  std::erase_if(accounts, [](const Account& a) { return a.access_key_id.empty(); });
  return accounts;
}

Result<std::vector<Account>> load_accounts(runtime::Disk& disk, runtime::Random& random,
                                           const Config& config) {
  std::vector<Account> accounts = config.accounts;
  Result<std::vector<Account>> stored = read_credentials(disk, config.data);
  if (!stored && stored.error().kind != ErrorKind::not_found) return stored;
  if (stored) accounts.insert(accounts.end(), stored->begin(), stored->end());
  if (stored) return accounts;
  if (!has_account(accounts, kDefaultAccount)) accounts.push_back(make_account(random));
  const Account& root = *std::ranges::find(accounts, kDefaultAccount, &Account::id);
  const std::string text =
      fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                  root.access_key_id, root.secret_access_key);
  TRY(runtime::write_file_durably(disk, file_of(config.data), text));
  return accounts;
}

}  // namespace millrace::app
