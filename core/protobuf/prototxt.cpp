// SPDX-License-Identifier: Apache-2.0
#include "core/protobuf/prototxt.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace npu {
namespace {

constexpr int kMaxDepth = 16;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' || c == '+'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<ProtoMessage> fields(int depth) {
    ProtoMessage message;
    for (skip_space(); !text_.empty() && text_[0] != '}'; skip_space()) {
      NPU_CHECK(one_field(depth, message.fields));
      skip_space();
      if (text_.starts_with(',') || text_.starts_with(';')) take(1);
    }
    if (depth == 0 && !text_.empty()) return error("'}' closes nothing");
    return message;
  }

 private:
  Status one_field(int depth, std::vector<ProtoField>& to) {
    ProtoField field;
    field.line = line_;
    field.name = word();
    if (field.name.empty()) return error(fmt::format("'{}' where the name of a field is expected", shown()));
    skip_space();
    const bool colon = text_.starts_with(':');
    if (colon) take(1), skip_space();
    if (text_.starts_with('{')) return inner_message(depth, std::move(field), to);
    if (!colon) return error(fmt::format("{} needs ':' and a value, or '{{'", field.name));
    if (text_.starts_with('[')) return list(std::move(field), to);
    NPU_CHECK(value_of(field));
    to.push_back(std::move(field));
    return {};
  }

  Status inner_message(int depth, ProtoField field, std::vector<ProtoField>& to) {
    if (depth == kMaxDepth) return error(fmt::format("messages nested deeper than {}", kMaxDepth));
    const int opened = line_;
    take(1);
    NPU_TRY(ProtoMessage inner, fields(depth + 1));
    if (text_.empty()) return fail(ErrorKind::InvalidArgument, fmt::format("line {}", opened), fmt::format("the '{{' of {} is never closed", field.name));
    take(1);
    field.message.push_back(std::move(inner));
    to.push_back(std::move(field));
    return {};
  }

  // `name: [a, b]` is the field twice.
  Status list(const ProtoField& field, std::vector<ProtoField>& to) {
    take(1);
    for (skip_space(); !text_.starts_with(']'); skip_space()) {
      ProtoField item = field;
      NPU_CHECK(value_of(item));
      to.push_back(std::move(item));
      skip_space();
      if (text_.starts_with(',')) take(1);
      else if (!text_.starts_with(']')) return error(fmt::format("the list of {} is never closed", field.name));
    }
    take(1);
    return {};
  }

  Status value_of(ProtoField& field) {
    if (text_.starts_with('"') || text_.starts_with('\'')) return quoted(field);
    field.value = word();
    if (field.value.empty()) return error(fmt::format("{} has no value", field.name));
    return {};
  }

  Status quoted(ProtoField& field) {
    const char quote = text_[0];
    const size_t end = text_.find_first_of(quote == '"' ? "\"\\\n" : "'\\\n", 1);
    if (end == std::string_view::npos || text_[end] != quote) return error(fmt::format("the text of {} has no end in its line, or an escape", field.name));
    field.value = text_.substr(1, end - 1), field.quoted = true;
    take(end + 1);
    return {};
  }

  std::string word() {
    const auto end = std::ranges::find_if_not(text_, is_word);
    std::string found(text_.begin(), end);
    take(found.size());
    return found;
  }

  void skip_space() {
    while (!text_.empty()) {
      if (text_[0] == '#') take(std::min(text_.find('\n'), text_.size()));
      else if (std::isspace(static_cast<unsigned char>(text_[0]))) take(1);
      else return;
    }
  }

  void take(size_t count) {
    line_ += static_cast<int>(std::ranges::count(text_.substr(0, count), '\n'));
    text_.remove_prefix(count);
  }

  // What stands here, for a message.
  std::string shown() const { return std::isprint(static_cast<unsigned char>(text_[0])) ? std::string(1, text_[0]) : fmt::format("\\x{:02x}", static_cast<unsigned char>(text_[0])); }
  std::unexpected<Error> error(std::string what) const { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", line_), std::move(what)); }

  std::string_view text_;
  int line_ = 1;
};

}  // namespace

Result<ProtoMessage> parse_prototxt(std::string_view text) { return Parser(text).fields(0); }

}  // namespace npu
