// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/facts.h"

#include <cmath>

#include <fmt/format.h>

#include "compiler/passes/pass.h"
#include "core/base/parse_real.h"
#include "core/isa/isa.h"
#include "core/soc/soc.h"

namespace npu::ui {
namespace {

constexpr double kKilo = 1024, kMega = 1024 * 1024;
constexpr double kFp16MacsPerCycle = 16 * 16 * 16;  // the cube's step (isa.def, mad)
constexpr const char* kDivision = "division by zero";
constexpr int kDeepest = 32;                        // nested parentheses

// Twice the products that all cubes do in a second, in units of 1e12.
double tera_ops(const Soc& soc, double macs_per_cycle) { return 2 * soc.ai_cores * macs_per_cycle * soc.cube_mhz / 1e6; }

struct SocRow {
  std::string_view name;
  double (*get)(const Soc&);
};
constexpr SocRow kSocRows[] = {
    {"ai_cores", [](const Soc& s) -> double { return s.ai_cores; }},
    {"vector_cores", [](const Soc& s) -> double { return s.vector_cores; }},
    {"ai_cpus", [](const Soc& s) -> double { return s.ai_cpus; }},
    {"cube_mhz", [](const Soc& s) -> double { return s.cube_mhz; }},
    {"l2_mb", [](const Soc& s) { return static_cast<double>(s.l2) / kMega; }},
    {"l1_kb", [](const Soc& s) { return static_cast<double>(s.l1) / kKilo; }},
    {"l0a_kb", [](const Soc& s) { return static_cast<double>(s.l0a) / kKilo; }},
    {"l0b_kb", [](const Soc& s) { return static_cast<double>(s.l0b) / kKilo; }},
    {"l0c_kb", [](const Soc& s) { return static_cast<double>(s.l0c) / kKilo; }},
    {"ub_kb", [](const Soc& s) { return static_cast<double>(s.ub) / kKilo; }},
    {"memory_gb", [](const Soc& s) { return static_cast<double>(s.memory_bytes) / (kKilo * kMega); }},
    {"ddr_gbps", [](const Soc& s) { return s.ddr_gbps; }},
    {"ddr_read", [](const Soc& s) -> double { return s.ddr_read; }},
    {"ddr_write", [](const Soc& s) -> double { return s.ddr_write; }},
    {"l2_read", [](const Soc& s) -> double { return s.l2_read; }},
    {"l2_write", [](const Soc& s) -> double { return s.l2_write; }},
    {"l1_to_l0a", [](const Soc& s) -> double { return s.l1_to_l0a; }},
    {"l1_to_l0b", [](const Soc& s) -> double { return s.l1_to_l0b; }},
    {"l0c_to_ub", [](const Soc& s) -> double { return s.l0c_to_ub; }},
    {"event_ids", [](const Soc& s) -> double { return s.event_ids; }},
    {"queue_depth", [](const Soc& s) -> double { return s.queue_depth; }},
    {"launch_us", [](const Soc& s) { return s.task_launch_us; }},
    {"fp16_tflops", [](const Soc& s) { return tera_ops(s, kFp16MacsPerCycle); }},
    {"int8_tops", [](const Soc& s) { return tera_ops(s, 2 * kFp16MacsPerCycle); }},
};

double optional_passes() {
  double count = 0;
  for (const Pass& pass : all_passes()) count += pass.optional;
  return count;
}

struct ConstantRow {
  std::string_view name;
  double (*get)();
};
constexpr ConstantRow kConstants[] = {
    {"isa.block_bytes", [] { return static_cast<double>(kBlockBytes); }},
    {"isa.repeat_bytes", [] { return static_cast<double>(kRepeatBytes); }},
    {"isa.fractal_bytes", [] { return static_cast<double>(kFractalBytes); }},
    {"isa.pipes", [] { return static_cast<double>(kPipes); }},
    {"isa.instructions", [] { return static_cast<double>(kOpcodes); }},
    {"isa.most_repeats", [] { return static_cast<double>(instr_info(Opcode::Vadd).fields[field::kBiRepeat].most()); }},
    {"passes.count", [] { return static_cast<double>(all_passes().size()); }},
    {"passes.optional", optional_passes},
};

struct LiveRow {
  std::string_view name;
  double (*get)(const Snapshot&);
};
constexpr LiveRow kLive[] = {
    {"now.nodes", [](const Snapshot& s) { return s.model ? static_cast<double>(s.model->nodes.size()) : 0; }},
    {"now.parameters", [](const Snapshot& s) { return s.model ? static_cast<double>(s.model->parameters) : 0; }},
    {"now.tasks", [](const Snapshot& s) { return s.compile && s.compile->model ? static_cast<double>(s.compile->model->tasks.size()) : 0; }},
    {"now.us", [](const Snapshot& s) { return s.profile ? s.profile->total_us : 0; }},
    {"now.ai_core_us", [](const Snapshot& s) { return s.profile ? s.profile->ai_core_us : 0; }},
    {"now.ai_cpu_us", [](const Snapshot& s) { return s.profile ? s.profile->ai_cpu_us : 0; }},
    {"now.instructions", [](const Snapshot& s) { return s.compile ? static_cast<double>(s.compile->instructions) : 0; }},
    {"now.peak_kb", [](const Snapshot& s) { return s.profile ? static_cast<double>(s.profile->peak_arena) / kKilo : 0; }},
};

std::optional<double> soc_value(std::string_view rest) {
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return {};
  const auto soc = find_soc(rest.substr(0, dot));
  if (!soc) return {};
  for (const SocRow& row : kSocRows)
    if (row.name == rest.substr(dot + 1)) return row.get(**soc);
  return {};
}

std::optional<double> instruction_value(std::string_view rest) {
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return {};
  for (int i = 0; i < kOpcodes; ++i) {
    const InstrInfo& info = instr_info(static_cast<Opcode>(i));
    if (info.name != rest.substr(0, dot)) continue;
    const std::string_view part = rest.substr(dot + 1);
    if (part == "head") return info.cost.head;
    if (part == "slope") return info.cost.slope;
    if (part == "tail") return info.cost.tail;
  }
  return {};
}

std::optional<double> value_of(std::string_view name, const Facts& facts) {
  for (const ConstantRow& row : kConstants)
    if (row.name == name) return row.get();
  for (const LiveRow& row : kLive)
    if (row.name == name) return row.get(facts.now);
  if (name.starts_with("soc.")) return soc_value(name.substr(4));
  if (name.starts_with("isa.")) return instruction_value(name.substr(4));
  return {};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// sum := product (('+'|'-') product)*, product := unit (('*'|'/') unit)*, unit := number | name | '(' sum ')' | ceil '(' sum ')'.
class Evaluator {
 public:
  Evaluator(std::string_view text, const Facts& facts) : text_(text), facts_(facts) {}

  Result<double> all() {
    NPU_TRY(const double value, sum(0));
    skip_spaces();
    if (!text_.empty()) return wrong(fmt::format("'{}' is not understood", text_));
    return value;
  }

 private:
  std::unexpected<Error> wrong(std::string what) const { return fail(ErrorKind::InvalidArgument, "expression", std::move(what)); }

  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }
  bool take(char c) {
    skip_spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  Result<double> sum(int depth) {
    NPU_TRY(double value, product(depth));
    for (;;) {
      const double sign = take('+') ? 1 : take('-') ? -1 : 0;
      if (sign == 0) return value;
      NPU_TRY(const double next, product(depth));
      value += sign * next;
    }
  }

  Result<double> product(int depth) {
    NPU_TRY(double value, unit(depth));
    for (;;) {
      if (take('*')) {
        NPU_TRY(const double next, unit(depth));
        value *= next;
      } else if (take('/')) {
        NPU_TRY(const double next, unit(depth));
        if (next == 0) return wrong(kDivision);
        value /= next;
      } else {
        return value;
      }
    }
  }

  Result<double> unit(int depth) {
    if (depth > kDeepest) return wrong(fmt::format("more than {} nested parentheses", kDeepest));
    if (take('(')) return closed(depth);
    size_t length = 0;
    while (length < text_.size() && is_name_char(text_[length])) ++length;
    const std::string_view word = text_.substr(0, length);
    if (word.empty()) return wrong("a number or a name is missing");
    text_.remove_prefix(length);
    if (word == "ceil") {
      if (!take('(')) return wrong("ceil needs parentheses");
      NPU_TRY(const double inner, closed(depth));
      return std::ceil(inner - 1e-9);
    }
    if (word.front() >= '0' && word.front() <= '9') return number(word);
    if (const auto value = value_of(word, facts_)) return *value;
    return wrong(fmt::format("'{}' is not known", word));
  }

  Result<double> closed(int depth) {
    NPU_TRY(const double value, sum(depth + 1));
    if (!take(')')) return wrong("')' is missing");
    return value;
  }

  Result<double> number(std::string_view word) const {
    if (const auto value = decimal(word)) return *value;
    return wrong(fmt::format("'{}' is not a number", word));
  }

  std::string_view text_;
  const Facts& facts_;
};

bool begins_expression(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Calls found(expression, begin, end) for every {expression}; stops and hands on the first error.
template <class Found>
Status each_expression(std::string_view text, Found found) {
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    if (at + 1 >= text.size() || !begins_expression(text[at + 1])) continue;
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) return fail(ErrorKind::InvalidArgument, "expression", "'}' is missing");
    NPU_CHECK(found(text.substr(at + 1, end - at - 1), at, end + 1));
  }
  return {};
}

}  // namespace

Result<double> evaluate(std::string_view expression, const Facts& facts) { return Evaluator(expression, facts).all(); }

bool is_live(std::string_view expression) { return expression.find("now.") != std::string_view::npos; }

std::optional<double> decimal(std::string_view text) {
  constexpr size_t kLongest = 30;
  if (text.empty() || text.size() > kLongest || text.find_first_not_of("+-.0123456789") != std::string_view::npos) return {};
  return parse_real(text);
}

std::string number_text(double value) {
  std::string text = fmt::format("{:.3f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string fill_in(std::string_view text, const Facts& facts) {
  std::string out;
  size_t done = 0;
  (void)each_expression(text, [&](std::string_view expression, size_t begin, size_t end) -> Status {
    if (const auto value = evaluate(expression, facts)) {
      out += text.substr(done, begin - done);
      out += number_text(*value);
      done = end;
    }
    return {};
  });
  out += text.substr(done);
  return out;
}

Status check_expression(std::string_view expression) {
  const Snapshot nothing;
  const Settings settings;
  const auto value = evaluate(expression, {nothing, settings});
  // Without a model a live value is zero: whether it can be divided by is not known yet.
  if (value || (is_live(expression) && value.error().what == kDivision)) return {};
  return std::unexpected(value.error());
}

Status check_text(std::string_view text) {
  return each_expression(text, [](std::string_view expression, size_t, size_t) { return check_expression(expression); });
}

}  // namespace npu::ui
