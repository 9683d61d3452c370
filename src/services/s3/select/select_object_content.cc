#include "runtime/clock.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/restore/archive.h"
#include "services/s3/select/answer.h"
#include "services/s3/select/input.h"
#include "services/s3/select/problems.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

using select::Format;

Task<sql::Rows> run(sql::Sql* sql, std::string statement, std::shared_ptr<sql::Files> files,
                    std::stop_token stop) {
  sql::Query query;
  query.statement = std::move(statement);
  query.shared = true;  // The statement is our own: what came from the user was translated.
  query.stop = std::move(stop);
  co_return co_await sql->query(std::move(query), std::move(files));
}

// The columns of the object, which tell what the expression means.
Task<std::vector<select::SourceColumn>> describe_columns(sql::Sql* sql,
                                                         std::shared_ptr<objects::Reader> reader,
                                                         std::shared_ptr<sql::Files> files,
                                                         select::Input input) {
  std::vector<select::SourceColumn> columns;
  if (input.format == Format::csv) {
    CO_TRY(const Bytes head, co_await select::read_head(std::move(reader), input));
    CO_TRY(std::vector<std::string> names, select::first_record(head, input.csv));
    for (size_t i = 0; i < names.size(); ++i) {
      if (!input.csv.use_header) names[i].clear();
      columns.push_back({std::move(names[i]), "VARCHAR"});
    }
  } else if (input.format == Format::parquet) {
    const select::Source source = select::make_source(input, {});
    CO_TRY(const sql::Rows rows,
           co_await run(sql, "SELECT * FROM " + source.table + " LIMIT 0", std::move(files), {}));
    for (const sql::Column& column : rows.columns()) columns.push_back({column.name, column.type});
  }
  co_return columns;
}

Result<void> check_request(const SelectObjectContentRequest& in) {
  if (in.expression_type() != "SQL") return fail(select::select_error("InvalidRequestParameter"));
  return {};
}

}  // namespace

Task<SelectObjectContentOutput> select_object_content(S3& s3, wire::Call& call,
                                                      SelectObjectContentRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_request(in));
  CO_TRY(select::OutputFormat format, select::read_output(in.output_serialization()));
  Result<objects::Reader> opened = co_await s3.objects.read(id);
  if (!opened) co_return fail(read_error(s3, call, id, std::move(opened).error()));
  const auto reader = std::make_shared<objects::Reader>(std::move(*opened));
  CO_TRY(const Secret key, admit_reader(s3, call, reader->object(), customer_headers(in)));
  CO_TRY(check_readable(reader->object().entry, s3.clock.now()));
  CO_TRY(reader->unlock(key));
  CO_TRY(const select::Input input, select::read_input(in, reader->size()));
  CO_TRY(const std::shared_ptr<select::ObjectFile> file,
         co_await select::open_input(reader, input));
  const auto files = std::make_shared<select::ObjectFiles>(file);

  Result<std::vector<select::SourceColumn>> columns =
      co_await describe_columns(&s3.sql, reader, files, input);
  if (!columns) co_return fail(select::name_query_error(std::move(columns).error(), input.format));
  const select::Source source = select::make_source(input, std::move(*columns));
  CO_TRY(select::Statement statement,
         select::translate(in.expression(), source, format.json, s3.clock.now()));
  const std::stop_token stop = call.http == nullptr ? std::stop_token() : call.http->stop;
  Result<sql::Rows> rows = co_await run(&s3.sql, std::move(statement.sql), files, stop);
  if (!rows) co_return fail(select::name_query_error(std::move(rows).error(), input.format));
  Result<const sql::Chunk*> first = co_await rows->next();
  if (!first) co_return fail(select::name_query_error(std::move(first).error(), input.format));

  select::Answer answer{std::move(*rows),
                        *first,
                        std::move(format),
                        std::move(statement.columns),
                        file,
                        input.format,
                        in.request_progress().enabled()};
  call.response_headers.set("Content-Type", "application/vnd.amazon.eventstream");
  call.response_body = http::StreamBody{select::make_answer(std::move(answer))};
  co_return call.make<SelectObjectContentOutput>();
}

}  // namespace millrace::s3
