#include <gtest/gtest.h>

#include "wire/protocols/sample_model.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::wire {
namespace {

using testing::make_sample;
using testing::Sample;

class Xml : public ::testing::Test {
 protected:
  std::string again(std::string_view text) {
    XmlReader reader(arena_);
    if (auto loaded = reader.load(text); !loaded) {
      EXPECT_EQ(loaded.error().code, "MalformedXML");
      return "!";
    }
    const auto value = reader.read(sample_.input());
    if (!value) {
      EXPECT_EQ(value.error().code, "MalformedXML");
      return "!";
    }
    Bytes out;
    append_xml_members(out, sample_.input(), *value);
    return out;
  }

  Sample sample_ = make_sample(R"({"protocol": "rest-xml"})");
  Arena arena_;
};

TEST_F(Xml, ReadsEveryKind) {
  const std::string_view text =
      "<JobName>a</JobName><Small>-7</Small><Share>0.25</Share><Flag>true</Flag><Raw>AAE=</Raw>"
      "<When>2020-01-01T00:00:00Z</When><Names><member>x</member><member>y</member></Names>"
      "<Tags><member><Key>k</Key></member></Tags>"
      "<Labels><entry><key>a</key><value>b</value></entry></Labels>"
      "<Text>a&lt;&amp;&gt;\"'é</Text>";
  EXPECT_EQ(again("<?xml version=\"1.0\"?>\n<n:R xmlns:n='u'>" + std::string(text) + "</n:R>\n"),
            text);
}

TEST_F(Xml, JoinsTextAndKeepsWhiteSpace) {
  EXPECT_EQ(again("<R><Text> a<![CDATA[<b>]]><!-- c --> d </Text></R>"),
            "<Text> a&lt;b&gt; d </Text>");
  EXPECT_EQ(again("<R><Text>  </Text></R>"), "<Text>  </Text>");
  EXPECT_EQ(again("<R><Small> 7\n</Small></R>"), "<Small>7</Small>");
  EXPECT_EQ(again("<R><Text/></R>"), "<Text></Text>");
  EXPECT_EQ(again("<R><Text>&#x41;&#233;&apos;</Text></R>"), "<Text>Aé'</Text>");
}

TEST_F(Xml, RefusesMalformedDocuments) {
  for (const std::string_view text : {"",
                                      " ",
                                      "text",
                                      "<R>",
                                      "</R>",
                                      "<R></S>",
                                      "<R><Text></R></Text>",
                                      "<R/><R/>",
                                      "<R/>x",
                                      "x<R/>",
                                      "<R><Text>a</R>",
                                      "<R a=1/>",
                                      "<R a='1'",
                                      "<R a='<'/>",
                                      "<R>&unknown;</R>",
                                      "<R>& </R>",
                                      "<R>&#0;</R>",
                                      "<R>&#xD800;</R>",
                                      "<R>&#x110000;</R>",
                                      "<R>&#;</R>",
                                      "<R>&amp</R>",
                                      "<!DOCTYPE R []><R/>",
                                      "<!DOCTYPE R SYSTEM 'file:///etc/passwd'><R/>",
                                      "<!ENTITY a 'b'><R/>",
                                      "<R><![CDATA[</R>",
                                      "<R><!-- </R>",
                                      "<R><? </R>",
                                      "<R>\xFF</R>",
                                      "<R><Small>x</Small></R>",
                                      "<R><Small>99999999999</Small></R>",
                                      "<R><Flag>yes</Flag></R>",
                                      "<R><Raw>*</Raw></R>",
                                      "<R><When>now</When></R>",
                                      "<R><Labels><entry><value>b</value></entry></Labels></R>",
                                      "< R/>",
                                      "<R"}) {
    EXPECT_EQ(again(text), "!") << text;
  }
  EXPECT_EQ(again(std::string_view("<R>\0</R>", 8)), "!");
}

TEST_F(Xml, RefusesEveryTruncation) {
  const std::string text = "<R a='1'><Tags><member><Key>k&amp;</Key></member></Tags></R>";
  for (size_t i = 0; i < text.size(); ++i) EXPECT_EQ(again(text.substr(0, i)), "!") << i;
  EXPECT_NE(again(text), "!");
}

TEST_F(Xml, LimitsDepthNodesAndSize) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_EQ(again(deep), "!");
  std::string many = "<R>";
  for (int i = 0; i < 250000; ++i) many += "<a/>";
  EXPECT_EQ(again(many + "</R>"), "!");
  EXPECT_EQ(again("<R><Text>" + std::string(2 << 20, 'a') + "</Text></R>"), "!");
}

TEST_F(Xml, EscapesWhatParsersWouldChange) {
  Bytes out;
  append_xml_text(out, "a\r\n\t\x01<&>\"");
  EXPECT_EQ(out, "a&#xD;\n\t\xEF\xBF\xBD&lt;&amp;&gt;\"");
  out.clear();
  append_xml_text(out, "\"\n\t<", true);
  EXPECT_EQ(out, "&quot;&#xA;&#x9;&lt;");
}

}  // namespace
}  // namespace millrace::wire
