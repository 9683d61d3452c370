#include "services/s3/select/statement.h"

#include <gtest/gtest.h>

namespace millrace::s3::select {
namespace {

const Time kNow = Time(seconds(1'700'000'000));

Source csv_source() { return {Format::csv, "t", {{"id", ""}, {"Name", ""}, {"a b", ""}}, true}; }
Source json_source() { return {Format::json, "t", {}, false}; }
Source parquet_source() {
  return {Format::parquet, "t", {{"id", "BIGINT"}, {"s", "STRUCT(b INTEGER[])"}}, false};
}

std::string sql_of(std::string_view expression, const Source& source = csv_source(),
                   bool json = false) {
  const auto out = translate(expression, source, json, kNow);
  return out ? out->sql : out.error().code;
}

TEST(SelectStatement, ColumnsOfCsv) {
  EXPECT_EQ(sql_of("SELECT * FROM S3Object"), "SELECT c1 AS o1, c2 AS o2, c3 AS o3 FROM t");
  EXPECT_EQ(sql_of("select s.* from s3object as s limit 3"),
            "SELECT c1 AS o1, c2 AS o2, c3 AS o3 FROM t LIMIT 3");
  EXPECT_EQ(sql_of("SELECT _2, s._1 FROM S3Object s"), "SELECT c2 AS o1, c1 AS o2 FROM t");
  EXPECT_EQ(sql_of("SELECT NAME, s.\"Name\", s.\"a b\" FROM S3Object s"),
            "SELECT c2 AS o1, c2 AS o2, c3 AS o3 FROM t");
  EXPECT_EQ(sql_of("SELECT s.\"name\" FROM S3Object s"), "MissingHeaders");
  EXPECT_EQ(sql_of("SELECT s.other FROM S3Object s"), "MissingHeaders");
  EXPECT_EQ(sql_of("SELECT s.a.b FROM S3Object s"), "ParseInvalidPathComponent");
  Source bare = csv_source();
  bare.header = false;
  EXPECT_EQ(sql_of("SELECT s.id FROM S3Object s", bare), "InvalidColumnIndex");
  EXPECT_EQ(sql_of("SELECT s._9 FROM S3Object s", bare),
            "SELECT CAST(NULL AS VARCHAR) AS o1 FROM t");
  Source twice = csv_source();
  twice.columns[1].name = "ID";
  EXPECT_EQ(sql_of("SELECT id FROM S3Object", twice), "AmbiguousFieldName");
}

TEST(SelectStatement, FieldsBecomeWhatTheyAreComparedWith) {
  EXPECT_EQ(sql_of("SELECT id FROM S3Object WHERE id > 5 AND name = 'x'"),
            "SELECT c1 AS o1 FROM t WHERE ((TRY_CAST(c1 AS DOUBLE) > 5) AND (c2 = 'x'))");
  EXPECT_EQ(sql_of("SELECT id FROM S3Object WHERE id IN (1, '2')"),
            "SELECT c1 AS o1 FROM t WHERE ((TRY_CAST(c1 AS DOUBLE) = 1) OR (c1 = '2'))");
}

TEST(SelectStatement, MembersOfJson) {
  EXPECT_EQ(sql_of("SELECT s.a.\"b c\"[0]['d'] FROM S3Object s", json_source()),
            "SELECT json_extract_string(doc, '$.\"a\".\"b c\"[0].\"d\"') AS o1 FROM t");
  EXPECT_EQ(sql_of("SELECT s.a FROM S3Object s", json_source(), true),
            "SELECT CAST(json_extract(doc, '$.\"a\"') AS VARCHAR) AS o1 FROM t");
  EXPECT_EQ(sql_of("SELECT s.\"a\"\"b\" FROM S3Object s", json_source()), "InvalidKeyPath");
}

TEST(SelectStatement, RowsOfAPath) {
  const std::string sql = sql_of("SELECT price FROM S3Object[*].books[*].price", json_source());
  EXPECT_TRUE(sql.contains("unnest(")) << sql;
  EXPECT_TRUE(sql.starts_with("SELECT json_extract_string(doc, '$') AS o1 FROM (")) << sql;
  EXPECT_EQ(sql_of("SELECT * FROM S3Object[*].a", json_source()),
            "SELECT CAST(json(doc) AS VARCHAR) AS o1 FROM "
            "(SELECT json_extract(doc, '$.\"a\"') AS doc FROM t)");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object.a", json_source()), "ParseInvalidPathComponent");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object[*].a"), "UnsupportedSqlStructure");
}

TEST(SelectStatement, ColumnsOfParquet) {
  EXPECT_EQ(sql_of("SELECT t.s.b[0] FROM S3Object t WHERE t.ID < 3", parquet_source()),
            "SELECT CAST(list_extract(struct_extract(\"s\", 'b'), 0 + 1) AS VARCHAR) AS o1 FROM t "
            "WHERE (\"id\" < 3)");
}

TEST(SelectStatement, Aggregates) {
  EXPECT_EQ(sql_of("SELECT COUNT(*), SUM(CAST(id AS INT)) AS total FROM S3Object"),
            "SELECT count(*) AS o1, SUM(CAST(c1 AS BIGINT)) AS o2 FROM t");
  EXPECT_EQ(sql_of("SELECT name, COUNT(*) FROM S3Object"), "UnsupportedSqlStructure");
  EXPECT_EQ(sql_of("SELECT SUM(COUNT(*)) FROM S3Object"), "UnsupportedSqlStructure");
  EXPECT_EQ(sql_of("SELECT id FROM S3Object WHERE COUNT(*) > 1"), "UnsupportedSqlStructure");
}

TEST(SelectStatement, QuotesWhatItTakesOver) {
  EXPECT_EQ(sql_of("SELECT id FROM S3Object WHERE name = 'it''s; DROP'"),
            "SELECT c1 AS o1 FROM t WHERE (c2 = 'it''s; DROP')");
  Source evil = parquet_source();
  evil.columns[0].name = "a\"; b";
  EXPECT_EQ(sql_of("SELECT s.\"a\"\"; b\" FROM S3Object s", evil),
            "SELECT \"a\"\"; b\" AS o1 FROM t");
}

TEST(SelectStatement, NamesWhatItRefuses) {
  EXPECT_EQ(sql_of("SELECT"), "ParseSelectMissingFrom");
  EXPECT_EQ(sql_of("DELETE FROM S3Object"), "ParseUnexpectedToken");
  EXPECT_EQ(sql_of("SELECT * FROM other"), "ParseUnexpectedToken");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object WHERE"), "ParseUnexpectedToken");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object; SELECT 1"), "LexerInvalidChar");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object ORDER BY id"), "ParseUnexpectedToken");
  EXPECT_EQ(sql_of("SELECT * FROM S3Object s ORDER BY id"), "UnsupportedSqlStructure");
  EXPECT_EQ(sql_of("SELECT DISTINCT id FROM S3Object"), "UnsupportedSqlStructure");
  EXPECT_EQ(sql_of("SELECT getenv('HOME') FROM S3Object"), "UnsupportedFunction");
  EXPECT_EQ(sql_of("SELECT read_text('x') FROM S3Object"), "UnsupportedFunction");
  EXPECT_EQ(sql_of("SELECT CAST(id AS THING) FROM S3Object"), "ParseExpectedTypeName");
  EXPECT_EQ(sql_of("SELECT EXTRACT(WEEK FROM id) FROM S3Object"), "ParseExpectedDatePart");
  EXPECT_EQ(sql_of("SELECT 'x FROM S3Object"), "LexerInvalidLiteral");
  EXPECT_EQ(sql_of("SELECT `x` FROM S3Object"), "LexerInvalidIONLiteral");
  EXPECT_EQ(sql_of("SELECT \xff FROM S3Object"), "InvalidTextEncoding");
  EXPECT_EQ(sql_of("SELECT UPPER() FROM S3Object"), "IllegalSqlFunctionArgument");
  EXPECT_EQ(sql_of("SELECT id FROM S3Object WHERE 5"), "UnsupportedSqlOperation");
  EXPECT_EQ(sql_of("SELECT id FROM S3Object AS WHERE"), "InvalidTableAlias");
  EXPECT_EQ(sql_of(std::string(300'000, ' ')), "ExpressionTooLong");
}

TEST(SelectStatement, TellsThePlace) {
  const auto out = translate("SELECT *\nFROM S3Object s\nWHERE s.'odd'", csv_source(), false, kNow);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, "ParseInvalidPathComponent");
  EXPECT_TRUE(out.error().message.contains("line 3, column 9")) << out.error().message;
}

TEST(SelectStatement, IsBounded) {
  const std::string deep = "SELECT " + std::string(500, '(') + "1" + std::string(500, ')');
  EXPECT_EQ(sql_of(deep + " FROM S3Object"), "ParseUnsupportedSyntax");
  std::string grows = "a";
  for (int i = 0; i < 40; ++i) grows = "NULLIF(" + grows + ",b)";
  EXPECT_EQ(sql_of("SELECT " + grows + " FROM S3Object s", json_source()), "ExpressionTooLong");
}

}  // namespace
}  // namespace millrace::s3::select
