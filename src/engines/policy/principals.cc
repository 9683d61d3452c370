#include "engines/policy/principals.h"

#include <algorithm>

#include "engines/policy/tables.h"

namespace millrace::policy {
namespace {

constexpr size_t kUniqueIdBytes = 21;
constexpr std::string_view kRoot = "root";

bool is_account_number(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_unique_id(std::string_view text) {
  return text.size() == kUniqueIdBytes && (text.starts_with("AIDA") || text.starts_with("AROA")) &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos;
}

Result<bool> has_root(store::Txn& txn, std::string_view account) {
  TRY(const std::vector<KeyOwner> roots,
      txn.scan(kKeyOwners,
               {.prefix = store::key_prefix(std::string(account), std::string()), .limit = 1}));
  return !roots.empty();
}

// Takes what stands before the next `separator`, or all of it.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return out;
}

// `/division/ann` of `division/ann`, in two pieces: the path and the name.
std::pair<std::string, std::string> split_path(std::string_view resource) {
  const size_t slash = resource.rfind('/');
  if (slash == std::string_view::npos) return {"/", std::string(resource)};
  return {"/" + std::string(resource.substr(0, slash + 1)),
          std::string(resource.substr(slash + 1))};
}

template <class Row>
Result<bool> is_at(store::Txn& txn, const store::Table<Row>& table, std::string_view account,
                   std::string_view resource) {
  const auto [path, name] = split_path(resource);
  TRY(const std::optional<Row> found, txn.find(table, {std::string(account), name}));
  return found && found->path == path && found->name == name;
}

// AWS: the session's role must be there, the session need not.
Result<bool> is_known_session(store::Txn& txn, std::string_view account,
                              std::string_view resource) {
  const std::string_view kind = take(resource, '/');
  if (kind == "federated-user") return has_root(txn, account);
  if (kind != "assumed-role" || resource.find('/') == std::string_view::npos) return false;
  TRY(const std::optional<Role> role,
      txn.find(kRoles, {std::string(account), std::string(take(resource, '/'))}));
  return role.has_value();
}

}  // namespace

Result<std::vector<std::string>> accounts(store::Txn& txn) {
  std::vector<std::string> out;
  TRY(const std::vector<KeyOwner> owners, txn.scan(kKeyOwners, {}));
  for (const KeyOwner& owner : owners) {
    if (owner.user.empty() && (out.empty() || out.back() != owner.account)) {
      out.push_back(owner.account);
    }
  }
  return out;
}

Result<bool> is_known_principal(store::Txn& txn, std::string_view name) {
  if (is_account_number(name)) return has_root(txn, name);
  if (is_unique_id(name)) return true;
  if (take(name, ':') != "arn" || take(name, ':') != "aws") return false;
  const std::string_view service = take(name, ':');
  if (!take(name, ':').empty()) return false;  // IAM has no regions.
  const std::string_view account = take(name, ':');
  if (!is_account_number(account)) return false;
  if (service == "sts") return is_known_session(txn, account, name);
  if (service != "iam") return false;
  if (name == kRoot) return has_root(txn, account);
  const std::string_view kind = take(name, '/');
  if (kind == "user") return is_at(txn, kUsers, account, name);
  if (kind == "role") return is_at(txn, kRoles, account, name);
  return false;
}

}  // namespace millrace::policy
