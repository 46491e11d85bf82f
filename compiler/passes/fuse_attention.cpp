// SPDX-License-Identifier: Apache-2.0
// Needs: element types of the device (assign-precision), transposes folded into products (fold-transposes). Guarantees:
// nothing. Whatever the AI core cannot do as one task stays as it was written.
#include <array>
#include <limits>

#include "compiler/lower/families.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

bool is_product(const Node& node) { return is_op(node, "MatMul") || is_op(node, "TransposeBatchMatMul"); }

// The node that makes the value, when nothing else reads it.
const Node* private_producer(const Graph& graph, const Uses& uses, ValueId id) {
  return id != kNone && uses.single(id) != kNone ? producer_of(graph, id) : nullptr;
}

// The factor of a product with, or a division by, a number; the other operand in `scaled`.
std::optional<double> scale_of(const Graph& graph, const Node& node, ValueId& scaled) {
  if (is_op(node, "Div")) {
    const auto divisor = number_of(graph, node, 1);
    scaled = node.inputs[0];
    return divisor && *divisor != 0 ? std::optional(1 / *divisor) : std::nullopt;
  }
  if (!is_op(node, "Mul")) return std::nullopt;
  for (size_t i : {0, 1})
    if (const auto factor = number_of(graph, node, i)) {
      scaled = node.inputs[1 - i];
      return factor;
    }
  return std::nullopt;
}

// A mask that was written out for elementwise operators; the fused task reads it as it was.
ValueId before_expand(const Graph& graph, ValueId id) {
  const Node* expand = producer_of(graph, id);
  return expand && is_op(*expand, "Expand") ? expand->inputs[0] : id;
}

struct Scores {
  const Node* product = nullptr;
  double scale = 1;
  ValueId mask = kNone;              // is added
  const Tensor* kept = nullptr;      // instead: bools; where they do not hold the score does not count
  std::vector<const Node*> between;  // from the product to the softmax
};

// The constant condition of a choice between scores and a number that exp turns into 0.
const Tensor* kept_scores(const Graph& graph, const Node& where) {
  constexpr double kNever = -1e4;
  const ValueId condition = before_expand(graph, where.inputs[0]), other = before_expand(graph, where.inputs[2]);
  if (!graph.is_constant(condition) || !graph.is_constant(other)) return nullptr;
  const Tensor& number = *graph.value(other).constant;
  if (number.elements() != 1 || !(number.to_doubles()[0] <= kNever)) return nullptr;
  return &*graph.value(condition).constant;
}

ValueId add_mask(Graph& graph, Names& names, const Tensor& kept, const std::string& wish) {
  std::vector<float> values;
  for (const double value : kept.to_doubles()) values.push_back(value != 0 ? 0 : -std::numeric_limits<float>::infinity());
  return graph.add_constant(names.unique(wish + "_mask"), Tensor::from<float>(DType::Float32, kept.shape(), values).cast(DType::Float16));
}

// What softmax reads: a product, perhaps scaled, perhaps with a mask added.
std::optional<Scores> match_scores(const Graph& graph, const Uses& uses, ValueId id) {
  Scores scores;
  const Node* node = private_producer(graph, uses, id);
  if (node && is_op(*node, "Add")) {
    for (size_t i : {0, 1}) {
      const Node* other = private_producer(graph, uses, node->inputs[i]);
      ValueId scaled = kNone;
      if (!other || !(is_product(*other) || scale_of(graph, *other, scaled))) continue;
      scores.between.push_back(node);
      scores.mask = before_expand(graph, node->inputs[1 - i]);
      node = other;
      break;
    }
  }
  if (node && is_op(*node, "Where") && (scores.kept = kept_scores(graph, *node))) {
    scores.between.push_back(node);
    node = private_producer(graph, uses, node->inputs[1]);
  }
  ValueId scaled = kNone;
  if (const auto scale = node ? scale_of(graph, *node, scaled) : std::nullopt) {
    scores.scale = *scale;
    scores.between.push_back(node);
    node = private_producer(graph, uses, scaled);
  }
  if (!node || !is_product(*node) || node->find_attr("perm_y")) return std::nullopt;
  scores.product = node;
  return scores;
}

bool is_row_softmax(const Graph& graph, const Node& node) {
  const auto shape = shape_of(graph, node.outputs[0]);
  const int64_t axis = node.int_attr("axis", -1);
  return is_op(node, "Softmax") && shape && (axis == -1 || axis == std::ssize(*shape) - 1);
}

// Where the keys' axes lie: those of the product's right operand with the last two exchanged.
std::vector<int64_t> key_axes(const Graph& graph, const Node& product) {
  auto perm = product.ints_attr("perm_x2");
  if (perm.empty())
    for (size_t i = 0; i < graph.value(product.inputs[1]).type.dims.size(); ++i) perm.push_back(static_cast<int64_t>(i));
  std::swap(perm[perm.size() - 2], perm.back());
  return perm;
}

Node fused(const Graph& graph, const Scores& scores, const Node& softmax, const Node& product) {
  Node node = make_node("ScaledDotProductAttention", product.name, {scores.product->inputs[0], scores.product->inputs[1], product.inputs[1]},
                        product.outputs, product.origin);
  if (scores.mask != kNone) node.inputs.push_back(scores.mask);
  node.attrs["perm_k"] = key_axes(graph, *scores.product);
  for (const auto& [to, from, attr] : {std::tuple{"perm_q", scores.product, "perm_x1"}, {"perm_v", &product, "perm_x2"}, {"perm_y", &product, "perm_y"}})
    if (const Attr* axes = from->find_attr(attr)) node.attrs[to] = *axes;
  if (scores.scale != 1) node.attrs["scale"] = static_cast<float>(scores.scale);
  absorb_origin(node, *scores.product);
  for (const Node* between : scores.between) absorb_origin(node, *between);
  absorb_origin(node, softmax);
  return node;
}

}  // namespace

Status fuse_attention(Graph& graph, PassContext& context) {
  const Uses uses(graph);
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& product = graph.node(id);
    if (!is_product(product) || product.find_attr("perm_x1")) continue;
    const Node* softmax = private_producer(graph, uses, product.inputs[0]);
    if (!softmax || !is_row_softmax(graph, *softmax)) continue;
    auto scores = match_scores(graph, uses, softmax->inputs[0]);
    if (!scores || (scores->kept && scores->mask != kNone)) continue;
    if (scores->kept) scores->mask = add_mask(graph, names, *scores->kept, product.name);
    Node node = fused(graph, *scores, *softmax, product);
    if (const auto why = reject_attention(graph, node, context.soc)) {
      context.missed(*softmax, *why);
      continue;
    }
    graph.node(id) = std::move(node);
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
