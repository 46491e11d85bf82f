// SPDX-License-Identifier: Apache-2.0
#include "core/isa/manual.h"

#include <fmt/format.h>

#include <functional>

namespace npu {
namespace {

struct SectionRule {
  const char* id;
  const char* en;
  const char* zh;
  bool (*takes)(const InstrInfo&);
};

bool on(const InstrInfo& info, Pipe pipe) { return info.pipe == pipe && !info.scalar; }

constexpr SectionRule kSections[] = {
    {"scalar", "Scalar unit and control flow", "标量单元与控制流", [](const InstrInfo& i) { return i.scalar; }},
    {"state", "Synchronisation and state", "同步与状态", [](const InstrInfo& i) { return on(i, Pipe::S); }},
    {"mte2", "MTE2: from global memory", "MTE2：从全局内存搬入", [](const InstrInfo& i) { return on(i, Pipe::MTE2); }},
    {"mte1", "MTE1: from L1 to the cube's buffers", "MTE1：从 L1 搬入矩阵缓冲", [](const InstrInfo& i) { return on(i, Pipe::MTE1); }},
    {"cube", "M: the cube", "M：矩阵单元", [](const InstrInfo& i) { return on(i, Pipe::M); }},
    {"vector", "V: the vector unit", "V：向量单元", [](const InstrInfo& i) { return on(i, Pipe::V); }},
    {"mte3", "MTE3: to global memory and L1", "MTE3：搬出到全局内存与 L1", [](const InstrInfo& i) { return on(i, Pipe::MTE3); }},
    {"fix", "FIX: out of L0C", "FIX：从 L0C 搬出", [](const InstrInfo& i) { return on(i, Pipe::FIX); }},
};

std::string legal_values(const InstrInfo& info, const Field& field) {
  switch (field.kind) {
    case Field::Address: {
      const Buffer buffer = field.buffer.value_or(field.name == "dst" || field.name == "c" ? info.dst : field.name == "b" ? Buffer::L0B : info.src);
      const auto name = kBufferNames[static_cast<size_t>(buffer)];
      return field.align > 1 ? fmt::format("{}, multiples of {}", name, field.align) : std::string(name);
    }
    case Field::Type: {
      std::string text;
      for (size_t i = 0; i < kVecTypeNames.size(); ++i)
        if (field.allowed >> i & 1) text += (text.empty() ? "" : " ") + std::string(kVecTypeNames[i]);
      return text;
    }
    case Field::FloatBits: return "a number";
    case Field::PipeId: return "S V M MTE1 MTE2 MTE3 FIX ALL";
    case Field::Mode: {
      std::string text;
      for (const CopyModeInfo& mode : kCopyModes) text += (text.empty() ? "" : " ") + std::string(mode.name);
      return text;
    }
    case Field::Register: return field.most() == kNoRegister ? "X0 to X31, or none" : "X0 to X31";
    default: break;
  }
  if (field.width == 64 && field.high < field.low) return "64 bits";
  return fmt::format("{} to {}", field.least(), field.most());
}

std::string cost_text(const InstrInfo& info) {
  const char* const unit = info.work == Work::Repeat ? " a repeat" : info.work == Work::Fractals ? " a fractal step" : "";
  const std::string work = info.work == Work::Transfer ? "the path's bytes a cycle" : fmt::format("{}{}", info.cost.slope, unit);
  if (info.cost.head == 0 && info.cost.tail == 0) return work;
  return fmt::format("head {}, {}, tail {}", info.cost.head, work, info.cost.tail);
}

std::string chips_text(ArchSet set) {
  if (set == kAllArchs) return "all";
  std::string text;
  for (size_t i = 0; i < kArchNames.size(); ++i)
    if (set >> i & 1) text += (text.empty() ? "" : ", ") + std::string(kArchNames[i]);
  return text;
}

std::string precision_text(Opcode op) {
  switch (op) {
#define NPU_PRECISION(id, f16, f32) \
  case Opcode::id: return ". Largest error over every f16 argument: " #f16 " ulp as f16, " #f32 " ulp as f32";
#include "core/isa/precision.def"
#undef NPU_PRECISION
    default: return "";
  }
}

struct OperatorPrecision {
  const char* name;
  const char* ulp;
  const char* absolute;
};
constexpr OperatorPrecision kOperators[] = {
#define NPU_PRECISION(name, ulp, absolute) {#name, #ulp, #absolute},
#include "core/ops/precision.def"
#undef NPU_PRECISION
};

ManualEntry make_entry(Opcode op) {
  const InstrInfo& info = instr_info(op);
  ManualEntry entry{op, std::string(info.name), std::string(kPipeNames[static_cast<size_t>(info.pipe)]), chips_text(info.archs), cost_text(info), std::string(info.doc) + precision_text(op), {}};
  for (int i = 0; i < field_count(info); ++i)
    entry.operands.push_back({std::string(info.fields[i].name), info.fields[i].width, legal_values(info, info.fields[i])});
  return entry;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '&') result += "&amp;";
    else result += c;
  }
  return result;
}

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>NPU Sandbox: instruction set</title>
<style>
:root{color-scheme:light dark;--fg:#1c2330;--bg:#fff;--soft:#5b6575;--line:#d9dee7;--card:#f6f8fb;--accent:#0b63ce}
@media(prefers-color-scheme:dark){:root{--fg:#e3e8f0;--bg:#12161d;--soft:#97a3b6;--line:#2b3340;--card:#1a202a;--accent:#6cb0ff}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:70rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin:1.6rem 0 .3rem;font:600 1.05rem ui-monospace,monospace}
a{color:var(--accent)}.facts,.zh{color:var(--soft)}nav ul{columns:4 11rem;list-style:none;padding:0;font:.85rem ui-monospace,monospace}
table{border-collapse:collapse;font-size:.9rem;margin:.4rem 0;width:100%}td,th{border:1px solid var(--line);padding:.15rem .5rem;text-align:left}
th{background:var(--card)}td:first-child{font-family:ui-monospace,monospace}p{margin:.3rem 0}
</style></head><body>
<h1>Instruction set <span class="zh">指令集手册</span></h1>
<p>Made from the table that the emulator, the timing, the checker and the disassembler run on. Names, operand meaning and units follow the vendor's public
intrinsics; the encoding is this project's own. An operand outside its values, or an instruction on a chip that has not got it, halts the program.</p>
<p class="zh">本手册由模拟器、计时、检查和反汇编共用的同一张表生成。指令名称、操作数含义和单位遵循厂商公开接口，编码为本项目自定。操作数越界，或所选芯片没有该指令时，程序会停止并报错。</p>
<p>Costs are cycles: head when the pipe was idle, then the work, and tail until the result is there. They come from the public cost model of the 910B class; a
text says 'guess' or 'not calibrated' where there is no published number.
<span class="zh">开销单位为周期：流水线空闲时的启动、执行、以及结果可用前的尾延迟。</span></p>
)";

}  // namespace

std::vector<ManualSection> make_manual() {
  std::vector<ManualSection> sections;
  for (const SectionRule& rule : kSections) {
    ManualSection section{rule.id, rule.en, rule.zh, {}};
    for (int op = 0; op < kOpcodes; ++op)
      if (rule.takes(instr_info(static_cast<Opcode>(op)))) section.entries.push_back(make_entry(static_cast<Opcode>(op)));
    sections.push_back(std::move(section));
  }
  return sections;
}

std::string manual_html() {
  const std::vector<ManualSection> sections = make_manual();
  std::string html = kHead;
  html += "<nav><h2>Contents <span class=\"zh\">目录</span></h2>\n";
  for (const ManualSection& section : sections) {
    html += fmt::format("<p><a href=\"#{}\">{} <span class=\"zh\">{}</span></a></p><ul>\n", section.id, section.title_en, section.title_zh);
    for (const ManualEntry& entry : section.entries) html += fmt::format("<li><a href=\"#{0}\">{0}</a></li>\n", entry.name);
    html += "</ul>\n";
  }
  html += "</nav>\n";
  for (const ManualSection& section : sections) {
    html += fmt::format("<h2 id=\"{}\">{} <span class=\"zh\">{}</span></h2>\n", section.id, section.title_en, section.title_zh);
    for (const ManualEntry& entry : section.entries) {
      html += fmt::format("<h3 id=\"{0}\">{0}</h3>\n<p>{1}</p>\n", entry.name, escaped(entry.doc));
      html += fmt::format("<p class=\"facts\">Pipe 流水线: {} · Chips 芯片: {} · Cost 开销: {} · Opcode 操作码: {}</p>\n", entry.pipe, entry.chips, entry.cost, static_cast<int>(entry.op));
      if (entry.operands.empty()) continue;
      html += "<table><tr><th>Operand 操作数</th><th>Bits 位宽</th><th>Values 取值</th></tr>\n";
      for (const ManualOperand& operand : entry.operands)
        html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", operand.name, operand.bits, escaped(operand.legal));
      html += "</table>\n";
    }
  }
  html += "<h2 id=\"precision\">Precision of functions <span class=\"zh\">函数精度</span></h2>\n<p>What compiled operators give for every f16 argument, against series in extended precision. "
          "<span class=\"zh\">对全部 f16 输入，编译后算子的结果与扩展精度级数的比较。</span></p>\n"
          "<table><tr><th>Operator 算子</th><th>Largest error, ulp of f16 最大误差</th><th>Largest absolute error 最大绝对误差</th></tr>\n";
  for (const OperatorPrecision& op : kOperators) html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", op.name, op.ulp, op.absolute);
  html += "</table>\n<p>Conversions between f16, bf16, f32 and hf32 round correctly: tested over every f16 and bf16 value with its ties and their neighbours, and over every f32 for hf32. "
          "<span class=\"zh\">f16、bf16、f32、hf32 之间的转换均为正确舍入。</span></p>\n";
  return html + "</body></html>\n";
}

}  // namespace npu
