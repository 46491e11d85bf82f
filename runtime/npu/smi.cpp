// SPDX-License-Identifier: Apache-2.0
// npu-smi: the vendor's tables, with what the emulated chip has. It has no thermometer and no bus: those say NA.
#include <expected>

#include "core/soc/soc.h"
#include "runtime/npu/npu_program.h"

namespace npu {
namespace {

constexpr std::string_view kVersion = "1.0 (emulated)";
constexpr std::string_view kUsage =
    "Usage: npu-smi info                  the state of the chip\n"
    "       npu-smi info -l               the cards\n"
    "       npu-smi info -m               cards, chips and their names\n"
    "       npu-smi info -t TYPE -i 0     one subject; TYPE: board, common, memory, power, usages\n"
    "       npu-smi -v                    the version\n"
    "       npu-smi -h                    this text\n";

std::string card_name(const Soc& soc) { return std::string(soc.name.substr(soc.name.starts_with("Ascend") ? 6 : 0)); }
int64_t megabytes(const Soc& soc) { return soc.memory_bytes >> 20; }
bool has_hbm(const Soc& soc) { return soc.name.starts_with("Ascend910"); }

// A line of cells, each as wide as its column; the last one takes what others leave.
struct Columns {
  std::vector<size_t> widths;

  std::string line(char fill = '-') const {
    std::string text = "+";
    for (const size_t width : widths) text += std::string(width, fill) + "+";
    return text + "\n";
  }
  std::string row(std::span<const std::string> cells) const {
    std::string text = "|";
    for (size_t i = 0; i < widths.size(); ++i) text += fmt::format(" {:<{}}|", cells[i], widths[i] - 1);
    return text + "\n";
  }
};

size_t inner_width(const Columns& columns) {
  size_t width = columns.widths.size() - 1;
  for (const size_t each : columns.widths) width += each;
  return width;
}

// Two lines for each chip: of the card, and of the chip on it.
struct Table {
  Columns columns, processes;
  std::vector<std::string> titles[2], values[2];
};

Table table_of(const Soc& soc) {
  const std::string name = card_name(soc), watts = fmt::format("{:.1f}", soc.idle_watts);
  Table table;
  if (has_hbm(soc)) {
    table.columns = {{27, 15, 52}}, table.processes = {{27, 15, 26, 25}};
    table.titles[0] = {"NPU   Name", "Health", "Power(W)    Temp(C)           Hugepages-Usage(page)"};
    table.titles[1] = {"Chip", "Bus-Id", "AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)"};
    table.values[0] = {"0     " + name, "OK", fmt::format("{:<12}{:<18}{:<5}/ {}", watts, "NA", 0, 0)};
    table.values[1] = {"0", "NA", fmt::format("{:<12}{:<5}/ {:<11}{:<5}/ {}", 0, 0, 0, 0, megabytes(soc))};
  } else {
    table.columns = {{31, 17, 54}}, table.processes = {{31, 17, 26, 27}};
    table.titles[0] = {"NPU     Name", "Health", "Power(W)     Temp(C)           Hugepages-Usage(page)"};
    table.titles[1] = {"Chip    Device", "Bus-Id", "AICore(%)    Memory-Usage(MB)"};
    table.values[0] = {"0       " + name, "OK", fmt::format("{:<13}{:<18}{:<6}/ {}", watts, "NA", 0, 0)};
    table.values[1] = {"0       0", "NA", fmt::format("{:<13}{:<5}/ {}", 0, 0, megabytes(soc))};
  }
  return table;
}

std::string info_table(const Soc& soc) {
  const Table table = table_of(soc);
  const Columns whole{{inner_width(table.columns)}};
  std::string text = whole.line();
  text += whole.row(std::vector<std::string>{fmt::format("npu-smi {:<25}Version: {}", kVersion, kVersion)}) + table.columns.line();
  text += table.columns.row(table.titles[0]) + table.columns.row(table.titles[1]) + table.columns.line('=');
  text += table.columns.row(table.values[0]) + table.columns.row(table.values[1]) + table.columns.line('=');
  text += table.processes.line() + table.processes.row(std::vector<std::string>{"NPU     Chip", "Process id", "Process name", "Process memory(MB)"}) + table.processes.line('=');
  return text + whole.row(std::vector<std::string>{"No running processes found in NPU 0"}) + table.processes.line('=');
}

using Facts = std::vector<std::pair<std::string_view, std::string>>;

std::string facts_text(const Facts& facts) {
  std::string text;
  for (const auto& [key, value] : facts) text += fmt::format("\t{:<31}: {}\n", key, value);
  return text;
}

Facts list_of(const Soc&) { return {{"Total Count", "1"}, {"NPU ID", "0"}, {"Chip Count", "1"}}; }
Facts board_of(const Soc& soc) { return {{"NPU ID", "0"}, {"Product Name", std::string(soc.name)}, {"Software Version", std::string(kVersion)}, {"Chip Count", "1"}, {"PCIe Bus Info", "NA"}}; }
Facts common_of(const Soc& soc) {
  return {{"NPU ID", "0"}, {"Chip Count", "1"}, {"Chip ID", "0"}, {"Memory Usage Rate(%)", "0"}, {"Aicore Usage Rate(%)", "0"}, {"Aicore Freq(MHZ)", fmt::format("{}", soc.cube_mhz)},
          {"Aicore Count", fmt::format("{}", soc.ai_cores)}, {"Aicpu Count", fmt::format("{}", soc.ai_cpus)}, {"Temperature(C)", "NA"}, {"NPU Real-time Power(W)", fmt::format("{:.1f}", soc.idle_watts)}};
}
Facts memory_of(const Soc& soc) {
  return {{"NPU ID", "0"}, {"Chip ID", "0"}, {has_hbm(soc) ? "HBM Capacity(MB)" : "DDR Capacity(MB)", fmt::format("{}", megabytes(soc))},
          {has_hbm(soc) ? "HBM Bandwidth(GB/s)" : "DDR Bandwidth(GB/s)", fmt::format("{:g}", soc.ddr_gbps)}};
}
Facts power_of(const Soc& soc) { return {{"NPU ID", "0"}, {"Chip ID", "0"}, {"NPU Real-time Power(W)", fmt::format("{:.1f}", soc.idle_watts)}}; }
Facts usages_of(const Soc& soc) {
  return {{"NPU ID", "0"}, {"Chip ID", "0"}, {has_hbm(soc) ? "HBM Usage Rate(%)" : "DDR Usage Rate(%)", "0"}, {"Aicore Usage Rate(%)", "0"}, {"Aicpu Usage Rate(%)", "0"}};
}

constexpr struct {
  std::string_view name;
  Facts (*facts)(const Soc&);
} kTypes[] = {{"board", board_of}, {"common", common_of}, {"memory", memory_of}, {"power", power_of}, {"usages", usages_of}};

std::string map_text(const Soc& soc) {
  return fmt::format("\t{:<31}{:<31}{:<31}{}\n\t{:<31}{:<31}{:<31}{}\n", "NPU ID", "Chip ID", "Chip Logic ID", "Chip Name", 0, 0, 0, soc.name);
}

struct Wish {
  std::string type;
  bool list = false, map = false;
};

// "-t common -i 0 -c 0": the error is a text.
std::expected<Wish, std::string> parse_wish(std::span<const std::string> arguments) {
  Wish wish;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "-l") wish.list = true;
    else if (word == "-m") wish.map = true;
    else if (word != "-t" && word != "-i" && word != "-c") return std::unexpected(fmt::format("'{}' is not known", word));
    else if (i + 1 == arguments.size()) return std::unexpected(fmt::format("{} needs a value", word));
    else if (const std::string& value = arguments[++i]; word == "-t") wish.type = value;
    else if (value != "0") return std::unexpected(fmt::format("{} {}: there is one card with one chip, both are 0", word, value));
  }
  return wish;
}

std::expected<std::string, std::string> info(std::span<const std::string> arguments, const Soc& soc) {
  const auto wish = parse_wish(arguments);
  if (!wish) return std::unexpected(wish.error());
  if (wish->list) return facts_text(list_of(soc));
  if (wish->map) return map_text(soc);
  if (wish->type.empty()) return info_table(soc);
  std::string known;
  for (const auto& type : kTypes) {
    if (type.name == wish->type) return facts_text(type.facts(soc));
    known += (known.empty() ? "" : ", ") + std::string(type.name);
  }
  return std::unexpected(fmt::format("-t {}: offered are {}", wish->type, known));
}

}  // namespace

int npu_smi_program(std::span<const std::string> arguments, const ProgramHost& host) {
  const std::string first = arguments.empty() ? "-h" : arguments[0];
  if (first == "-h" || first == "--help") return host.out(kUsage), 0;
  if (first == "-v") return host.print("npu-smi version: {}\n", kVersion), 0;
  const auto soc = find_soc(host.chip);
  if (!soc) return host.print_error("npu-smi: {}\n", soc.error().message()), 1;
  const std::expected<std::string, std::string> text = first == "info" ? info(arguments.subspan(1), **soc) : std::unexpected(fmt::format("'{}' is not known", first));
  if (!text) return host.print_error("npu-smi: {}\n{}", text.error(), kUsage), 1;
  host.out(*text);
  return 0;
}

}  // namespace npu
