// SPDX-License-Identifier: Apache-2.0
// Protocol-buffer wire format for the readers of model files, on protozero. A reader switches on the field and its
// wire type together and skips whatever it does not know, so a field of the wrong type cannot reach an accessor.
// Damaged data throws protozero::exception, which the outermost reader turns into an Error.
#pragma once

#include <protozero/pbf_message.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace npu {

template <class Field>
class PbMessage : public protozero::pbf_message<Field> {
  using Base = protozero::pbf_message<Field>;

 public:
  explicit PbMessage(protozero::data_view view) : Base(view) {}
  explicit PbMessage(Bytes bytes) : Base(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  bool next() {
    if (!Base::next()) return false;
    // protozero compares lengths as ptrdiff_t, which is too narrow for them where pointers have 32 bits.
    if (Base::has_wire_type(protozero::pbf_wire_type::length_delimited)) {
      const protozero::data_view rest = Base::data();
      const char* position = rest.data();
      const char* end = position + rest.size();
      if (protozero::decode_varint(&position, end) > static_cast<uint64_t>(end - position))
        throw protozero::end_of_buffer_exception();
    }
    return true;
  }

  Bytes get_byte_span() {
    const protozero::data_view view = Base::get_view();
    return {reinterpret_cast<const std::byte*>(view.data()), view.size()};
  }
};

// Labels for switch (message.tag_and_type()).
template <class Field>
constexpr uint32_t pb_varint(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}
template <class Field>
constexpr uint32_t pb_length(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}
template <class Field>
constexpr uint32_t pb_fixed32(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed32);
}
template <class Field>
constexpr uint32_t pb_fixed64(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed64);
}

inline std::string_view pb_string_view(protozero::data_view view) {
  return {view.data(), view.size()};
}

// The elements of a repeated varint field, packed or not.
template <class T, class Field>
void pb_append_varints(PbMessage<Field>& message, std::vector<T>& to) {
  if (message.has_wire_type(protozero::pbf_wire_type::varint)) {
    to.push_back(static_cast<T>(message.get_int64()));
    return;
  }
  for (const int64_t value : message.get_packed_int64()) to.push_back(static_cast<T>(value));
}

// All of a message whose one field of interest is a repeated varint: a shape.
template <class Field>
std::vector<int64_t> pb_read_varints(protozero::data_view view, Field field) {
  std::vector<int64_t> values;
  PbMessage<Field> message(view);
  while (message.next()) {
    const uint32_t found = message.tag_and_type();
    if (found == pb_varint(field) || found == pb_length(field)) pb_append_varints(message, values);
    else message.skip();
  }
  return values;
}

inline std::string pb_damage(const protozero::exception& error) {
  std::string_view reason = error.what();
  if (reason.ends_with(" exception")) reason.remove_suffix(10);
  return "cut off or damaged (" + std::string(reason) + ")";
}

}  // namespace npu
