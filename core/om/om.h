// SPDX-License-Identifier: Apache-2.0
// The .om container: the vendor's public header, partition table and ge.proto messages around our instruction streams.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/file.h"
#include "core/om/package.h"

namespace npu {

// What save_om wrote comes back whole, but for the elements of the graph's large constants (the tasks read the
// prepared weights, not those) and node ids, which are counted anew. A file of the vendor's compiler is
// UnsupportedModel: its kernels are machine code that this emulator does not run; inspect_om opens it.
Result<ModelPackage> load_package(SharedBytes file);
Result<std::vector<std::byte>> save_om(const ModelPackage& package);

// The same for a file with one program; one with several gears is an InvalidArgument that lists them.
Result<CompiledModel> load_om(SharedBytes file);
Result<std::vector<std::byte>> save_om(const CompiledModel& model);

// What any .om file shows without being run, ours or the vendor's.
struct OmInfo {
  struct Partition {
    uint32_t type = 0;
    std::string name;  // "MODEL_DEF"
    uint64_t offset = 0, size = 0;
    size_t model = 0;  // of the file: gear after gear
  };
  struct Tensor {
    std::string name, dtype, format;
    Shape shape;  // physical
    int64_t size = 0;
  };
  using Attrs = std::vector<std::pair<std::string, std::string>>;  // sorted by name, values as text
  struct Op {
    std::string name, type;
    std::vector<std::string> inputs;  // "producer:output"
    std::vector<Tensor> input_tensors, output_tensors;
    Attrs attrs;
  };
  struct Kernel {
    std::string name;
    uint64_t size = 0;
    std::string content;  // what the bytes are
  };
  std::string name, platform;
  uint32_t version = 0;
  size_t models = 1;      // what follows, partitions aside, is of the first
  std::string gears;      // of ours; empty: fixed shapes
  bool runnable = false;  // holds instruction streams of this project
  std::string note;       // why it cannot be run; empty when it can
  std::vector<Partition> partitions;
  Attrs attrs;
  std::vector<Op> ops;
  std::vector<Kernel> kernels;
  size_t tasks = 0;
};

bool is_om(Bytes file);
Result<OmInfo> inspect_om(Bytes file);
std::string to_text(const OmInfo& info);

}  // namespace npu
