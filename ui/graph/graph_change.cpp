// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/graph_change.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "ui/graph/graph_part.h"

namespace npu::ui {
namespace {

constexpr size_t kMostSuccessors = 12;

using Kind = GraphNode::Kind;
using Differences = std::vector<NodeDifference>;

const GraphValue* value_of(const GraphModel& model, const std::vector<int>& values, size_t i) {
  return i < values.size() && values[i] >= 0 ? &model.values[static_cast<size_t>(values[i])] : nullptr;
}

std::string value_text(const GraphValue& value) {
  std::string text = fmt::format("{} {}", value.name, to_string(value.type));
  if (value.format != Format::ND) text += fmt::format(" {}", to_string(value.format));
  return text;
}

// Pairs the nodes of both graphs that have one key, where no other node of either graph has it.
class Pairer {
 public:
  Pairer(const GraphModel& before, const GraphModel& after) : before_(before), after_(after) {
    pairs_.of_before.assign(before.nodes.size(), -1);
    pairs_.of_after.assign(after.nodes.size(), -1);
  }

  template <class KeysOf>
  void by(const KeysOf& keys_of) {
    std::unordered_map<std::string, std::pair<int, int>> found;  // the node of each graph; -1: none, -2: several
    const auto note = [](int& at, size_t n) { at = at == -1 || at == static_cast<int>(n) ? static_cast<int>(n) : -2; };
    collect(before_, pairs_.of_before, keys_of, [&](const std::string& key, size_t n) { note(found.try_emplace(key, -1, -1).first->second.first, n); });
    collect(after_, pairs_.of_after, keys_of, [&](const std::string& key, size_t n) { note(found.try_emplace(key, -1, -1).first->second.second, n); });
    for (size_t n = 0; n < after_.nodes.size(); ++n) {  // in order, whatever the map's order is
      if (pairs_.of_after[n] >= 0) continue;
      for (const std::string& key : keys_of(after_, after_.nodes[n])) {
        const auto at = found.find(key);
        if (at == found.end() || at->second.second != static_cast<int>(n) || at->second.first < 0 || pairs_.of_before[static_cast<size_t>(at->second.first)] >= 0) continue;
        pairs_.of_before[static_cast<size_t>(at->second.first)] = static_cast<int>(n);
        pairs_.of_after[n] = at->second.first;
        break;
      }
    }
  }

  NodePairs take() { return std::move(pairs_); }

 private:
  template <class KeysOf, class Note>
  static void collect(const GraphModel& model, const std::vector<int>& paired, const KeysOf& keys_of, const Note& note) {
    for (size_t n = 0; n < model.nodes.size(); ++n)
      if (paired[n] < 0)
        for (const std::string& key : keys_of(model, model.nodes[n])) note(key, n);
  }

  const GraphModel& before_;
  const GraphModel& after_;
  NodePairs pairs_;
};

std::string kind_letter(const GraphNode& node) { return node.kind == Kind::Input ? "i" : node.kind == Kind::Output ? "o" : "n"; }

std::vector<std::string> name_keys(const GraphModel&, const GraphNode& node) {
  if (node.name.empty()) return {};
  return {kind_letter(node) + node.op + "\n" + node.name};
}

std::vector<std::string> output_keys(const GraphModel& model, const GraphNode& node) {
  std::vector<std::string> keys;
  if (node.kind != Kind::Operator) return keys;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (const GraphValue* value = value_of(model, node.outputs, i); value && !value->name.empty()) keys.push_back(value->name);
  return keys;
}

// "Conv 'a' + Relu 'b'" of each node's task; empty where it is alone in it.
std::vector<std::string> task_texts(const GraphModel& model) {
  std::unordered_map<int, std::pair<std::string, int>> tasks;
  for (const GraphNode& node : model.nodes) {
    if (node.kind != Kind::Operator || node.task < 0) continue;
    auto& [text, count] = tasks[node.task];
    text += fmt::format("{}{} '{}'", text.empty() ? "" : " + ", node.op, node.name);
    ++count;
  }
  std::vector<std::string> texts;
  for (const GraphNode& node : model.nodes) {
    const auto found = node.kind == Kind::Operator ? tasks.find(node.task) : tasks.end();
    texts.push_back(found != tasks.end() && found->second.second > 1 ? found->second.first : std::string());
  }
  return texts;
}

void compare_attributes(const GraphNode& before, const GraphNode& after, Differences& found) {
  const auto value_in = [](const GraphNode& node, const std::string& name) -> const std::string* {
    const auto at = std::ranges::find(node.attrs, name, &GraphAttr::name);
    return at == node.attrs.end() ? nullptr : &at->value;
  };
  for (const GraphAttr& attr : before.attrs) {
    const std::string* now = value_in(after, attr.name);
    if (!now || *now != attr.value) found.push_back({NodeDifference::What::Attribute, attr.name, attr.value, now ? *now : ""});
  }
  for (const GraphAttr& attr : after.attrs)
    if (!value_in(before, attr.name)) found.push_back({NodeDifference::What::Attribute, attr.name, "", attr.value});
}

// Of tensors that nodes make only the name counts where they are read; of constants also the type.
std::string read_text(const GraphValue* value) { return !value ? "" : value->is_constant() ? value_text(*value) : value->name; }

Differences compare_nodes(const GraphModel& model_before, const GraphNode& before, const GraphModel& model_after, const GraphNode& after) {
  using What = NodeDifference::What;
  Differences found;
  if (before.op != after.op) found.push_back({What::Operator, after.name, before.op, after.op});
  compare_attributes(before, after, found);
  for (size_t i = 0; i < std::max(before.inputs.size(), after.inputs.size()); ++i) {
    const std::string a = read_text(value_of(model_before, before.inputs, i)), b = read_text(value_of(model_after, after.inputs, i));
    if (a != b) found.push_back({What::Input, std::to_string(i), a, b});
  }
  for (size_t i = 0; i < std::max(before.outputs.size(), after.outputs.size()); ++i) {
    const GraphValue *a = value_of(model_before, before.outputs, i), *b = value_of(model_after, after.outputs, i);
    const std::string was = a ? value_text(*a) : "", is = b ? value_text(*b) : "";
    if (was != is) found.push_back({What::Output, std::to_string(i), was, is});
  }
  if (before.engine != after.engine)
    found.push_back({What::Engine, "", before.engine == Engine::Unassigned ? "" : std::string(to_string(before.engine)), std::string(to_string(after.engine))});
  return found;
}

// The names under which a node is known in the model that was loaded.
std::vector<std::string_view> roots_of(const GraphNode& node) {
  std::vector<std::string_view> names(node.origin.begin(), node.origin.end());
  if (!node.name.empty()) names.push_back(node.name);
  return names;
}

void sort_out(std::vector<int>& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

using Lists = std::vector<std::vector<int>>;

Lists inverted(const Lists& lists, size_t size) {
  Lists result(size);
  for (size_t n = 0; n < lists.size(); ++n)
    for (const int other : lists[n]) result[static_cast<size_t>(other)].push_back(static_cast<int>(n));
  return result;
}

std::vector<char> marked(const std::vector<GraphMark>& marks) {
  std::vector<char> keep;
  for (const GraphMark mark : marks) keep.push_back(mark != GraphMark::None);
  return keep;
}

void add_neighbours(const GraphModel& model, std::vector<char>& keep) {
  const std::vector<char> first = keep;
  for (const GraphEdge& edge : model.edges) {
    const auto from = static_cast<size_t>(edge.from), to = static_cast<size_t>(edge.to);
    if (first[from]) keep[to] = 1;
    if (first[to]) keep[from] = 1;
  }
}

void add_others(const Lists& others, const std::vector<char>& of, std::vector<char>& keep) {
  for (size_t n = 0; n < of.size(); ++n)
    for (const int other : of[n] ? others[n] : std::vector<int>()) keep[static_cast<size_t>(other)] = 1;
}

void add_pairs(const std::vector<int>& pairs, const std::vector<char>& of, std::vector<char>& keep) {
  for (size_t n = 0; n < of.size(); ++n)
    if (of[n] && pairs[n] >= 0) keep[static_cast<size_t>(pairs[n])] = 1;
}

// `others` and marks are of whole graphs, what is made is of the parts.
GraphChange::Side make_side(const GraphPart& part, const GraphPart& other, size_t other_nodes, const std::vector<GraphMark>& marks, const Lists& others) {
  std::vector<int> place(other_nodes, -1);
  for (size_t n = 0; n < other.whole.size(); ++n)
    if (other.whole[n] >= 0) place[static_cast<size_t>(other.whole[n])] = static_cast<int>(n);
  GraphChange::Side side{part.model, {}, Lists(part.whole.size())};
  for (size_t n = 0; n < part.whole.size(); ++n) {
    const int whole = part.whole[n];
    side.marks.push_back(whole < 0 ? GraphMark::None : marks[static_cast<size_t>(whole)]);
    for (const int there : whole < 0 ? std::vector<int>() : others[static_cast<size_t>(whole)])
      if (place[static_cast<size_t>(there)] >= 0) side.others[n].push_back(place[static_cast<size_t>(there)]);
  }
  return side;
}

// Who only reads what became of what it read before has not changed: the Relu behind a convolution that took a normalisation in.
void forgive_followers(const GraphModel& before, const GraphModel& after, const NodePairs& pairs, const Lists& became, MarkedNodes& marks) {
  for (size_t n = 0; n < after.nodes.size(); ++n) {
    if (marks.after[n] != GraphMark::Changed) continue;
    const auto was = static_cast<size_t>(pairs.of_after[n]);
    const auto follows = [&](const NodeDifference& one) {
      if (one.what != NodeDifference::What::Input) return false;
      const auto i = static_cast<size_t>(std::stoul(one.name));
      const GraphValue *a = value_of(before, before.nodes[was].inputs, i), *b = value_of(after, after.nodes[n].inputs, i);
      return a && b && a->producer >= 0 && b->producer >= 0 && std::ranges::count(became[static_cast<size_t>(a->producer)], b->producer) > 0;
    };
    if (!std::ranges::all_of(marks.differences[n], follows)) continue;
    marks.before[was] = marks.after[n] = GraphMark::None;
    marks.differences[n].clear();
  }
}

void count(const MarkedNodes& marks, GraphChange& change) {
  change.removed = static_cast<int>(std::ranges::count(marks.before, GraphMark::Removed));
  change.added = static_cast<int>(std::ranges::count(marks.after, GraphMark::Added));
  change.changed = static_cast<int>(std::ranges::count(marks.after, GraphMark::Changed));
  for (const Differences& list : marks.differences)
    for (const NodeDifference& one : list) {
      change.engines = change.engines || one.what == NodeDifference::What::Engine;
      change.tasks = change.tasks || one.what == NodeDifference::What::Task;
    }
}

}  // namespace

NodePairs pair_nodes(const GraphModel& before, const GraphModel& after) {
  Pairer pairer(before, after);
  pairer.by(name_keys);
  pairer.by(output_keys);
  return pairer.take();
}

MarkedNodes mark_nodes(const GraphModel& before, const GraphModel& after, const NodePairs& pairs) {
  MarkedNodes marks{std::vector<GraphMark>(before.nodes.size(), GraphMark::None), std::vector<GraphMark>(after.nodes.size(), GraphMark::None), {}};
  marks.differences.resize(after.nodes.size());
  for (size_t n = 0; n < before.nodes.size(); ++n)
    if (pairs.of_before[n] < 0) marks.before[n] = GraphMark::Removed;
  const std::vector<std::string> task_before = task_texts(before), task_after = task_texts(after);
  for (size_t n = 0; n < after.nodes.size(); ++n) {
    if (pairs.of_after[n] < 0) {
      marks.after[n] = GraphMark::Added;
      continue;
    }
    const auto was = static_cast<size_t>(pairs.of_after[n]);
    Differences& found = marks.differences[n];
    found = compare_nodes(before, before.nodes[was], after, after.nodes[n]);
    if (task_before[was] != task_after[n]) found.push_back({NodeDifference::What::Task, "", task_before[was], task_after[n]});
    if (!found.empty()) marks.before[was] = marks.after[n] = GraphMark::Changed;
  }
  return marks;
}

std::vector<std::vector<int>> find_successors(const GraphModel& before, const GraphModel& after, const NodePairs& pairs, const MarkedNodes& marks) {
  std::unordered_map<std::string_view, std::vector<int>> holders;  // changed nodes of `after` by what they came from
  for (size_t n = 0; n < after.nodes.size(); ++n)
    if (marks.after[n] != GraphMark::None)
      for (const std::string_view name : roots_of(after.nodes[n])) holders[name].push_back(static_cast<int>(n));
  Lists readers(before.nodes.size());
  for (const GraphEdge& edge : before.edges) readers[static_cast<size_t>(edge.from)].push_back(edge.to);
  Lists made(before.nodes.size());
  for (size_t n = before.nodes.size(); n-- > 0;) {
    std::vector<int>& list = made[n];
    if (pairs.of_before[n] >= 0) {
      list = {pairs.of_before[n]};
      continue;
    }
    for (const std::string_view name : roots_of(before.nodes[n]))
      if (const auto found = holders.find(name); found != holders.end()) list.insert(list.end(), found->second.begin(), found->second.end());
    if (list.empty())
      for (const int reader : readers[n]) std::ranges::copy_if(made[static_cast<size_t>(reader)], std::back_inserter(list), [&](int a) { return marks.after[static_cast<size_t>(a)] != GraphMark::None; });
    sort_out(list);
    if (list.size() > kMostSuccessors) list.resize(kMostSuccessors);
  }
  return made;
}

GraphChange find_change(const GraphModel& before, const GraphModel& after) {
  const NodePairs pairs = pair_nodes(before, after);
  MarkedNodes marks = mark_nodes(before, after, pairs);
  const Lists became = find_successors(before, after, pairs, marks), was = inverted(became, after.nodes.size());
  forgive_followers(before, after, pairs, became, marks);
  GraphChange change;
  count(marks, change);
  change.too_large = change.removed + change.added + 2 * change.changed > kMostChangedNodes;
  if (change.empty() || change.too_large) return change;
  std::vector<char> keep_before = marked(marks.before), keep_after = marked(marks.after);
  add_others(became, marked(marks.before), keep_after);
  add_others(was, marked(marks.after), keep_before);
  add_neighbours(before, keep_before);
  add_neighbours(after, keep_after);
  const std::vector<char> first = keep_before;
  add_pairs(pairs.of_after, keep_after, keep_before);
  add_pairs(pairs.of_before, first, keep_after);
  const GraphPart part_before = part_of(before, std::move(keep_before)), part_after = part_of(after, std::move(keep_after));
  change.before = make_side(part_before, part_after, after.nodes.size(), marks.before, became);
  change.after = make_side(part_after, part_before, before.nodes.size(), marks.after, was);
  for (const int whole : part_after.whole) change.differences.push_back(whole < 0 ? Differences() : marks.differences[static_cast<size_t>(whole)]);
  return change;
}

}  // namespace npu::ui
