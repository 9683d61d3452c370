// World: where the steps of a script are carried out; the player's only way to the outside.
//
// A world is used by one thread, which runs no loop. A script gets a world of its own, with a fresh
// data directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::call_tests {

// Who calls. Without a key, and not anonymous: the root of the first account.
struct Who {
  std::string access_key_id = {};
  std::string secret = {};
  std::string token = {};  // Of temporary credentials.
  std::string account = {};
  std::string arn = {};
  std::string user_id = {};
  bool root = false;
  bool anonymous = false;
};

struct Request {
  std::string service;
  std::string operation;
  std::string input;  // JSON with the model's member names; empty for none.
  Who who = {};
};

// What came back.
struct Answer {
  int status = 0;       // 0: a success whose status this world does not see.
  std::string output;   // JSON; of a success
  std::string code;     // of an error
  std::string alias;    // The same error's other name on the wire, where the model gives it one.
  std::string message;  // of an error
  bool failed() const { return status >= 300; }
};

struct SeenEvent {
  std::string source;
  std::string detail_type;
  std::string detail;  // JSON
};

class World {
 public:
  virtual ~World() = default;

  // Starts from nothing; before everything else.
  virtual Result<void> open() = 0;
  // Between two steps: where a world does its mischief.
  virtual Result<void> disturb() { return {}; }
  // Errors are those of the runner (nobody answers, no such service); the platform's are answers.
  virtual Result<Answer> call(Request request) = 0;
  virtual Result<void> advance(seconds by) = 0;
  // Every event so far, oldest first.
  virtual Result<std::vector<SeenEvent>> events() = 0;
  // Lets some time pass before a question is repeated.
  virtual void pause(milliseconds duration) = 0;
  // Whether a server's failure is to be expected here, and the call to be repeated.
  virtual bool injects_failures() const { return false; }
};

}  // namespace millrace::call_tests
