// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"aggregate_function", AttrKind::Int, "1"},   {"leaf_targetids", AttrKind::Ints, "required"},      {"leaf_weights", AttrKind::Tensor, "required"},
    {"membership_values", AttrKind::Tensor, ""},  {"n_targets", AttrKind::Int, ""},                    {"nodes_falseleafs", AttrKind::Ints, "required"},
    {"nodes_falsenodeids", AttrKind::Ints, "required"}, {"nodes_featureids", AttrKind::Ints, "required"}, {"nodes_hitrates", AttrKind::Tensor, ""},
    {"nodes_missing_value_tracks_true", AttrKind::Ints, ""}, {"nodes_modes", AttrKind::Tensor, "required"}, {"nodes_splits", AttrKind::Tensor, "required"},
    {"nodes_trueleafs", AttrKind::Ints, "required"}, {"nodes_truenodeids", AttrKind::Ints, "required"},  {"post_transform", AttrKind::Int, "0"},
    {"tree_roots", AttrKind::Ints, "required"},
};

enum Rule : uint8_t { kLessOrEqual, kLess, kGreaterOrEqual, kGreater, kEqual, kNotEqual, kMember };

struct Branch {
  size_t feature;
  Rule rule;
  double split;
  std::vector<double> members;
  bool missing_is_true;
  int64_t next[2];      // when false, when true
  bool is_leaf[2];
};

struct Ensemble {
  std::vector<Branch> branches;
  std::vector<int64_t> roots, targets;
  std::vector<double> weights;
  int64_t target_count, aggregate, transform;
};

// Members of the sets, one set for each node with that rule, a NaN behind each.
std::vector<std::vector<double>> member_sets(const Node& node) {
  std::vector<std::vector<double>> sets(1);
  if (const Attr* attr = node.find_attr("membership_values"))
    for (const double value : std::get<Tensor>(*attr).to_doubles()) {
      if (value == value) sets.back().push_back(value);
      else sets.emplace_back();
    }
  return sets;
}

template <class Context>
Result<Ensemble> ensemble_of(const Context& ctx) {
  const Node& node = ctx.node();
  Ensemble trees{{}, node.ints_attr("tree_roots"), node.ints_attr("leaf_targetids"), std::get<Tensor>(*node.find_attr("leaf_weights")).to_doubles(),
                 node.int_attr("n_targets", 1), node.int_attr("aggregate_function", 1), node.int_attr("post_transform", 0)};
  const auto features = node.ints_attr("nodes_featureids"), on_true = node.ints_attr("nodes_truenodeids"), on_false = node.ints_attr("nodes_falsenodeids");
  const auto true_leaf = node.ints_attr("nodes_trueleafs"), false_leaf = node.ints_attr("nodes_falseleafs"), missing = node.ints_attr("nodes_missing_value_tracks_true");
  const auto modes = std::get<Tensor>(*node.find_attr("nodes_modes")).to_ints();
  const auto splits = std::get<Tensor>(*node.find_attr("nodes_splits")).to_doubles();
  const size_t count = features.size();
  for (const size_t size : {on_true.size(), on_false.size(), true_leaf.size(), false_leaf.size(), modes.size(), splits.size()})
    if (size != count) return ctx.error(fmt::format("{} nodes, but a list of {}", count, size));
  if (trees.targets.size() != trees.weights.size()) return ctx.error(fmt::format("{} leaves with {} weights", trees.targets.size(), trees.weights.size()));
  if (trees.target_count < 1 || trees.target_count > (1 << 24)) return ctx.error(fmt::format("n_targets is {}", trees.target_count));
  if (trees.aggregate < 0 || trees.aggregate > 3 || trees.transform < 0 || trees.transform > 4)
    return ctx.error(fmt::format("aggregate_function is {}, post_transform {}", trees.aggregate, trees.transform));
  for (const int64_t target : trees.targets)
    if (target < 0 || target >= trees.target_count) return ctx.error(fmt::format("a leaf of target {} of {}", target, trees.target_count));
  const auto sets = member_sets(node);
  size_t next_set = 0;
  const auto leaves = static_cast<int64_t>(trees.targets.size()), nodes = static_cast<int64_t>(count);
  for (size_t i = 0; i < count; ++i) {
    Branch branch{static_cast<size_t>(features[i]), static_cast<Rule>(modes[i]), splits[i], {}, i < missing.size() && missing[i] != 0, {on_false[i], on_true[i]}, {false_leaf[i] != 0, true_leaf[i] != 0}};
    if (features[i] < 0 || modes[i] < 0 || modes[i] > kMember) return ctx.error(fmt::format("node {} reads feature {} by rule {}", i, features[i], modes[i]));
    for (int side = 0; side < 2; ++side)
      if (branch.next[side] < 0 || branch.next[side] >= (branch.is_leaf[side] ? leaves : nodes)) return ctx.error(fmt::format("node {} leads to {}", i, branch.next[side]));
    if (branch.rule == kMember) {
      if (next_set >= sets.size()) return ctx.error(fmt::format("there is no set for node {}", i));
      branch.members = sets[next_set++];
    }
    trees.branches.push_back(std::move(branch));
  }
  for (const int64_t root : trees.roots)
    if (root < 0 || root >= nodes) return ctx.error(fmt::format("a tree begins at node {} of {}", root, nodes));
  return trees;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  NPU_TRY(const Ensemble trees, ensemble_of(ctx));
  if (x.has_rank && x.dims.size() != 2) return ctx.error(fmt::format("X is of shape {}, needs a matrix", to_string(x.dims)));
  for (const Branch& branch : trees.branches)
    if (x.has_rank && x.dims[1].known() && static_cast<int64_t>(branch.feature) >= x.dims[1].value()) return ctx.error(fmt::format("feature {} of {}", branch.feature, x.dims[1].value()));
  return std::vector{TensorType::of(x.dtype, Dims{x.has_rank ? x.dims[0] : Dim(), Dim(trees.target_count)})};
}

bool holds(const Branch& branch, double x) {
  if (x != x) return branch.missing_is_true;
  switch (branch.rule) {
    case kLessOrEqual: return x <= branch.split;
    case kLess: return x < branch.split;
    case kGreaterOrEqual: return x >= branch.split;
    case kGreater: return x > branch.split;
    case kEqual: return x == branch.split;
    case kNotEqual: return x != branch.split;
    case kMember: return std::ranges::find(branch.members, x) != branch.members.end();
  }
  return false;
}

// The leaf a row ends in; a cycle is an error. When both ways of a root lead to one leaf the tree is that leaf.
Result<size_t> leaf_of(const EvalContext& ctx, const Ensemble& trees, int64_t root, const double* row) {
  auto at = static_cast<size_t>(root);
  for (size_t steps = 0; steps <= trees.branches.size(); ++steps) {
    const Branch& branch = trees.branches[at];
    const int side = holds(branch, row[branch.feature]) ? 1 : 0;
    at = static_cast<size_t>(branch.next[side]);
    if (branch.is_leaf[side]) return at;
  }
  return ctx.error(fmt::format("the tree at node {} has a cycle", root));
}

// none, softmax, logistic, softmax of what is not zero, probit (quantile of the normal distribution)
void transform(std::span<double> scores, int64_t kind) {
  if (kind == 2)
    for (double& score : scores) score = fixed::sigmoid(score);
  if (kind != 1 && kind != 3) return;
  const double maximum = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) {
    score = kind == 3 && score == 0 ? 0 : fixed::exp(score - maximum);
    sum += score;
  }
  for (double& score : scores) score /= sum;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Ensemble trees, ensemble_of(ctx));
  if (trees.transform == 4) return fail(ErrorKind::UnsupportedModel, ctx.where(), "post_transform 4 (probit) is not supported");
  const auto x = ctx.input(0).to_doubles();
  const auto columns = static_cast<size_t>(ctx.input(0).shape()[1]);
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto out = y.mutable_data<double>();
  const auto targets = static_cast<size_t>(trees.target_count);
  for (size_t row = 0; row < static_cast<size_t>(y.shape()[0]); ++row) {
    const auto scores = out.subspan(row * targets, targets);
    std::vector<bool> hit(targets, false);
    for (const int64_t root : trees.roots) {
      NPU_TRY(const size_t leaf, leaf_of(ctx, trees, root, x.data() + row * columns));
      const auto target = static_cast<size_t>(trees.targets[leaf]);
      const double weight = trees.weights[leaf];
      const bool is_first = !hit[target];
      hit[target] = true;
      if (trees.aggregate == 2) scores[target] = is_first ? weight : std::min(scores[target], weight);
      else if (trees.aggregate == 3) scores[target] = is_first ? weight : std::max(scores[target], weight);
      else scores[target] += weight;
    }
    if (trees.aggregate == 0)
      for (double& score : scores) score /= static_cast<double>(trees.roots.size());
    transform(scores, trees.transform);
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef TreeEnsemble{
    .name = "TreeEnsemble",
    .since = 5,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Decision trees: the weights of the leaves that each row ends in, aggregated for each target",
    .domain = "ai.onnx.ml",
};

}  // namespace npu::op
