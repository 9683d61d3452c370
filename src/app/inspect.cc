#include <fmt/format.h>

#include <cstdlib>

#include "app/commands.h"
#include "app/credentials.h"
#include "app/endpoint_file.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "wire/http/client.h"

namespace millrace::app {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitAbsent = 3;
constexpr milliseconds kPatience{3'000};

// The root key of the default account: what the environment says, then the file.
Result<Account> root_of(runtime::Disk& disk, const Config& config) {
  if (!config.accounts.empty() && config.accounts.front().id == kDefaultAccount) {
    return config.accounts.front();
  }
  TRY(const std::vector<Account> accounts, read_credentials(disk, config.data));
  for (const Account& account : accounts) {
    if (account.id == kDefaultAccount) return account;
  }
  return fail(ErrorKind::not_found, "the credentials file has no [default]");
}

// The port of http://<address>:<port>.
uint16_t port_of(const std::string& url) {
  return static_cast<uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10));
}

}  // namespace

int print_status(const Config& config) {
  const auto disk = runtime::make_disk();
  const std::string url = read_endpoint(*disk, config.data, config.port);
  runtime::Loop loop;
  http::Client client;
  http::Endpoint to{.address = "127.0.0.1", .port = port_of(url), .unix_path = {}};
  http::ClientRequest request{.target = "/_millrace/health", .timeout = kPatience};
  const auto answer = runtime::run_task_for(loop, client.send(std::move(to), std::move(request)));
  if (!answer || answer->status != 200) {
    fmt::print("millrace is not running at {} ({})\n", url,
               answer ? fmt::format("HTTP {}", answer->status) : answer.error().message);
    return kExitAbsent;
  }
  fmt::print("millrace is running at {}\n{}", url, answer->body);
  return 0;
}

int print_environment(const Config& config) {
  const auto disk = runtime::make_disk();
  const Result<Account> root = root_of(*disk, config);
  if (!root) {
    fmt::print(stderr, "millrace: no instance has been started with --data {} ({})\n",
               config.data.string(), root.error().message);
    return kExitFailed;
  }
  fmt::print("export AWS_ENDPOINT_URL={}\n", read_endpoint(*disk, config.data, config.port));
  fmt::print("export AWS_ACCESS_KEY_ID={}\n", root->access_key_id);
  fmt::print("export AWS_SECRET_ACCESS_KEY={}\n", root->secret_access_key);
  fmt::print("export AWS_REGION={0}\nexport AWS_DEFAULT_REGION={0}\n", config.region);
  fmt::print("export AWS_EC2_METADATA_DISABLED=true\n");
  return 0;
}

}  // namespace millrace::app
