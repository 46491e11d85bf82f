// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/regex.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::detail {

namespace {

constexpr size_t kMaxStates = 20000;
constexpr int kMaxRepeat = 1000;
constexpr int kMaxDepth = 200;

using Set = std::bitset<256>;

Set range(unsigned first, unsigned last) {
  Set set;
  for (unsigned c = first; c <= last; ++c) set.set(c);
  return set;
}
Set digits() { return range('0', '9'); }
Set word() { return digits() | range('a', 'z') | range('A', 'Z') | range('_', '_'); }
Set space() { return range('\t', '\n') | range('\f', '\r') | range(' ', ' '); }

struct Named {
  std::string_view name;
  Set (*set)();
};
constexpr Named kNamed[] = {
    {"alnum", [] { return digits() | range('a', 'z') | range('A', 'Z'); }},
    {"alpha", [] { return range('a', 'z') | range('A', 'Z'); }},
    {"blank", [] { return range(' ', ' ') | range('\t', '\t'); }},
    {"cntrl", [] { return range(0, 31) | range(127, 127); }},
    {"digit", digits},
    {"graph", [] { return range('!', '~'); }},
    {"lower", [] { return range('a', 'z'); }},
    {"print", [] { return range(' ', '~'); }},
    {"punct", [] { return range('!', '/') | range(':', '@') | range('[', '`') | range('{', '~'); }},
    {"space", [] { return space() | range('\v', '\v'); }},
    {"upper", [] { return range('A', 'Z'); }},
    {"word", word},
    {"xdigit", [] { return digits() | range('a', 'f') | range('A', 'F'); }},
};

bool is_word(char c) { return word().test(static_cast<unsigned char>(c)); }

}  // namespace

// Builds states back to front: every piece is told the state that follows it.
class RegexParser {
 public:
  explicit RegexParser(std::string_view pattern) : rest_(pattern) {}

  std::expected<Regex, std::string> run() {
    const int tree = alternatives(0);
    if (problem_.empty() && !rest_.empty()) problem_ = fmt::format("unexpected '{}' in the pattern", rest_.substr(0, 8));
    if (!problem_.empty()) return std::unexpected(problem_);
    Regex regex;
    regex.start_ = emit(regex, tree, add(regex, {}));
    if (regex.states_.size() > kMaxStates) return std::unexpected("the pattern is too large");
    return regex;
  }

 private:
  // The syntax tree, as indices into nodes_.
  enum class Op : uint8_t { Empty, Set, Assert, Sequence, Choice, Repeat };
  struct Node {
    Op op = Op::Empty;
    Set set;
    Regex::Kind assertion = Regex::Kind::Match;
    std::vector<int> parts;
    int least = 0, most = 0;  // most < 0: no limit
  };

  int node(Node value) {
    nodes_.push_back(std::move(value));
    return static_cast<int>(nodes_.size() - 1);
  }
  int set_node(const Set& set) { return node({.op = Op::Set, .set = ignore_case_ ? folded(set) : set}); }
  int assertion(Regex::Kind kind) { return node({.op = Op::Assert, .assertion = kind}); }
  int fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    rest_ = {};
    return node({});
  }

  static Set folded(Set set) {
    for (unsigned c = 'a'; c <= 'z'; ++c) {
      const bool either = set.test(c) || set.test(c - 32);
      set.set(c, either), set.set(c - 32, either);
    }
    return set;
  }

  bool accept(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  // One character, ASCII or a UTF-8 sequence, of which the ASCII ones are in the set.
  int any_of(const Set& ascii) {
    const Set tail = range(0x80, 0xbf);
    const auto bytes = [&](std::initializer_list<Set> sets) {
      Node sequence{.op = Op::Sequence};
      for (const Set& set : sets) sequence.parts.push_back(node({.op = Op::Set, .set = set}));
      return node(std::move(sequence));
    };
    Node choice{.op = Op::Choice};
    choice.parts = {set_node(ascii), bytes({range(0xc2, 0xdf), tail}), bytes({range(0xe0, 0xef), tail, tail}), bytes({range(0xf0, 0xf4), tail, tail, tail})};
    return node(std::move(choice));
  }

  int alternatives(int depth) {
    if (depth > kMaxDepth) return fail("the pattern is nested too deeply");
    const bool ignore_case = ignore_case_, dot_all = dot_all_;
    Node choice{.op = Op::Choice};
    do choice.parts.push_back(sequence(depth));
    while (accept("|"));
    ignore_case_ = ignore_case, dot_all_ = dot_all;
    return choice.parts.size() == 1 ? choice.parts[0] : node(std::move(choice));
  }

  int sequence(int depth) {
    Node list{.op = Op::Sequence};
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') list.parts.push_back(repeated(depth));
    return node(std::move(list));
  }

  int repeated(int depth) {
    int piece = atom(depth);
    for (int count = 0; !rest_.empty(); ++count) {
      int least = 0, most = -1;
      if (accept("*")) {
      } else if (accept("+")) {
        least = 1;
      } else if (accept("?")) {
        most = 1;
      } else if (!(rest_[0] == '{' && bounds(least, most))) {
        break;
      }
      if (count > kMaxDepth) return fail("the pattern is nested too deeply");
      if (least > kMaxRepeat || most > kMaxRepeat || (most >= 0 && most < least)) return fail(fmt::format("a repetition of {} to {}", least, most));
      accept("?");  // lazy or greedy makes no difference to whether the whole text matches
      piece = node({.op = Op::Repeat, .parts = {piece}, .least = least, .most = most});
    }
    return piece;
  }

  // {n}, {n,} or {n,m}; anything else is a literal brace.
  bool bounds(int& least, int& most) {
    const std::string_view before = rest_;
    rest_.remove_prefix(1);
    const auto number = [&](int& value) {
      bool any = false;
      value = 0;
      for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1), any = true) value = std::min(value * 10 + (rest_[0] - '0'), 100000);
      return any;
    };
    if (number(least)) {
      most = least;
      if (accept("}")) return true;
      if (accept(",")) {
        if (accept("}")) return most = -1, true;
        if (number(most) && accept("}")) return true;
      }
    }
    rest_ = before;
    least = 0, most = -1;
    return false;
  }

  int group(int depth) {
    if (accept("?")) {
      if (accept("P<") || accept("<")) {
        const size_t end = rest_.find('>');
        if (end == rest_.npos) return fail("a group name without '>'");
        rest_.remove_prefix(end + 1);
      } else {
        bool on = true;
        const bool ignore_case = ignore_case_, dot_all = dot_all_;
        for (; !rest_.empty() && rest_[0] != ':' && rest_[0] != ')'; rest_.remove_prefix(1)) {
          if (rest_[0] == '-') on = false;
          else if (rest_[0] == 'i') ignore_case_ = on;
          else if (rest_[0] == 's') dot_all_ = on;
          else return fail(fmt::format("'(?{}' is not supported in a pattern", rest_[0]));
        }
        if (accept(")")) return node({});  // flags for the rest of the group around it
        accept(":");
        const int inside = alternatives(depth + 1);
        ignore_case_ = ignore_case, dot_all_ = dot_all;
        return accept(")") ? inside : fail("a group without ')'");
      }
    }
    const int inside = alternatives(depth + 1);
    return accept(")") ? inside : fail("a group without ')'");
  }

  int atom(int depth) {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case '(': return group(depth);
      case '[': return bracket();
      case '.': {
        Set ascii = range(0, 127);
        if (!dot_all_) ascii.reset('\n');
        return any_of(ascii);
      }
      case '^': return assertion(Regex::Kind::Begin);
      case '$': return assertion(Regex::Kind::End);
      case '*':
      case '+':
      case '?': return fail(fmt::format("'{}' repeats nothing", c));
      case '\\': return escape();
      default: return set_node(Set().set(static_cast<unsigned char>(c)));
    }
  }

  // After a backslash; a class or a character. False for anything that is no set.
  bool escaped_set(Set& set, bool& negated) {
    negated = false;
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case 'D': negated = true; [[fallthrough]];
      case 'd': set = digits(); return true;
      case 'W': negated = true; [[fallthrough]];
      case 'w': set = word(); return true;
      case 'S': negated = true; [[fallthrough]];
      case 's': set = space(); return true;
      case 'n': set = Set().set('\n'); return true;
      case 't': set = Set().set('\t'); return true;
      case 'r': set = Set().set('\r'); return true;
      case 'f': set = Set().set('\f'); return true;
      case 'v': set = Set().set('\v'); return true;
      case 'a': set = Set().set('\a'); return true;
      case 'x': {
        unsigned code = 0;
        for (int i = 0; i < 2; ++i) {
          const auto digit = rest_.empty() ? std::string_view::npos : std::string_view("0123456789abcdefABCDEF").find(rest_[0]);
          if (digit == std::string_view::npos) return false;
          code = code * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
          rest_.remove_prefix(1);
        }
        if (code > 127) return false;
        set = Set().set(code);
        return true;
      }
      default:
        if (is_word(c)) return false;
        set = Set().set(static_cast<unsigned char>(c));
        return true;
    }
  }

  int escape() {
    if (accept("b")) return assertion(Regex::Kind::WordEdge);
    if (accept("B")) return assertion(Regex::Kind::NoWordEdge);
    if (accept("A")) return assertion(Regex::Kind::Begin);
    if (accept("z")) return assertion(Regex::Kind::End);
    Set set;
    bool negated = false;
    const std::string_view at = rest_;
    if (!escaped_set(set, negated)) return fail(fmt::format("'\\{}' is not supported in a pattern", at.substr(0, 1)));
    return negated ? any_of(~set & range(0, 127)) : set_node(set);
  }

  // Characters outside of ASCII in a bracket are alternatives of their own.
  int bracket() {
    const bool negated = accept("^");
    Set ascii;
    bool others = false;  // everything outside of ASCII
    Node choice{.op = Op::Choice};
    for (bool first = true; first || rest_.empty() || rest_[0] != ']'; first = false) {
      if (rest_.empty()) return fail("a '[' without ']'");
      if (accept("[:")) {
        const bool inverse = accept("^");
        const size_t end = rest_.find(":]");
        const auto* named = std::ranges::find(kNamed, rest_.substr(0, end), &Named::name);
        if (end == rest_.npos || named == std::end(kNamed)) return fail("a '[:' of no known class");
        ascii |= inverse ? ~named->set() & range(0, 127) : named->set();
        others |= inverse;
        rest_.remove_prefix(end + 2);
        continue;
      }
      if (static_cast<unsigned char>(rest_[0]) >= 0x80) {
        if (negated) return fail("characters outside of ASCII in a negated class");
        Node letters{.op = Op::Sequence};
        do {
          letters.parts.push_back(set_node(Set().set(static_cast<unsigned char>(rest_[0]))));
          rest_.remove_prefix(1);
        } while (!rest_.empty() && (static_cast<unsigned char>(rest_[0]) & 0xc0) == 0x80);
        choice.parts.push_back(node(std::move(letters)));
        continue;
      }
      Set set;
      bool inverse = false;
      if (!member(set, inverse)) return fail("a class has an escape that is not supported");
      if (!inverse && set.count() == 1 && rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        Set last;
        if (!member(last, inverse) || inverse || last.count() != 1) return fail("a class has a range without an end");
        const unsigned low = first_of(set), high = first_of(last);
        if (low > high) return fail(fmt::format("a range from {} to {} in a class", low, high));
        set = range(low, high);
      }
      ascii |= inverse ? ~set & range(0, 127) : set;
      others |= inverse;
    }
    rest_.remove_prefix(1);
    if (ignore_case_) ascii = folded(ascii);
    if (negated) return others ? set_node(~ascii & range(0, 127)) : any_of(~ascii & range(0, 127));
    choice.parts.push_back(others ? any_of(ascii) : set_node(ascii));
    return node(std::move(choice));
  }

  bool member(Set& set, bool& inverse) {
    if (accept("\\")) return escaped_set(set, inverse);
    set = Set().set(static_cast<unsigned char>(rest_[0]));
    inverse = false;
    rest_.remove_prefix(1);
    return true;
  }

  static unsigned first_of(const Set& set) {
    unsigned c = 0;
    while (!set.test(c)) ++c;
    return c;
  }

  static int32_t add(Regex& regex, Regex::State state) {
    regex.states_.push_back(std::move(state));
    return static_cast<int32_t>(regex.states_.size() - 1);
  }

  int32_t emit(Regex& regex, int tree, int32_t next) {
    const Node& node = nodes_[static_cast<size_t>(tree)];
    if (regex.states_.size() > kMaxStates) return next;
    switch (node.op) {
      case Op::Empty: return next;
      case Op::Set: return add(regex, {Regex::Kind::Set, node.set, next, 0});
      case Op::Assert: return add(regex, {node.assertion, {}, next, 0});
      case Op::Sequence:
        for (size_t i = node.parts.size(); i-- > 0;) next = emit(regex, node.parts[i], next);
        return next;
      case Op::Choice: {
        int32_t state = emit(regex, node.parts.back(), next);
        for (size_t i = node.parts.size() - 1; i-- > 0;) {
          const int32_t other = emit(regex, node.parts[i], next);
          state = add(regex, {Regex::Kind::Split, {}, other, state});
        }
        return state;
      }
      case Op::Repeat: {
        if (node.most < 0) {
          const int32_t loop = add(regex, {Regex::Kind::Split, {}, 0, next});
          const int32_t body = emit(regex, node.parts[0], loop);
          regex.states_[static_cast<size_t>(loop)].next = body;
          next = loop;
        } else {
          const int32_t end = next;
          for (int i = node.least; i < node.most && regex.states_.size() <= kMaxStates; ++i)
            next = add(regex, {Regex::Kind::Split, {}, emit(regex, node.parts[0], next), end});
        }
        for (int i = 0; i < node.least && regex.states_.size() <= kMaxStates; ++i) next = emit(regex, node.parts[0], next);
        return next;
      }
    }
    return next;
  }

  std::string_view rest_;
  std::string problem_;
  std::vector<Node> nodes_;
  bool ignore_case_ = false, dot_all_ = false;
};

std::expected<Regex, std::string> Regex::compile(std::string_view pattern) { return RegexParser(pattern).run(); }

bool Regex::matches(std::string_view text) const {
  std::vector<int32_t> now, next, pending;
  std::vector<size_t> seen(states_.size(), 0);
  const auto enter = [&](std::vector<int32_t>& list, int32_t state, size_t at) {
    const bool before = at > 0 && is_word(text[at - 1]), after = at < text.size() && is_word(text[at]);
    pending.assign(1, state);
    while (!pending.empty()) {
      const int32_t id = pending.back();
      pending.pop_back();
      if (seen[static_cast<size_t>(id)] == at + 1) continue;
      seen[static_cast<size_t>(id)] = at + 1;
      const State& s = states_[static_cast<size_t>(id)];
      switch (s.kind) {
        case Kind::Set:
        case Kind::Match: list.push_back(id); break;
        case Kind::Split: pending.push_back(s.other), pending.push_back(s.next); break;
        case Kind::Begin: if (at == 0) pending.push_back(s.next); break;
        case Kind::End: if (at == text.size()) pending.push_back(s.next); break;
        case Kind::WordEdge: if (before != after) pending.push_back(s.next); break;
        case Kind::NoWordEdge: if (before == after) pending.push_back(s.next); break;
      }
    }
  };
  enter(now, start_, 0);
  for (size_t at = 0; at < text.size() && !now.empty(); ++at) {
    next.clear();
    for (const int32_t id : now) {
      const State& s = states_[static_cast<size_t>(id)];
      if (s.kind == Kind::Set && s.set.test(static_cast<unsigned char>(text[at]))) enter(next, s.next, at + 1);
    }
    std::swap(now, next);
  }
  return std::ranges::any_of(now, [&](int32_t id) { return states_[static_cast<size_t>(id)].kind == Kind::Match; });
}

}  // namespace npu::detail
