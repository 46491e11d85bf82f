// SPDX-License-Identifier: Apache-2.0
// The options of atc as the page holds them, and their form as a command line.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/atc/options.h"
#include "core/graph/graph.h"
#include "core/model_file/model_file.h"

namespace npu::ui {

using PassNames = std::set<std::string, std::less<>>;

// What is given beside the model, the chip and the switches of single passes, which the page has choices of its own for.
struct AtcSettings {
  atc::GivenOptions options;                              // by name, without --
  std::map<std::string, std::string, std::less<>> files;  // texts of files that options name, by name

  bool empty() const { return options.empty() && files.empty(); }
  friend bool operator==(const AtcSettings&, const AtcSettings&) = default;
};

// The model as a command line calls it.
struct AtcModel {
  std::string name = "model.onnx", weights;
  ModelKind kind = ModelKind::Onnx;
  std::string input_shape;  // of inputs that the model leaves open: see default_input_shape
};

// "x:1,3,224,224;y:1,8": for every input with open dimensions that `given` does not have, 1 in their place; `script` wins over
// both. Empty: nothing is open.
std::string default_input_shape(const Graph& graph, std::string_view given, const std::map<std::string, Shape, std::less<>>& script = {});

// The words after "atc" that compile as the page does; no model is written by their --output.
std::vector<std::string> atc_arguments(const AtcSettings& settings, const std::string& chip, const PassNames& disabled, const AtcModel& model);
// "atc --model=net.onnx ...", words with spaces or ; in quotation marks: what a shell takes apart again. between: " ", or a
// break of the line.
std::string command_text(std::span<const std::string> arguments, std::string_view between = " ");

// What a command line says, for the form: the model's name is told, its file is whichever is open.
struct PastedCommand {
  AtcSettings settings;   // its files are not there
  std::string chip;       // empty: not said
  PassNames disabled;
  std::string model;
};
// text: with or without "atc" (or a path to it) in front, quotation marks and backslashes as in a shell, several lines. Options that
// only other modes have, or that compile something else than one model, are E10001; --model, --output and --soc_version may be left out.
atc::AtcResult<PastedCommand> parse_command(std::string_view text);

// Words as the terminal's shell makes them, of one command on one or several lines; no variable has a value. E10001 where that shell
// finds a fault (a quotation mark that is not closed), and for pipes and redirects.
atc::AtcResult<std::vector<std::string>> shell_words(std::string_view text);

// The option whose file this is, by its text: "insert_op_conf", "fusion_switch_file", "modify_mixlist", "" where it is none.
std::string_view option_of_file(std::string_view text);

// Options of the form: what changes a compile in the page, the most used first.
std::vector<const atc::OptionInfo*> form_options();

}  // namespace npu::ui
