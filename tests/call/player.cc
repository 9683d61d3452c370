#include "tests/call/player.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/call/callers.h"

namespace millrace::call_tests {
namespace {

using Failure = std::optional<std::string>;

std::string outcome_of(const Check& check) {
  std::string out;
  for (const int status : check.statuses)
    out += fmt::format("{}{}", out.empty() ? "" : "|", status);
  for (size_t i = 0; i < check.codes.size(); ++i) out += (i == 0 ? " " : "|") + check.codes[i];
  return out;
}

std::string outcome_of(const Answer& answer) {
  if (!answer.failed()) {
    const std::string status = answer.status == 0 ? "a success" : std::to_string(answer.status);
    return fmt::format("{} {}", status, shortened(answer.output));
  }
  return fmt::format("{} {}: {}", answer.status, answer.code, shortened(answer.message));
}

Failure unlike(std::string_view expected, std::string_view got) {
  return fmt::format("expected {}\n    got      {}", expected, got);
}

// What in the answer is not as the check, with its variables in place, says.
Failure unmet(const Check& check, const Answer& answer) {
  const bool status_fits =
      answer.status == 0 ? !check.expects_error() : check.admits_status(answer.status);
  const auto known = [&](const std::string& code) {
    return !code.empty() && std::ranges::find(check.codes, code) != check.codes.end();
  };
  const bool code_fits = check.codes.empty() || known(answer.code) || known(answer.alias);
  if (!status_fits || !code_fits) return unlike(outcome_of(check), outcome_of(answer));
  if (!check.message.empty() && !found_in(check.message, answer.message)) {
    return unlike(fmt::format("a message like /{}/", check.message), answer.message);
  }
  return check.output.empty() ? std::nullopt : mismatch(check.output, answer.output);
}

class Player final {
 public:
  Player(World& world, const Fixtures& fixtures, Variables variables)
      : world_(world), fixtures_(fixtures), variables_(std::move(variables)) {}

  Failure play(const Script& script, bool disturbed) {
    bool first = true;
    for (const Step& step : script.steps) {
      if (disturbed && !first) {
        if (const auto done = world_.disturb(); !done) {
          return located(script, step.line, step, "before this step: " + done.error().message);
        }
      }
      first = false;
      line_ = step.line;
      if (const Failure failure = play_step(step)) return located(script, line_, step, *failure);
    }
    return std::nullopt;
  }

 private:
  static std::string located(const Script& script, int line, const Step& step,
                             std::string_view failure) {
    return fmt::format("{}:{}: {}\n    {}", script.path, line, shortened(step.text, 160), failure);
  }

  Failure play_step(const Step& step) {
    switch (step.kind) {
      case StepKind::given:
        return play_given(step);
      case StepKind::call:
        return play_call(step);
      case StepKind::until:
        return play_until(step);
      case StepKind::event:
        return play_event(step);
      case StepKind::advance:
        return play_advance(step);
      case StepKind::let:
        return play_lets(step);
      case StepKind::as:
        return play_as(step);
    }
    return "an unknown step";
  }

  Failure play_given(const Step& step) {
    const auto parameters = input_of(step);
    if (!parameters) return parameters.error().message;
    Variables variables;
    const auto script = fixtures_.find(step.operation, *parameters, variables);
    if (!script) return script.error().message;
    return Player(world_, fixtures_, std::move(variables)).play(**script, false);
  }

  Failure play_call(const Step& step) {
    const auto check = check_of(step);
    if (!check) return check.error().message;
    if (Failure failure = ask(step, &*check)) return failure;
    line_ = check->line;
    return unmet(*check, last_);
  }

  Failure play_until(const Step& step) {
    Check check;
    if (step.check) {
      auto made = check_of(step);
      if (!made) return made.error().message;
      check = std::move(*made);
    }
    const auto expected =
        step.path.empty() ? Result<std::string>() : substitute_expected(step.expected, variables_);
    if (!expected) return expected.error().message;
    Failure wrong;
    const bool met = repeat([&] {
      wrong = ask(step, step.check ? &check : nullptr);
      if (wrong) return true;
      wrong = step.check ? unmet(check, last_) : unlike_member(step.path, *expected);
      // A question that is refused will not be answered later, unless that is what is awaited.
      return !wrong || (!step.check && last_.failed());
    });
    if (!wrong) return std::nullopt;
    return met ? wrong
               : fmt::format("did not come true: {}\n    the last answer: {}", *wrong,
                             outcome_of(last_));
  }

  Failure unlike_member(const std::string& path, const std::string& expected) const {
    if (last_.failed()) return outcome_of(last_);
    const auto member = member_at(last_.output, path);
    return mismatch(expected, member ? *member : "null");
  }

  Failure play_event(const Step& step) {
    const auto check = check_of(step);
    if (!check) return check.error().message;
    Failure wrong;
    const bool met = repeat([&] {
      const auto events = world_.events();
      wrong = events ? find_event(step, *check, *events) : events.error().message;
      return !wrong || !events;
    });
    if (!wrong) return std::nullopt;
    line_ = check->line;
    return met ? wrong : fmt::format("no such event came: {}", *wrong);
  }

  // An event is found by one step only, so that two steps prove two events.
  Failure find_event(const Step& step, const Check& check, const std::vector<SeenEvent>& events) {
    std::string others;
    for (size_t i = 0; i < events.size(); ++i) {
      const SeenEvent& event = events[i];
      const bool alike = event.source == step.service && event.detail_type == step.operation;
      if (!alike || std::ranges::find(found_events_, i) != found_events_.end()) {
        others += fmt::format("\n      {} \"{}\"", event.source, event.detail_type);
        continue;
      }
      const Failure difference = mismatch(check.output, event.detail);
      if (!difference) {
        found_events_.push_back(i);
        last_ = {.status = 200, .output = event.detail};
        return std::nullopt;
      }
      others += fmt::format("\n      {} \"{}\": {}", event.source, event.detail_type, *difference);
    }
    return fmt::format("expected {} \"{}\" with {}; there are{}", step.service, step.operation,
                       shortened(check.output), others.empty() ? " none" : others);
  }

  Failure play_advance(const Step& step) {
    const auto done = world_.advance(step.advance);
    return done ? std::nullopt : Failure(done.error().message);
  }

  Failure play_lets(const Step& step) {
    for (const Let& let : step.lets) {
      if (last_.failed()) return "the last answer is an error: " + outcome_of(last_);
      auto value = member_at(last_.output, let.path);
      if (!value) return value.error().message;
      variables_[let.name] = std::move(*value);
    }
    return std::nullopt;
  }

  Failure play_as(const Step& step) {
    Answer kept = std::move(last_);
    const auto ask_again = [this](Request request) -> Result<Answer> {
      if (const Failure failure = send(std::move(request), nullptr)) {
        return fail(ErrorKind::invalid, *failure);
      }
      return last_;
    };
    auto who = callers_.find(step.service, step.operation, ask_again);
    last_ = std::move(kept);
    if (!who) return who.error().message;
    who_ = std::move(*who);
    return std::nullopt;
  }

  // Calls; the answer is in last_. `check`: what is awaited, where something is.
  Failure ask(const Step& step, const Check* check) {
    const auto input = input_of(step);
    if (!input) return input.error().message;
    return send({step.service, step.operation, *input, who_}, check);
  }

  Failure send(const Request& request, const Check* check) {
    milliseconds wait = kPauseFirst;
    for (int i = 0;; ++i) {
      auto answer = world_.call(request);
      if (!answer) return answer.error().message;
      last_ = std::move(*answer);
      const bool awaited = check != nullptr && check->admits_status(last_.status);
      const bool ours = last_.status >= 500 && last_.status != 501 && !awaited;
      if (!ours || !world_.injects_failures()) return std::nullopt;
      if (i == kRepetitionsMax) return "still fails after repetitions: " + outcome_of(last_);
      world_.pause(wait);
      wait = std::min(wait * 2, kPauseMax);
    }
  }

  // Calls `attempt` until it is true; false when patience has run out.
  template <class Attempt>
  bool repeat(const Attempt& attempt) {
    milliseconds wait = kPauseFirst;
    for (milliseconds waited{0}; waited <= kPatience; waited += wait) {
      if (attempt()) return true;
      world_.pause(wait);
      wait = std::min(wait * 2, kPauseMax);
    }
    return false;
  }

  Result<std::string> input_of(const Step& step) const {
    if (step.input.empty()) return std::string();
    return substitute(step.input, variables_);
  }

  Result<Check> check_of(const Step& step) const {
    Check check = *step.check;
    if (check.output.empty()) return check;
    TRY(check.output, substitute_expected(check.output, variables_));
    return check;
  }

  World& world_;
  const Fixtures& fixtures_;
  Variables variables_;
  Callers callers_;
  Who who_;
  Answer last_;
  std::vector<size_t> found_events_;
  int line_ = 0;
};

}  // namespace

Result<void> check_fixtures(const Script& script, const Fixtures& fixtures) {
  for (const Step& step : script.steps) {
    if (step.kind != StepKind::given) continue;
    Variables variables;
    const auto found = fixtures.find(step.operation, step.input, variables);
    if (!found) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}:{}: {}", script.path, step.line, found.error().message));
    }
  }
  return {};
}

std::optional<std::string> play(const Script& script, World& world, const Fixtures& fixtures) {
  if (const auto opened = world.open(); !opened) {
    return fmt::format("{}: the world does not open: {}", script.path, opened.error().message);
  }
  return Player(world, fixtures, {}).play(script, true);
}

}  // namespace millrace::call_tests
