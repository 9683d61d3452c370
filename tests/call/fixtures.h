// Fixtures: what `given` makes. Each is a script of ordinary calls, with parameters.
//
// Immutable; any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/call/json_text.h"
#include "tests/call/script.h"

namespace millrace::call_tests {

// What stands in the visible list. `defaults` is an object: its members are the parameters, and
// null means that there is no default. `text` uses them as variables.
struct FixtureText {
  std::string_view name;
  std::string_view defaults;
  std::string_view text;
};

// The fixtures of the project (fixtures.cc).
std::span<const FixtureText> fixture_texts();

class Fixtures final {
 public:
  // `constants` are further variables of every fixture, name to JSON.
  // Errors: invalid (a fixture that cannot be parsed).
  static Result<Fixtures> make(std::span<const FixtureText> texts, Variables constants);

  // The script, and in `variables` its parameters. Errors: invalid (no such fixture, an unknown or
  // missing parameter).
  Result<const Script*> find(std::string_view name, std::string_view parameters,
                             Variables& variables) const;

 private:
  struct Entry {
    Variables defaults;
    Script script;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  Variables constants_;
};

}  // namespace millrace::call_tests
