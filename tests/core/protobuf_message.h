// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <protozero/pbf_writer.hpp>
#include <string>

namespace npu::test {

// The bytes of the message that fill(writer) writes.
template <class Fill>
std::string message(Fill fill) {
  std::string buffer;
  protozero::pbf_writer writer(buffer);
  fill(writer);
  return buffer;
}

}  // namespace npu::test
