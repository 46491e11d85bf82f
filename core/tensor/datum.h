// SPDX-License-Identifier: Apache-2.0
// What a value of an ONNX graph can be when the reference runs it: a tensor, a sequence of tensors, or nothing.
#pragma once

#include <memory>
#include <vector>

#include "core/tensor/tensor.h"

namespace npu {

// Cheap to copy: tensors and sequences share their elements. An optional that holds something is what it holds.
class Datum {
 public:
  Datum() = default;  // an optional input left out
  Datum(Tensor tensor) : tensor_(std::move(tensor)) {}
  static Datum sequence(DType element, std::vector<Tensor> items);
  static Datum empty_optional(DType element, bool of_sequence);

  bool absent() const { return !is_sequence_ && !is_empty_optional_ && tensor_.empty(); }
  bool is_tensor() const { return !tensor_.empty(); }
  bool is_sequence() const { return is_sequence_ && !is_empty_optional_; }
  bool is_empty_optional() const { return is_empty_optional_; }
  bool holds_sequence() const { return is_sequence_; }  // also of an empty optional: what it could hold

  DType dtype() const { return is_tensor() ? tensor_.dtype() : element_; }
  const Tensor& tensor() const { return tensor_; }          // empty when this is no tensor
  const std::vector<Tensor>& items() const { return *items_; }  // precondition: is_sequence()

 private:
  Tensor tensor_;
  std::shared_ptr<const std::vector<Tensor>> items_;
  DType element_ = DType::Undefined;
  bool is_sequence_ = false;
  bool is_empty_optional_ = false;
};

inline Datum Datum::sequence(DType element, std::vector<Tensor> items) {
  Datum datum;
  datum.element_ = element;
  datum.is_sequence_ = true;
  datum.items_ = std::make_shared<const std::vector<Tensor>>(std::move(items));
  return datum;
}

inline Datum Datum::empty_optional(DType element, bool of_sequence) {
  Datum datum;
  datum.element_ = element;
  datum.is_sequence_ = of_sequence;
  datum.is_empty_optional_ = true;
  return datum;
}

}  // namespace npu
