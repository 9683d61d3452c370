#include "tests/call/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "tests/call/json_text.h"

namespace millrace::call_tests {
namespace {

constexpr std::string_view kRule = "----";

struct Line {
  int number = 0;
  std::string_view text;
};
using Block = std::vector<Line>;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::invalid, std::move(message));
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Takes the first word from the front of `rest`, which loses the space behind it too.
std::string_view take_word(std::string_view& rest) {
  rest = trimmed(rest);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t\n"));
  rest.remove_prefix(word.size());
  const size_t next = rest.find_first_not_of(" \t\n");
  rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
  return word;
}

bool is_name(std::string_view text, bool first_upper) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (text.empty() || !std::ranges::all_of(text, word)) return false;
  return first_upper ? text[0] >= 'A' && text[0] <= 'Z' : text[0] >= 'a' && text[0] <= 'z';
}

// Blocks are separated by blank lines; lines that begin with '#' are comments.
std::vector<Block> blocks_of(std::string_view text) {
  std::vector<Block> blocks(1);
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    if (!trimmed(line).empty()) {
      blocks.back().push_back({number, line});
    } else if (!blocks.back().empty()) {
      blocks.emplace_back();
    }
  }
  if (blocks.back().empty()) blocks.pop_back();
  return blocks;
}

std::string joined(std::span<const Line> lines) {
  std::string out;
  for (const Line& line : lines) {
    if (!out.empty()) out += '\n';
    out += line.text;
  }
  return std::string(trimmed(out));
}

template <class Parse>
Result<void> each_alternative(std::string_view text, const Parse& parse) {
  while (true) {
    const size_t bar = text.find('|');
    TRY(parse(text.substr(0, bar)));
    if (bar == std::string_view::npos) return {};
    text.remove_prefix(bar + 1);
  }
}

Result<std::vector<int>> parse_statuses(std::string_view text) {
  std::vector<int> statuses;
  TRY(each_alternative(text, [&](std::string_view item) -> Result<void> {
    int status = 0;
    const auto [end, code] = std::from_chars(item.data(), item.data() + item.size(), status);
    const bool whole = code == std::errc() && end == item.data() + item.size();
    if (!whole || status < 200 || status > 599) {
      return invalid(fmt::format("'{}' is no HTTP status", item));
    }
    if (!statuses.empty() && (status >= 300) != (statuses.front() >= 300)) {
      return invalid("a check expects a success or an error, not either");
    }
    statuses.push_back(status);
    return {};
  }));
  return statuses;
}

class Parser final {
 public:
  Parser(std::string path, std::set<std::string> variables) : variables_(std::move(variables)) {
    script_.path = std::move(path);
  }

  Result<Script> parse(std::string_view text) {
    if (text.size() > kScriptBytesMax) return located(0, invalid("the file is too large"));
    for (const Block& block : blocks_of(text)) {
      line_ = block.front().number;
      Result<void> parsed = parse_block(block);
      if (!parsed) return located(line_, std::move(parsed));
    }
    if (!std::ranges::any_of(script_.steps, [](const Step& s) { return s.check.has_value(); })) {
      return located(0, invalid("nothing is checked: no step has a '----'"));
    }
    return std::move(script_);
  }

 private:
  std::unexpected<Error> located(int line, Result<void> why) const {
    return invalid(fmt::format("{}:{}: {}", script_.path, line, why.error().message));
  }

  Result<void> parse_block(const Block& block) {
    if (block.front().text.starts_with("skip-world ")) return parse_exemptions(block);
    if (block.front().text.starts_with("let ")) return parse_lets(block);
    const auto rule =
        std::ranges::find_if(block, [](const Line& line) { return line.text.starts_with(kRule); });
    Step step{.line = line_, .text = std::string(block.front().text)};
    TRY(parse_head(step, joined(std::span(block.begin(), rule))));
    if (rule != block.end()) {
      line_ = rule->number;
      TRY(parse_check(step, *rule, {rule + 1, block.end()}));
    }
    const bool needs = step.kind == StepKind::call || step.kind == StepKind::event ||
                       (step.kind == StepKind::until && step.path.empty());
    if (needs && !step.check) return invalid("this step needs a check: a line of '----' below it");
    script_.steps.push_back(std::move(step));
    return {};
  }

  Result<void> parse_exemptions(const Block& block) {
    if (!script_.steps.empty()) return invalid("skip-world stands before the first step");
    for (const Line& line : block) {
      line_ = line.number;
      std::string_view rest = line.text;
      if (take_word(rest) != "skip-world") return invalid("only skip-world stands here");
      const size_t colon = rest.find(':');
      const auto world = parse_world(rest.substr(0, colon));
      if (colon == std::string_view::npos || !world) {
        return invalid("skip-world <process|http|restart|faults>: <reason>");
      }
      const std::string_view reason = trimmed(rest.substr(colon + 1));
      if (reason.empty()) return invalid("skip-world needs a reason");
      if (script_.exemption(*world) != nullptr) return invalid("this world is skipped already");
      script_.exemptions.push_back({*world, std::string(reason)});
    }
    if (script_.exemptions.size() == std::size(kWorlds)) return invalid("every world is skipped");
    return {};
  }

  Result<void> parse_lets(const Block& block) {
    Step step{.kind = StepKind::let, .line = line_, .text = std::string(block.front().text)};
    const bool answered = std::ranges::any_of(script_.steps, [](const Step& s) {
      return s.kind == StepKind::call || s.kind == StepKind::until || s.kind == StepKind::event;
    });
    if (!answered) return invalid("let takes from the last answer, and there is none yet");
    for (const Line& line : block) {
      line_ = line.number;
      std::string_view rest = line.text;
      const std::string_view word = take_word(rest);
      const std::string_view name = take_word(rest);
      const std::string_view equals = take_word(rest);
      if (word != "let" || equals != "=" || !(is_name(name, true) || is_name(name, false))) {
        return invalid("let <name> = <.path.in.the.last.answer>");
      }
      TRY(check_path(rest));
      if (!variables_.insert(std::string(name)).second) {
        return invalid(fmt::format("{} is defined twice", name));
      }
      step.lets.push_back({std::string(name), std::string(rest)});
    }
    script_.steps.push_back(std::move(step));
    return {};
  }

  Result<void> parse_head(Step& step, std::string_view head) {
    const std::string_view word = take_word(head);
    if (word == "given") return parse_given(step, head);
    if (word == "call") return parse_call(step, head, false);
    if (word == "until") return parse_call(step, head, true);
    if (word == "event") return parse_event(step, head);
    if (word == "advance") return parse_advance(step, head);
    if (word == "as") return parse_as(step, head);
    if (word == "let" || word == "skip-world") return invalid(fmt::format("{} <what>", word));
    return invalid(fmt::format("'{}' is no step: given, call, until, event, advance, as or let",
                               shortened(word, 40)));
  }

  Result<void> parse_given(Step& step, std::string_view rest) {
    step.kind = StepKind::given;
    step.operation = take_word(rest);
    if (!is_name(step.operation, false)) return invalid("given <fixture> [{…}]");
    return take_input(step, rest);
  }

  Result<void> parse_call(Step& step, std::string_view rest, bool until) {
    step.kind = until ? StepKind::until : StepKind::call;
    step.service = take_word(rest);
    step.operation = take_word(rest);
    if (!is_name(step.service, false) || !is_name(step.operation, true)) {
      return invalid("a call names the service's folder and the operation: sts AssumeRole");
    }
    if (!until) return take_input(step, rest);
    if (rest.starts_with('{')) {
      TRY(const size_t length, object_length(rest));
      TRY(take_input(step, rest.substr(0, length)));
      rest = trimmed(rest.substr(length));
    }
    if (rest.empty()) return {};  // A check must follow.
    const size_t equals = rest.find("==");
    if (equals == std::string_view::npos) return invalid("until … <.path> == <JSON>");
    step.path = trimmed(rest.substr(0, equals));
    step.expected = trimmed(rest.substr(equals + 2));
    TRY(check_path(step.path));
    TRY(check_expected(step.expected));
    return check_variables(step.expected);
  }

  Result<void> parse_event(Step& step, std::string_view rest) {
    step.kind = StepKind::event;
    step.service = take_word(rest);
    if (step.service.empty() || rest.size() < 3 || rest.front() != '"' || rest.back() != '"') {
      return invalid("event <source> \"<detail type>\"");
    }
    step.operation = rest.substr(1, rest.size() - 2);
    return {};
  }

  Result<void> parse_as(Step& step, std::string_view rest) {
    step.kind = StepKind::as;
    step.service = take_word(rest);
    step.operation = take_word(rest);
    const bool named = step.service == "user" || step.service == "role";
    const bool plain =
        step.service == "root" || step.service == "account" || step.service == "anonymous";
    const bool good = rest.empty() && ((named && is_name(step.operation, false)) ||
                                       (plain && step.operation.empty()));
    if (good) return {};
    return invalid("as root, as account, as anonymous, as user <name> or as role <name>");
  }

  static Result<void> parse_advance(Step& step, std::string_view rest) {
    step.kind = StepKind::advance;
    int64_t value = 0;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    const bool whole = code == std::errc() && end == rest.data() + rest.size();
    if (!whole || value <= 0 || value > kAdvanceMax.count()) {
      return invalid("advance <seconds>, more than 0 and at most 400 days");
    }
    step.advance = seconds(value);
    return {};
  }

  Result<void> take_input(Step& step, std::string_view rest) {
    if (rest.empty()) return {};
    TRY(const size_t length, object_length(rest));
    if (!trimmed(rest.substr(length)).empty()) {
      return invalid(fmt::format("'{}' after the JSON", shortened(rest.substr(length), 40)));
    }
    step.input = rest;
    TRY(check_json(step.input));
    return check_variables(step.input);
  }

  Result<void> parse_check(Step& step, const Line& rule, const Block& tail) {
    std::string_view rest = rule.text;
    if (take_word(rest) != kRule) return invalid("a check begins with '---- '");
    Check check{.line = rule.number};
    if (step.kind == StepKind::event) {
      if (rest != "contains") return invalid("of an event only '---- contains' is checked");
    } else if (step.kind == StepKind::call || (step.kind == StepKind::until && step.path.empty())) {
      TRY(parse_outcome(check, rest));
    } else {
      return invalid("this step takes no check");
    }
    if (!tail.empty()) {
      line_ = tail.front().number;
      TRY(parse_expectation(check, joined(tail)));
    } else if (step.kind == StepKind::event) {
      return invalid("what the event contains is missing");
    }
    step.check = std::move(check);
    return {};
  }

  static Result<void> parse_outcome(Check& check, std::string_view rest) {
    TRY(check.statuses, parse_statuses(take_word(rest)));
    const std::string_view codes = take_word(rest);
    if (!rest.empty()) return invalid(fmt::format("'{}' after the error's code", rest));
    if (codes.empty()) return {};
    if (!check.expects_error()) return invalid("a success has no error code");
    return each_alternative(codes, [&](std::string_view code) -> Result<void> {
      if (code.empty()) return invalid("an empty error code");
      check.codes.emplace_back(code);
      return {};
    });
  }

  Result<void> parse_expectation(Check& check, std::string text) {
    if (check.expects_error()) {
      TRY(check.message, check_pattern(text));
      return {};
    }
    TRY(check_expected(text));
    TRY(check_variables(text));
    check.output = std::move(text);
    return {};
  }

  Result<void> check_variables(std::string_view json) const {
    TRY(const std::set<std::string> names, variables_in(json));
    for (const std::string& name : names) {
      if (!variables_.contains(name)) {
        return invalid(fmt::format("${} is not defined before this line", name));
      }
    }
    return {};
  }

  Script script_;
  std::set<std::string> variables_;
  int line_ = 0;
};

}  // namespace

std::string_view to_string(WorldKind world) {
  switch (world) {
    case WorldKind::process:
      return "process";
    case WorldKind::http:
      return "http";
    case WorldKind::restart:
      return "restart";
    case WorldKind::faults:
      return "faults";
  }
  return "process";
}

std::optional<WorldKind> parse_world(std::string_view name) {
  for (const WorldKind world : kWorlds) {
    if (to_string(world) == name) return world;
  }
  return std::nullopt;
}

bool Check::admits_status(int status) const {
  return std::ranges::find(statuses, status) != statuses.end();
}

const Exemption* Script::exemption(WorldKind world) const {
  const auto it = std::ranges::find(exemptions, world, &Exemption::world);
  return it == exemptions.end() ? nullptr : &*it;
}

Result<Script> parse_script(std::string path, std::string_view text,
                            std::set<std::string> variables) {
  return Parser(std::move(path), std::move(variables)).parse(text);
}

}  // namespace millrace::call_tests
