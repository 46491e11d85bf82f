// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/fold.h"

#include <algorithm>
#include <span>

#include "core/base/hash.h"
#include "ui/graph/op_kind.h"

namespace npu::ui {
namespace {

constexpr int kSmallestBlock = 3;      // nodes
constexpr int kSmallestRow = 12;       // nodes
constexpr size_t kLongestPeriod = 2048;  // tokens
constexpr size_t kLongestAligned = 400;  // tokens of a period whose begin is looked for in the names
constexpr int kDeepest = 8;            // nested rows
constexpr int kManyReaders = 3;        // a value that ...
constexpr int kFarSpan = 64;           // ... as many nodes read over such a distance belongs to no block: a mask, positions

uint64_t mix(uint64_t a, uint64_t b) {
  a ^= b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2);
  return a * 0xFF51AFD7ED558CCDu ^ a >> 33;
}

// A piece between two places where at most one value is alive: one node, or all between a fork and its join.
struct Token {
  int first = 0;
  int last = 0;
  uint64_t key = 0;  // equal: the operators on the longest path are the same
};

struct Row {
  size_t begin = 0;   // tokens
  size_t period = 0;
  int count = 0;

  size_t end() const { return begin + period * static_cast<size_t>(count); }
};

// What one repetition gives: a row for each shape its blocks leave.
struct Candidate {
  size_t period = 0;
  std::vector<Row> rows;
  int weight = 0;     // nodes that folding hides
};

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

class Folder {
 public:
  explicit Folder(const GraphModel& model) : model_(model), reads_(model.nodes.size()) {
    tree_.innermost.assign(model.nodes.size(), -1);
    for (const GraphEdge& edge : model.edges) reads_[static_cast<size_t>(edge.to)].push_back(edge);
    last_reader_.resize(model.values.size(), -1);
    born_.resize(model.values.size(), -1);
    born_at_.resize(model.nodes.size());
    find_global_values();
    for (const GraphNode& node : model.nodes) op_key_.push_back(hash_bytes(as_byte_view(node.op)));
  }

  FoldTree fold() {
    int first = 0, last = static_cast<int>(model_.nodes.size());
    while (first < last && !is_operator(first)) ++first;
    while (last > first && !is_operator(last - 1)) --last;
    fold_range(first, last, -1, 0);
    for (size_t g = 0; g < tree_.groups.size(); ++g)  // inner groups come later
      for (int n = tree_.groups[g].first; n < tree_.groups[g].last; ++n) tree_.innermost[static_cast<size_t>(n)] = static_cast<int>(g);
    return std::move(tree_);
  }

 private:
  bool is_operator(int node) const { return model_.nodes[static_cast<size_t>(node)].kind == GraphNode::Kind::Operator; }

  void find_global_values() {
    std::vector<int> readers(model_.values.size(), 0);
    for (const GraphEdge& edge : model_.edges) {
      if (!is_operator(edge.to)) continue;
      int& born = born_[static_cast<size_t>(edge.value)];
      born = is_operator(edge.from) ? edge.from : born < 0 ? edge.to : std::min(born, edge.to);
      ++readers[static_cast<size_t>(edge.value)];
      last_reader_[static_cast<size_t>(edge.value)] = std::max(last_reader_[static_cast<size_t>(edge.value)], edge.to);
    }
    for (size_t v = 0; v < born_.size(); ++v)
      if (born_[v] >= 0) born_at_[static_cast<size_t>(born_[v])].push_back(static_cast<int>(v));
    const int far = std::max(kFarSpan, static_cast<int>(model_.nodes.size() / 6));
    global_.resize(model_.values.size());
    std::vector<char> varies(model_.nodes.size(), 0);  // depends on an input of the graph
    for (size_t n = 0; n < model_.nodes.size(); ++n) {
      varies[n] = model_.nodes[n].kind == GraphNode::Kind::Input;
      for (const GraphEdge& edge : reads_[n]) varies[n] = varies[n] || varies[static_cast<size_t>(edge.from)];
    }
    for (size_t v = 0; v < model_.values.size(); ++v)
      global_[v] = (model_.values[v].producer >= 0 && !varies[static_cast<size_t>(model_.values[v].producer)]) ||
                   (readers[v] >= kManyReaders && last_reader_[v] - born_[v] > far);
  }

  // The tokens of [first, last). A value made before counts from its first reader on when with_inputs is set.
  std::vector<Token> tokens_of(int first, int last, bool with_inputs) const {
    std::vector<int> change(static_cast<size_t>(last - first) + 1, 0);
    const auto live = [&](int value, int from) {
      if (global_[static_cast<size_t>(value)] || last_reader_[static_cast<size_t>(value)] <= from) return;
      ++change[static_cast<size_t>(from - first)];
      --change[static_cast<size_t>(std::min(last_reader_[static_cast<size_t>(value)], last) - first)];
    };
    std::vector<int> entered;
    for (int n = first; n < last; ++n) {
      for (const int v : born_at_[static_cast<size_t>(n)]) live(v, n);
      for (const GraphEdge& edge : reads_[static_cast<size_t>(n)]) {
        if (!with_inputs || born_[static_cast<size_t>(edge.value)] >= first || std::ranges::count(entered, edge.value) > 0) continue;
        entered.push_back(edge.value);
        live(edge.value, n);
      }
    }
    std::vector<Token> tokens;
    int alive = 0;
    for (int n = first, begin = first; n < last; ++n) {
      alive += change[static_cast<size_t>(n - first)];
      if (alive > 1 && n + 1 < last) continue;
      tokens.push_back({begin, n + 1, path_key(begin, n + 1)});
      begin = n + 1;
    }
    return tokens;
  }

  std::vector<Token> single_tokens(int first, int last) const {
    std::vector<Token> tokens;
    for (int n = first; n < last; ++n) tokens.push_back({n, n + 1, op_key_[static_cast<size_t>(n)]});
    return tokens;
  }

  // The operators on the longest path that ends in the last node.
  uint64_t path_key(int first, int last) const {
    std::vector<int> length(static_cast<size_t>(last - first), 1);
    std::vector<uint64_t> key(length.size());
    for (int n = first; n < last; ++n) {
      const auto at = static_cast<size_t>(n - first);
      uint64_t before = 0;
      for (const GraphEdge& edge : reads_[static_cast<size_t>(n)]) {
        if (edge.from < first || length[static_cast<size_t>(edge.from - first)] + 1 <= length[at]) continue;
        length[at] = length[static_cast<size_t>(edge.from - first)] + 1;
        before = key[static_cast<size_t>(edge.from - first)];
      }
      key[at] = before == 0 ? op_key_[static_cast<size_t>(n)] : mix(before, op_key_[static_cast<size_t>(n)]);
    }
    return key.back();
  }

  void fold_range(int first, int last, int parent, int depth) {
    if (last - first < kSmallestRow || depth > kDeepest) return;
    std::vector<Token> tokens = tokens_of(first, last, true);
    if (tokens.size() == 1) tokens = tokens_of(first, last, false);  // what a block reads does not hold it together
    if (tokens.size() == 1) tokens = single_tokens(first, last);
    const std::vector<Row> rows = choose_rows(tokens);
    std::vector<char> in_row(tokens.size(), 0);
    for (const Row& row : rows) {
      std::fill(in_row.begin() + static_cast<ptrdiff_t>(row.begin), in_row.begin() + static_cast<ptrdiff_t>(row.end()), 1);
      add_row(tokens, row, parent, depth);
    }
    for (size_t t = 0; t < tokens.size(); ++t)
      if (!in_row[t] && tokens.size() > 1) fold_range(tokens[t].first, tokens[t].last, parent, depth + 1);
  }

  // Repetitions that do not overlap, those that hide most first; of equal ones that with the shorter period.
  std::vector<Row> choose_rows(const std::vector<Token>& tokens) const {
    std::vector<Candidate> all;
    for (size_t period = 1; period <= std::min(tokens.size() / 2, kLongestPeriod); ++period)
      for (size_t t = 0; t + period < tokens.size(); ++t) {
        const size_t begin = t;
        while (t + period < tokens.size() && tokens[t].key == tokens[t + period].key) ++t;
        if (t - begin >= period) add_candidates(tokens, begin, t + period, period, all);
      }
    std::ranges::stable_sort(all, [](const Candidate& a, const Candidate& b) { return a.weight != b.weight ? a.weight > b.weight : a.period < b.period; });
    std::vector<char> taken(tokens.size(), 0);
    std::vector<Row> chosen;
    for (const Candidate& candidate : all)
      for (const Row& row : candidate.rows) {
        const auto covered = std::span(taken).subspan(row.begin, row.end() - row.begin);
        if (std::ranges::count(covered, 1) > 0) continue;
        std::ranges::fill(covered, 1);
        chosen.push_back(row);
      }
    std::ranges::sort(chosen, {}, &Row::begin);
    return chosen;
  }

  // [begin, end) repeats itself with the period; where its blocks begin is open when there is a rest.
  void add_candidates(const std::vector<Token>& tokens, size_t begin, size_t end, size_t period, std::vector<Candidate>& all) const {
    const int count = static_cast<int>((end - begin) / period);
    const size_t rest = (end - begin) % period;
    size_t best = begin + rest, longest = 0;
    for (size_t shift = period <= kLongestAligned ? rest + 1 : 0; shift-- > 0;) {
      const size_t length = name_lengths(tokens, {begin + shift, period, count});
      if (length <= longest) continue;
      longest = length, best = begin + shift;
    }
    Candidate candidate = split_by_shape(tokens, {best, period, count});
    if (!candidate.rows.empty()) all.push_back(std::move(candidate));
  }

  // How much the names inside each block agree.
  size_t name_lengths(const std::vector<Token>& tokens, const Row& row) const {
    size_t sum = 0;
    for (int i = 0; i < std::min(row.count, 4); ++i) sum += prefix_of(first_node(tokens, row, i), first_node(tokens, row, i + 1)).size();
    return sum;
  }

  static int first_node(const std::vector<Token>& tokens, const Row& row, int block) {
    const size_t t = row.begin + row.period * static_cast<size_t>(block);
    return t < tokens.size() ? tokens[t].first : tokens.back().last;
  }

  std::string_view prefix_of(int first, int last) const {
    std::string_view prefix = model_.nodes[static_cast<size_t>(first)].name;
    for (int n = first + 1; n < last && !prefix.empty(); ++n) prefix = prefix.substr(0, common_prefix(prefix, model_.nodes[static_cast<size_t>(n)].name));
    return prefix;
  }

  const TensorType* result_type(const std::vector<Token>& tokens, const Row& row, int block) const {
    const GraphNode& node = model_.nodes[static_cast<size_t>(first_node(tokens, row, block + 1) - 1)];
    return node.outputs.empty() || node.outputs[0] < 0 ? nullptr : &model_.values[static_cast<size_t>(node.outputs[0])].type;
  }

  // Dimensions that are not known agree with any.
  static bool same_shape(const TensorType* a, const TensorType* b) {
    if (!a || !b || !a->has_rank || !b->has_rank) return true;
    return std::ranges::equal(a->dims, b->dims, [](const Dim& x, const Dim& y) { return !x.known() || !y.known() || x.value() == y.value(); });
  }

  Candidate split_by_shape(const std::vector<Token>& tokens, const Row& whole) const {
    std::vector<Row> parts;
    for (int i = 0; i < whole.count;) {
      int same = i + 1;
      while (same < whole.count && same_shape(result_type(tokens, whole, i), result_type(tokens, whole, same))) ++same;
      if (same - i > 1) parts.push_back({whole.begin + whole.period * static_cast<size_t>(i), whole.period, same - i});
      i = same;
    }
    if (parts.empty() && whole.count > 2) parts.push_back(whole);
    Candidate candidate{whole.period, {}, 0};
    for (const Row& row : parts) {
      const int nodes = first_node(tokens, row, row.count) - first_node(tokens, row, 0);
      if (nodes < kSmallestRow || nodes < kSmallestBlock * row.count || !is_chain(tokens, row)) continue;
      candidate.rows.push_back(row);
      candidate.weight += nodes;
    }
    return candidate;
  }

  // Each block reads from the one before: branches side by side are no row.
  bool is_chain(const std::vector<Token>& tokens, const Row& row) const {
    for (int i = 1; i < row.count; ++i) {
      const int before = first_node(tokens, row, i - 1), first = first_node(tokens, row, i), last = first_node(tokens, row, i + 1);
      bool reads = false;
      for (int n = first; n < last && !reads; ++n)
        for (const GraphEdge& edge : reads_[static_cast<size_t>(n)]) reads = reads || (edge.from >= before && edge.from < first);
      if (!reads) return false;
    }
    return true;
  }

  void add_row(const std::vector<Token>& tokens, const Row& row, int parent, int depth) {
    const int index = static_cast<int>(tree_.groups.size());
    FoldGroup group{.parent = parent, .row = true, .first = first_node(tokens, row, 0), .last = first_node(tokens, row, row.count), .count = row.count};
    group.kind = kind_of(group.first, group.last);
    group.name = scope_of(group.first, group.last);
    group.identical = true;
    for (int i = 1; i < row.count; ++i) group.identical = group.identical && identical(first_node(tokens, row, i - 1), first_node(tokens, row, i), first_node(tokens, row, i + 1));
    tree_.groups.push_back(group);
    for (int i = 0; i < row.count; ++i) {
      const int block = static_cast<int>(tree_.groups.size());
      FoldGroup one{.parent = index, .first = first_node(tokens, row, i), .last = first_node(tokens, row, i + 1), .index = i, .kind = group.kind};
      one.name = scope_of(one.first, one.last);
      tree_.groups.push_back(one);
      fold_range(one.first, one.last, block, depth + 1);
    }
  }

  // [a, b) and [b, c): the same operators, reading the same places.
  bool identical(int a, int b, int c) const {
    if (b - a != c - b) return false;
    for (int n = 0; n < b - a; ++n) {
      const auto one = static_cast<size_t>(a + n), other = static_cast<size_t>(b + n);
      if (op_key_[one] != op_key_[other] || reads_[one].size() != reads_[other].size()) return false;
      for (size_t i = 0; i < reads_[one].size(); ++i) {
        const int from = reads_[one][i].from - a, twin = reads_[other][i].from - b;
        if ((from >= 0 || twin >= 0) && from != twin) return false;
      }
    }
    return true;
  }

  std::string scope_of(int first, int last) const {
    const std::string_view prefix = prefix_of(first, last);
    const size_t end = prefix.find_last_of("./_");
    std::string_view scope = end == std::string_view::npos ? std::string_view() : prefix.substr(0, end);
    while (!scope.empty() && (scope.front() == '/' || scope.front() == '.')) scope.remove_prefix(1);
    return std::string(scope);
  }

  BlockKind kind_of(int first, int last) const {
    bool conv = false, product = false, scores = false, join = false;
    for (int n = first; n < last; ++n) {
      const OpKind kind = op_kind(model_.nodes[static_cast<size_t>(n)].op);
      conv = conv || kind == OpKind::Convolution;
      product = product || kind == OpKind::MatMul;
      scores = scores || kind == OpKind::Attention || kind == OpKind::Normalise;
      join = join || (kind == OpKind::Arithmetic && reads_[static_cast<size_t>(n)].size() > 1);
    }
    if (product && scores) return BlockKind::Transformer;
    if (conv) return join ? BlockKind::Residual : BlockKind::Convolution;
    return BlockKind::Plain;
  }

  const GraphModel& model_;
  std::vector<std::vector<GraphEdge>> reads_;  // edges into each node
  std::vector<int> last_reader_;               // operator that reads a value last; -1: none
  std::vector<int> born_;                      // operator that makes a value, or reads a graph's input first; -1: no operator reads it
  std::vector<std::vector<int>> born_at_;      // values of each node
  std::vector<char> global_;
  std::vector<uint64_t> op_key_;
  FoldTree tree_;
};

}  // namespace

FoldTree find_blocks(const GraphModel& model) { return Folder(model).fold(); }

}  // namespace npu::ui
