#include "engines/ml/algorithms/factorization_machines/symbol.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <initializer_list>

namespace millrace::ml::factorization_machines {
namespace {

namespace json = boost::json;

class Graph {
 public:
  // Each answers the number of its node.
  int variable(std::string_view name, std::string_view shape = {}) {
    json::object attributes;
    if (!shape.empty()) attributes["__shape__"] = shape;
    arguments_.push_back(json::value(static_cast<int>(nodes_.size())));
    return add("null", name, attributes, {});
  }
  int apply(std::string_view op, std::string_view name, std::initializer_list<int> inputs,
            json::object attributes = {}) {
    return add(op, name, std::move(attributes), inputs);
  }

  Bytes finish(int head) {
    json::array rows;
    for (size_t i = 0; i <= nodes_.size(); ++i) rows.push_back(json::value(static_cast<int>(i)));
    json::object graph;
    graph["nodes"] = std::move(nodes_);
    graph["arg_nodes"] = std::move(arguments_);
    graph["node_row_ptr"] = std::move(rows);
    graph["heads"] = json::array{json::array{head, 0, 0}};
    graph["attrs"] = json::object{{"mxnet_version", json::array{"int", 10900}}};
    return json::serialize(graph);
  }

 private:
  int add(std::string_view op, std::string_view name, json::object attributes,
          std::initializer_list<int> inputs) {
    json::array edges;
    for (const int input : inputs) edges.push_back(json::array{input, 0, 0});
    json::object node;
    node["op"] = op;
    node["name"] = name;
    if (!attributes.empty()) node["attrs"] = std::move(attributes);
    node["inputs"] = std::move(edges);
    nodes_.push_back(std::move(node));
    return static_cast<int>(nodes_.size()) - 1;
  }

  json::array nodes_;
  json::array arguments_;
};

}  // namespace

Bytes encode_symbol(const Model& model) {
  Graph graph;
  const int data = graph.variable("data");
  const int w1 = graph.variable("w1_weight", fmt::format("({}, 1)", model.feature_dim()));
  const int linear = graph.apply("dot", "linear", {data, w1});
  const int w0 = graph.variable("w0_weight", "(1, 1)");
  const int affine = graph.apply("broadcast_add", "affine", {linear, w0});
  const int v =
      graph.variable("v", fmt::format("({}, {})", model.feature_dim(), model.num_factors()));
  const int sums = graph.apply("dot", "sums", {data, v});
  const int sums_squared = graph.apply("square", "sums_squared", {sums});
  const int data_squared = graph.apply("square", "data_squared", {data});
  const int v_squared = graph.apply("square", "v_squared", {v});
  const int squares = graph.apply("dot", "squares", {data_squared, v_squared});
  const int pairs = graph.apply("elemwise_sub", "pairs", {sums_squared, squares});
  const int total = graph.apply("sum", "total", {pairs}, {{"axis", "1"}, {"keepdims", "True"}});
  const int half = graph.apply("_mul_scalar", "half", {total}, {{"scalar", "0.5"}});
  const int raw = graph.apply("elemwise_add", "raw", {affine, half});
  const int label = graph.variable("out_label");
  const std::string_view output = model.type() == PredictorType::regressor
                                      ? "LinearRegressionOutput"
                                      : "LogisticRegressionOutput";
  return graph.finish(graph.apply(output, "out", {raw, label}));
}

}  // namespace millrace::ml::factorization_machines
