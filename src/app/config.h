// Config: what a user chooses, from flags and environment, in one value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::app {

// An account and its root key.
struct Account {
  std::string id;  // 12 digits
  std::string access_key_id;
  std::string secret_access_key;
};

struct Config {
  std::filesystem::path data;
  std::string address = "127.0.0.1";
  uint16_t port = 4566;
  std::string region = "us-east-1";
  unsigned loops = 0;  // Threads that serve; 0: one per core, at most 8.
  bool any_address = false;
  bool plain_objects = false;  // Objects that ask for no encryption get none.
  // The program that supervises jobs and holds the built-in algorithms; this one, but for tests.
  std::string program = "/proc/self/exe";
  // Declared beside what the credentials file holds. The first is the default account.
  std::vector<Account> accounts;
};

inline constexpr std::string_view kDefaultAccount = "000000000000";

// ~/.millrace, or MILLRACE_DATA.
std::filesystem::path default_data_directory();

// Adds the accounts of MILLRACE_ACCESS_KEY_ID and MILLRACE_SECRET_ACCESS_KEY (the default
// account's root key) and of MILLRACE_ACCOUNTS ("111111111111:KEY:SECRET,…").
// Errors: invalid, naming the variable.
Result<void> read_accounts(Config& config);

}  // namespace millrace::app
