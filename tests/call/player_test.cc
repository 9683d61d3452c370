#include "tests/call/player.h"

#include <gtest/gtest.h>

#include <deque>

namespace millrace::call_tests {
namespace {

// Answers from a list; the last one stays. Time passes without waiting.
class ScriptedWorld final : public World {
 public:
  Result<void> open() override {
    log += "open;";
    return {};
  }
  Result<void> disturb() override {
    log += "disturb;";
    return {};
  }
  Result<Answer> call(Request request) override {
    log += request.operation + request.input + ";";
    Answer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  Result<void> advance(seconds by) override {
    log += "advance " + std::to_string(by.count()) + ";";
    return {};
  }
  Result<std::vector<SeenEvent>> events() override { return seen; }
  void pause(milliseconds duration) override { paused += duration; }
  bool injects_failures() const override { return faulty; }

  std::deque<Answer> answers{{.status = 200, .output = "{}"}};
  std::vector<SeenEvent> seen;
  bool faulty = false;
  milliseconds paused{0};
  std::string log;
};

constexpr FixtureText kThing[] = {
    {"thing", R"({"name": null, "size": 1})",
     "call s CreateThing {\"Name\": \"$name\", \"Size\": \"$size\"}\n---- 200\n"}};

class PlayerTest : public ::testing::Test {
 protected:
  // What failed, or "passed".
  std::string play_text(std::string_view text) {
    auto script = parse_script("f.test", text);
    if (!script) return "refused: " + script.error().message;
    auto fixtures = Fixtures::make(kThing, {});
    EXPECT_TRUE(fixtures.has_value());
    if (auto checked = check_fixtures(*script, *fixtures); !checked) {
      return "refused: " + checked.error().message;
    }
    return play(*script, world_, *fixtures).value_or("passed");
  }
  ScriptedWorld world_;
};

const Answer kOk{.status = 200, .output = R"({"Name": "n", "List": [1]})"};
const Answer kRefused{
    .status = 400, .code = "Bad", .alias = "BadException", .message = "no such thing"};
const Answer kBroken{.status = 503, .code = "ServiceUnavailable", .message = "full"};

TEST_F(PlayerTest, PassesWhatIsAsExpected) {
  world_.answers = {kOk, kRefused, kRefused};
  EXPECT_EQ(play_text("call s A\n---- 200\n{\"Name\": \"n\"}\n\ncall s B\n---- 400 Bad\n/such/\n\n"
                      "call s B\n---- 404|400 Other|BadException\n"),
            "passed");
  EXPECT_EQ(world_.log, "open;A;disturb;B;disturb;B;");
}

TEST_F(PlayerTest, FailsWhatIsNot) {
  const std::pair<Answer, std::string> cases[] = {
      {kOk, "---- 201\n"},
      {kOk, "---- 400\n"},
      {kOk, "---- 400 Bad\n"},
      {kOk, "---- 200\n{\"Name\": \"other\"}\n"},
      {kOk, "---- 200\n{\"List\": []}\n"},
      {kOk, "---- 200\n{\"Missing\": \"*\"}\n"},
      {kRefused, "---- 200\n"},
      {kRefused, "---- 404 Bad\n"},
      {kRefused, "---- 400 Worse\n"},
      {kRefused, "---- 400 Bad\n/other/\n"},
      {kBroken, "---- 200\n"},
      {{.status = 0, .output = "{}"}, "---- 400\n"},
      {{.status = 500}, "---- 500 Named\n"},
  };
  for (const auto& [answer, check] : cases) {
    world_.answers = {answer};
    const std::string result = play_text("# A comment.\n\ncall s A\n" + check);
    EXPECT_TRUE(result.starts_with("f.test:4: call s A\n")) << check << "→ " << result;
  }
}

TEST_F(PlayerTest, SaysWhatCameInstead) {
  world_.answers = {kRefused};
  EXPECT_EQ(play_text("call s A {\"a\": 1}\n---- 200\n"),
            "f.test:2: call s A {\"a\": 1}\n"
            "    expected 200\n    got      400 Bad: no such thing");
}

TEST_F(PlayerTest, StopsAtTheFirstFailure) {
  world_.answers = {kRefused};
  EXPECT_NE(play_text("call s A\n---- 200\n\ncall s B\n---- 400\n"), "passed");
  EXPECT_EQ(world_.log, "open;A;");
}

TEST_F(PlayerTest, PlaysFixturesWithTheirParameters) {
  EXPECT_EQ(play_text("given thing {\"name\": \"x\"}\n\ncall s A\n---- 200\n"), "passed");
  EXPECT_EQ(world_.log, R"(open;CreateThing{"Name":"x","Size":1};disturb;A;)");
  world_.answers = {kRefused};
  EXPECT_TRUE(play_text("given thing {\"name\": \"x\"}\n\ncall s A\n---- 200\n")
                  .starts_with("f.test:1: given thing"));
  EXPECT_TRUE(play_text("given thing\n\ncall s A\n---- 200\n").starts_with("refused: f.test:1:"));
  EXPECT_TRUE(play_text("given other\n\ncall s A\n---- 200\n").starts_with("refused: f.test:1:"));
  EXPECT_TRUE(play_text("given thing {\"nam\": 1}\n\ncall s A\n---- 200\n")
                  .starts_with("refused: f.test:1:"));
}

TEST_F(PlayerTest, AsksUntilItIsTrue) {
  const Answer waiting{.status = 200, .output = R"({"S": "InProgress"})"};
  const Answer done{.status = 200, .output = R"({"S": "Done"})"};
  world_.answers = {waiting, waiting, done};
  EXPECT_EQ(play_text("until s A .S == \"Done\"\n\ncall s B\n---- 200\n"), "passed");
  EXPECT_EQ(world_.log, "open;A;A;A;disturb;B;");
  world_.answers = {waiting};
  world_.paused = {};
  EXPECT_TRUE(play_text("until s A .S == \"Done\"\n\ncall s B\n---- 200\n")
                  .starts_with("f.test:1: until s A"));
  EXPECT_GT(world_.paused, kPatience / 2);
  EXPECT_LT(world_.paused, kPatience * 2);
  world_.answers = {done, kRefused};
  EXPECT_EQ(play_text("until s A\n---- 400 Bad\n"), "passed");
}

TEST_F(PlayerTest, DoesNotAskAgainWhatIsRefused) {
  world_.answers = {kRefused};
  EXPECT_NE(play_text("until s A .S == \"Done\"\n\ncall s B\n---- 200\n"), "passed");
  EXPECT_EQ(world_.log, "open;A;");
}

TEST_F(PlayerTest, TakesVariablesFromAnswers) {
  world_.answers = {kOk, kOk, {.status = 200, .output = R"({"Name": "m"})"}};
  EXPECT_NE(play_text("call s A\n---- 200\n\nlet n = .Name\n\ncall s B {\"X\": \"${n}!\"}\n"
                      "---- 200\n{\"Name\": \"$n\"}\n\ncall s C\n---- 200\n{\"Name\": \"$n\"}\n"),
            "passed");
  EXPECT_EQ(world_.log, R"(open;A;disturb;disturb;B{"X":"n!"};disturb;C;)");
  EXPECT_NE(play_text("call s A\n---- 200\n\nlet n = .Missing\n"), "passed");
}

TEST_F(PlayerTest, FindsEachEventOnce) {
  world_.seen = {{"aws.s", "Change", R"({"a": 1})"},
                 {"aws.s", "Other", R"({"a": 2})"},
                 {"aws.s", "Change", R"({"a": 2, "b": 3})"}};
  EXPECT_EQ(play_text("event aws.s \"Change\"\n---- contains\n{\"a\": 2}\n\nlet b = .b\n\n"
                      "event aws.s \"Change\"\n---- contains\n{\"a\": \"*\"}\n"),
            "passed");
  for (const char* step :
       {"event aws.s \"Change\"\n---- contains\n{\"a\": 3}\n",
        "event aws.t \"Change\"\n---- contains\n{}\n", "event aws.s \"Chang\"\n---- contains\n{}\n",
        "event aws.s \"Other\"\n---- contains\n{}\n\n"
        "event aws.s \"Other\"\n---- contains\n{}\n"}) {
    EXPECT_NE(play_text(step), "passed") << step;
  }
}

TEST_F(PlayerTest, MovesTheClock) {
  EXPECT_EQ(play_text("advance 60\n\ncall s A\n---- 200\n"), "passed");
  EXPECT_EQ(world_.log, "open;advance 60;disturb;A;");
}

TEST_F(PlayerTest, RepeatsOnlyInjectedFailures) {
  world_.answers = {kBroken, kBroken, kOk};
  EXPECT_NE(play_text("call s A\n---- 200\n"), "passed");
  world_.faulty = true;
  world_.answers = {kBroken, kBroken, kOk};
  EXPECT_EQ(play_text("call s A\n---- 200\n"), "passed");
  // What had in fact happened shows at the repetition.
  world_.answers = {kBroken, kRefused};
  EXPECT_NE(play_text("call s A\n---- 200\n"), "passed");
  world_.answers = {kBroken};
  EXPECT_NE(play_text("call s A\n---- 200\n"), "passed");
  EXPECT_EQ(play_text("call s A\n---- 503 ServiceUnavailable\n"), "passed");
  world_.answers = {{.status = 501, .code = "NotImplemented"}, kOk};
  EXPECT_NE(play_text("call s A\n---- 200\n"), "passed");
}

TEST(FixtureList, CanBeParsedAndUsesWhatThereIs) {
  const auto fixtures = Fixtures::make(fixture_texts(), {{"training_rows", "\"\""}});
  ASSERT_TRUE(fixtures.has_value()) << fixtures.error().message;
  for (const FixtureText& text : fixture_texts()) {
    const auto parameters = members_of(text.defaults);
    ASSERT_TRUE(parameters.has_value()) << text.name;
    std::set<std::string> known{"training_rows"};
    for (const auto& [name, value] : *parameters) known.insert(name);
    const auto script = parse_script(std::string(text.name), text.text, known);
    ASSERT_TRUE(script.has_value()) << text.name;
    const auto checked = check_fixtures(*script, *fixtures);
    EXPECT_TRUE(checked.has_value()) << checked.error().message;
  }
}

}  // namespace
}  // namespace millrace::call_tests
