#include "tests/call/fixtures.h"

#include <fmt/format.h>

namespace millrace::call_tests {

Result<Fixtures> Fixtures::make(std::span<const FixtureText> texts, Variables constants) {
  Fixtures out;
  for (const FixtureText& text : texts) {
    const std::string name(text.name);
    TRY(Variables defaults, members_of(text.defaults));
    std::set<std::string> known;
    for (const auto& [parameter, value] : defaults) known.insert(parameter);
    for (const auto& [constant, value] : constants) known.insert(constant);
    TRY(Script script, parse_script("given " + name, text.text, std::move(known)));
    out.entries_.emplace(name, Entry{std::move(defaults), std::move(script)});
  }
  out.constants_ = std::move(constants);
  return out;
}

Result<const Script*> Fixtures::find(std::string_view name, std::string_view parameters,
                                     Variables& variables) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) {
    std::string names;
    for (const auto& [known, entry] : entries_) names += (names.empty() ? "" : ", ") + known;
    return fail(ErrorKind::invalid, fmt::format("no fixture '{}' (there are {})", name, names));
  }
  variables = constants_;
  for (const auto& [parameter, value] : it->second.defaults) variables[parameter] = value;
  TRY(const Variables given, members_of(parameters.empty() ? "{}" : parameters));
  for (const auto& [parameter, value] : given) {
    if (!it->second.defaults.contains(parameter)) {
      return fail(ErrorKind::invalid,
                  fmt::format("fixture {} has no parameter '{}'", name, parameter));
    }
    variables[parameter] = value;
  }
  for (const auto& [parameter, value] : it->second.defaults) {
    if (variables.at(parameter) != "null") continue;
    return fail(ErrorKind::invalid, fmt::format("fixture {} needs '{}'", name, parameter));
  }
  return &it->second.script;
}

}  // namespace millrace::call_tests
