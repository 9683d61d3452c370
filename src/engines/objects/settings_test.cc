#include "engines/objects/settings.h"

#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

class SettingsTest : public ObjectsTest {
 protected:
  Result<void> set(const std::string& kind, const std::string& id, Bytes document) {
    Setting setting;
    setting.bucket = "b";
    setting.kind = kind;
    setting.id = id;
    setting.document = std::move(document);
    return run(objects_->put_setting(std::move(setting)));
  }
  Bytes document(const std::string& kind, const std::string& id = "") {
    const auto found = objects_->setting("b", kind, id);
    EXPECT_TRUE(found) << found.error().message;
    return *found ? (*found)->document : "(none)";
  }
};

TEST_F(SettingsTest, KeepsOneDocumentOfAKindAndId) {
  EXPECT_EQ(document("cors"), "(none)");
  ASSERT_TRUE(set("cors", "", "one"));
  ASSERT_TRUE(set("cors", "", "two"));
  ASSERT_TRUE(set("inventory", "daily", "three"));
  open();
  EXPECT_EQ(document("cors"), "two");
  EXPECT_EQ(document("inventory", "daily"), "three");
  EXPECT_EQ(document("inventory"), "(none)");
  EXPECT_EQ((*objects_->setting("b", "cors"))->modified, clock_->now());
  ASSERT_TRUE(run(objects_->erase_setting("b", "cors")));
  ASSERT_TRUE(run(objects_->erase_setting("b", "cors")));
  EXPECT_EQ(document("cors"), "(none)");
}

TEST_F(SettingsTest, ListsAKindByIdAndNoOther) {
  for (const char* id : {"c", "a", "b"}) ASSERT_TRUE(set("inventory", id, id));
  ASSERT_TRUE(set("inventory2", "z", "z"));
  auto all = objects_->settings("b", "inventory");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].id, "a");
  EXPECT_EQ((*all)[2].id, "c");
  auto some = objects_->settings("b", "inventory", "a", 1);
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 1U);
  EXPECT_EQ((*some)[0].id, "b");
}

TEST_F(SettingsTest, EndsWithTheBucket) {
  ASSERT_TRUE(set("cors", "", "one"));
  Bucket next;
  next.name = "b2";
  next.owner = "000000000001";
  ASSERT_TRUE(run(objects_->create_bucket(next)));
  Setting other;
  other.bucket = "b2";
  other.kind = "cors";
  other.document = "theirs";
  ASSERT_TRUE(run(objects_->put_setting(other)));

  ASSERT_TRUE(run(objects_->remove_bucket("b")));
  next.name = "b";
  ASSERT_TRUE(run(objects_->create_bucket(next)));
  EXPECT_EQ(document("cors"), "(none)");
  EXPECT_EQ((*objects_->setting("b2", "cors"))->document, "theirs");
}

TEST_F(SettingsTest, RefusesAStrangeBucketAndWhatIsTooMuch) {
  Setting setting;
  setting.bucket = "nobody";
  setting.kind = "cors";
  EXPECT_EQ(run(objects_->put_setting(setting)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run(objects_->erase_setting("nobody", "cors")).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(set("cors", "", Bytes(limits_.setting_bytes_max, 'x')));
  EXPECT_EQ(set("cors", "", Bytes(limits_.setting_bytes_max + 1, 'x')).error().kind,
            ErrorKind::invalid);
  limits_.settings_max = 2;
  open();
  ASSERT_TRUE(set("inventory", "1", ""));
  ASSERT_TRUE(set("inventory", "2", ""));
  EXPECT_EQ(set("inventory", "3", "").error().kind, ErrorKind::precondition_failed);
  EXPECT_TRUE(set("inventory", "2", "again"));
}

}  // namespace
}  // namespace millrace::objects
