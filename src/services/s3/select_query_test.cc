// Expressions over bytes, by the engine: what a client gets as records.
#include <gtest/gtest.h>

#include "services/s3/select/answer.h"
#include "services/s3/select/input.h"
#include "services/s3/select/records.h"
#include "services/s3/sql_test.h"

namespace millrace::s3::select {
namespace {

class SelectQuery : public test::SqlTest {
 protected:
  SelectQuery() : SqlTest(MILLRACE_DUCKDB) {}

  static Task<Bytes> run(sql::Sql* sql, Statement statement, std::shared_ptr<sql::Files> files,
                         OutputFormat format) {
    sql::Query query;
    query.statement = statement.sql;
    query.shared = true;
    CO_TRY(sql::Rows rows, co_await sql->query(std::move(query), std::move(files)));
    Bytes out;
    for (;;) {
      CO_TRY(const sql::Chunk* const chunk, co_await rows.next());
      if (chunk == nullptr) co_return out;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        CO_TRY(append_record(out, format, statement.columns, *chunk, row));
      }
    }
  }

  // The records, or the code of the error.
  std::string ask(const Bytes& object, std::string_view expression) {
    std::vector<SourceColumn> columns;
    if (input_.format == Format::csv) {
      auto names = first_record(object, input_.csv);
      if (!names) return names.error().code;
      for (std::string& name : *names) columns.push_back({std::move(name), ""});
    }
    const Source source = make_source(input_, columns);
    auto statement = translate(expression, source, output_.json, now_);
    if (!statement) return statement.error().code;
    auto task = run(&sql_, *statement, std::make_shared<test::BytesFiles>(object), output_);
    Result<Bytes> rows = runtime::run_task_for(thread_.loop(), std::move(task), true);
    if (rows) return *rows;
    const Error named = name_query_error(rows.error(), input_.format);
    return named.code.empty() ? rows.error().message : named.code;
  }
  // Of one expression over one record.
  std::string value(const std::string& expression) {
    input_.format = Format::json;
    return ask("{\"n\": 5, \"t\": \"text\", \"d\": \"2024-02-29T12:30:00Z\", \"b\": true}\n",
               "SELECT " + expression + " FROM S3Object s");
  }

  Input input_;
  OutputFormat output_;
  Time now_ = Time(seconds(1'700'000'000));
};

TEST_F(SelectQuery, CsvWithAndWithoutHeader) {
  const Bytes csv = "id,name\n1,ann\n2,\"b, \"\"b\"\"\"\n3,\n";
  EXPECT_EQ(ask(csv, "SELECT * FROM S3Object"), "id,name\n1,ann\n2,\"b, \"\"b\"\"\"\n3,\n");
  input_.csv.header = true;
  EXPECT_EQ(ask(csv, "SELECT _2 FROM S3Object WHERE _1 > 1"), "\"b, \"\"b\"\"\"\n\n");
  input_.csv.use_header = true;
  EXPECT_EQ(ask(csv, "SELECT s.name FROM S3Object s WHERE s.id = '1'"), "ann\n");
  output_.json = true;
  EXPECT_EQ(ask(csv, "SELECT id, CAST(id AS INT) * 2 AS twice FROM S3Object LIMIT 2"),
            "{\"id\":\"1\",\"twice\":2}\n{\"id\":\"2\",\"twice\":4}\n");
  EXPECT_EQ(ask(csv, "SELECT COUNT(*), SUM(id), AVG(id), MIN(id), MAX(id) FROM S3Object"),
            "{\"_1\":3,\"_2\":6,\"_3\":2,\"_4\":1,\"_5\":3}\n");
}

TEST_F(SelectQuery, CsvDialects) {
  input_.csv.field_delimiter = "|";
  input_.csv.quote = "'";
  input_.csv.escape = "\\";
  input_.csv.comment = "#";
  EXPECT_EQ(ask("# none\na|'b|\\'c'\n# more\nd|e\n", "SELECT _2 FROM S3Object"), "b|'c\ne\n");
  input_.csv = {};
  output_.quote_always = true;
  EXPECT_EQ(ask("a,b\r\nc\r\n", "SELECT * FROM S3Object"), "\"a\",\"b\"\n\"c\",\"\"\n");
  EXPECT_EQ(ask("a\nb,c\n", "SELECT * FROM S3Object"), "CSVParsingError");
  EXPECT_EQ(ask("a\nb\xff\n", "SELECT * FROM S3Object"), "InvalidTextEncoding");
  EXPECT_EQ(ask("a\n" + Bytes(2 << 20, 'x') + "\n", "SELECT * FROM S3Object"), "OverMaxRecordSize");
}

TEST_F(SelectQuery, JsonKeepsItsTypes) {
  input_.format = Format::json;
  output_.json = true;
  const Bytes json =
      "{\"a\": 1, \"b\": {\"c\": [10, \"x\"]}}\n{\"a\": 2.5, \"b\": null}\n{\"a\": \"t\"}\n";
  EXPECT_EQ(ask(json, "SELECT * FROM S3Object s WHERE s.a = 1"),
            "{\"a\":1,\"b\":{\"c\":[10,\"x\"]}}\n");
  EXPECT_EQ(ask(json, "SELECT s.a, s.b FROM S3Object[*] s"),
            "{\"a\":1,\"b\":{\"c\":[10,\"x\"]}}\n{\"a\":2.5,\"b\":null}\n{\"a\":\"t\"}\n");
  EXPECT_EQ(ask(json, "SELECT s.b.c[1] AS v FROM S3Object s WHERE s.b.c[0] > 9"),
            "{\"v\":\"x\"}\n");
  EXPECT_EQ(ask(json, "SELECT s.a FROM S3Object s WHERE s.b IS MISSING"),
            "{\"a\":2.5}\n{\"a\":\"t\"}\n");
  output_.json = false;
  EXPECT_EQ(ask(json, "SELECT * FROM S3Object s LIMIT 1"), "1,\"{\"\"c\"\":[10,\"\"x\"\"]}\"\n");
  EXPECT_EQ(ask("{\"a\": \n", "SELECT * FROM S3Object"), "JSONParsingError");
}

TEST_F(SelectQuery, JsonDocumentsAndPaths) {
  input_.format = Format::json;
  input_.lines = false;
  output_.json = true;
  const Bytes json = "{\n \"books\": [\n {\"price\": 5},\n {\"price\": 7}\n ]\n}\n";
  EXPECT_EQ(ask(json, "SELECT b.price FROM S3Object[*].books[*] b WHERE b.price > 5"),
            "{\"price\":7}\n");
  EXPECT_EQ(ask(json, "SELECT price FROM S3Object[*].books[*].price"),
            "{\"price\":5}\n{\"price\":7}\n");
  EXPECT_EQ(ask(json, "SELECT x FROM S3Object[*].none[*] x"), "{}\n");
}

TEST_F(SelectQuery, Operators) {
  EXPECT_EQ(value("s.n + 1, s.n - 1, s.n * 2, s.n / 2, 7 / 2, 7 % 4, -s.n"), "6,4,10,2.5,3,3,-5\n");
  EXPECT_EQ(value("s.t || '!', s.t LIKE 't%', s.t LIKE 'x_' , s.t NOT LIKE '%z'"),
            "text!,true,false,true\n");
  EXPECT_EQ(value("s.n BETWEEN 1 AND 5, s.n NOT IN (1, 2), NOT s.b, s.b AND s.n <> 4"),
            "true,true,false,true\n");
  EXPECT_EQ(value("'50%' LIKE '50!%' ESCAPE '!', s.x IS NULL, s.t IS NOT NULL"),
            "true,true,true\n");
  EXPECT_EQ(value("CASE WHEN s.n > 3 THEN 'many' ELSE 'few' END, CASE s.n WHEN 5 THEN 1 END"),
            "many,1\n");
}

TEST_F(SelectQuery, Functions) {
  EXPECT_EQ(value("UPPER(s.t), LOWER('AB'), CHAR_LENGTH('Zürich'), COALESCE(s.x, s.t, 'z')"),
            "TEXT,ab,6,text\n");
  EXPECT_EQ(value("NULLIF(s.n, 5), NULLIF(s.n, 4)"), ",5\n");
  EXPECT_EQ(value("SUBSTRING('123456789', 0), SUBSTRING('123456789', 2, 3)"), "123456789,234\n");
  EXPECT_EQ(value("SUBSTRING('123456789' FROM -4 FOR 2)"), "12\n");
  EXPECT_EQ(value("TRIM('  a '), TRIM(LEADING FROM ' a'), TRIM(BOTH '12' FROM '1121ab22')"),
            "a,a,ab\n");
  EXPECT_EQ(value("CAST('12' AS INT), CAST('1.5' AS FLOAT), CAST(s.n AS STRING),"
                  " CAST('1.005' AS DECIMAL(5,2)), CAST('true' AS BOOL)"),
            "12,1.5,5,1.01,true\n");
  EXPECT_EQ(value("CAST(s.t AS INT)"), "CastFailed");
}

TEST_F(SelectQuery, Dates) {
  EXPECT_EQ(value("EXTRACT(YEAR FROM TO_TIMESTAMP(s.d)), EXTRACT(MINUTE FROM TO_TIMESTAMP(s.d))"),
            "2024,30\n");
  EXPECT_EQ(value("DATE_ADD(month, 1, TO_TIMESTAMP(s.d)), UTCNOW()"),
            "2024-03-29T12:30:00Z,2023-11-14T22:13:20Z\n");
  EXPECT_EQ(
      value("DATE_DIFF(day, `2010-01-01T23:00Z`, `2010-01-02T01:00Z`),"
            " DATE_DIFF(year, `2010-01-01T`, `2011-01-01T`), DATE_DIFF(month, `2010T`, `2011T`)"),
      "0,1,12\n");
  EXPECT_EQ(value("TO_STRING(TO_TIMESTAMP(s.d), 'MMMM d, y'), TO_STRING(`1969-07-20T20:18+02:00`,"
                  " 'HH:mm X')"),
            "\"February 29, 2024\",18:18 Z\n");
  EXPECT_EQ(value("CAST('no date' AS TIMESTAMP)"), "CastFailed");
}

TEST(SelectRecords, FirstRecord) {
  Dialect dialect;
  EXPECT_EQ(*first_record("a,\"b,\"\"c\"\r\nd", dialect), (std::vector<std::string>{"a", "b,\"c"}));
  dialect.comment = "#";
  EXPECT_EQ(*first_record("#x\n#y\nz", dialect), std::vector<std::string>{"z"});
  EXPECT_EQ(*first_record("#x", dialect), std::vector<std::string>{""});
  EXPECT_EQ(*first_record("", dialect), std::vector<std::string>{""});
  EXPECT_FALSE(first_record(Bytes(2 << 20, 'a'), dialect));
}

}  // namespace
}  // namespace millrace::s3::select
