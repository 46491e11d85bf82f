// SPDX-License-Identifier: Apache-2.0
// Every encoding a TensorProto may have.
#include <doctest/doctest.h>

#include "core/onnx/onnx.h"
#include "tests/core/onnx/model_builder.h"

using namespace npu;
using namespace npu::test;

namespace {

template <class Fill>
std::string tensor(int data_type, const std::vector<int64_t>& dims, Fill fill) {
  return message([&](pbf_writer& w) {
    for (const int64_t d : dims) w.add_int64(1, d);
    w.add_int32(2, data_type);
    w.add_string(8, "w");
    fill(w);
  });
}

Result<Tensor> load(const std::string& bytes) {
  return load_tensor_proto(as_byte_view(bytes));
}

std::vector<double> values(const std::string& bytes) {
  const auto loaded = load(bytes);
  REQUIRE_MESSAGE(loaded, loaded.error().message());
  return loaded->to_doubles();
}

std::string error(const std::string& bytes) {
  const auto loaded = load(bytes);
  REQUIRE(!loaded);
  return loaded.error().message();
}

std::string raw(int data_type, const std::vector<int64_t>& dims, const std::string& data) {
  return tensor(data_type, dims, [&](pbf_writer& w) { w.add_bytes(9, data); });
}

using Doubles = std::vector<double>;

}  // namespace

TEST_CASE("typed fields, packed and not") {
  const float floats[] = {1.5f, -2.0f};
  CHECK(values(tensor(1, {2}, [&](pbf_writer& w) { w.add_packed_float(4, floats, floats + 2); })) == Doubles{1.5, -2});
  CHECK(values(tensor(1, {2}, [&](pbf_writer& w) { w.add_float(4, 1.5f), w.add_float(4, -2.0f); })) ==
        Doubles{1.5, -2});
  const double doubles[] = {1e300, -0.25};
  CHECK(values(tensor(11, {2}, [&](pbf_writer& w) { w.add_packed_double(10, doubles, doubles + 2); })) ==
        Doubles{1e300, -0.25});
  CHECK(values(tensor(11, {1}, [&](pbf_writer& w) { w.add_double(10, 7); })) == Doubles{7});
  const int64_t longs[] = {-1, 1 << 20};
  CHECK(values(tensor(7, {2}, [&](pbf_writer& w) { w.add_packed_int64(7, longs, longs + 2); })) ==
        Doubles{-1, 1 << 20});
  CHECK(values(tensor(7, {2}, [&](pbf_writer& w) { w.add_int64(7, -1), w.add_int64(7, 5); })) == Doubles{-1, 5});
  const uint64_t unsigneds[] = {0xffffffffu, 3};
  CHECK(values(tensor(12, {2}, [&](pbf_writer& w) { w.add_packed_uint64(11, unsigneds, unsigneds + 2); })) ==
        Doubles{4294967295.0, 3});
  CHECK(values(tensor(13, {2}, [&](pbf_writer& w) { w.add_packed_uint64(11, unsigneds, unsigneds + 2); })) ==
        Doubles{4294967295.0, 3});
  const int32_t ints[] = {-1, 100};
  const auto int32_data = [&](int type) {
    return values(tensor(type, {2}, [&](pbf_writer& w) { w.add_packed_int32(5, ints, ints + 2); }));
  };
  CHECK(int32_data(6) == Doubles{-1, 100});     // int32
  CHECK(int32_data(3) == Doubles{-1, 100});     // int8
  CHECK(int32_data(5) == Doubles{-1, 100});     // int16
  CHECK(int32_data(2) == Doubles{255, 100});    // uint8
  CHECK(int32_data(4) == Doubles{65535, 100});  // uint16
  CHECK(int32_data(9) == Doubles{1, 1});        // bool
  // float16 and bfloat16 are stored as their bits.
  CHECK(values(tensor(10, {1}, [&](pbf_writer& w) { w.add_int32(5, 0x3c00); })) == Doubles{1});
  CHECK(values(tensor(16, {1}, [&](pbf_writer& w) { w.add_int32(5, 0x3f80); })) == Doubles{1});
}

TEST_CASE("raw data") {
  CHECK(values(raw(6, {1}, std::string("\x01\x02\0\0", 4))) == Doubles{0x201});
  CHECK(values(raw(10, {2}, std::string("\0\x3c\0\xc0", 4))) == Doubles{1, -2});
  CHECK(values(raw(9, {3}, std::string("\0\x01\x02", 3))) == Doubles{0, 1, 1});
  CHECK(values(raw(3, {}, "\xff")) == Doubles{-1});
  CHECK(values(raw(1, {0, 4}, "")).empty());
  CHECK(load(raw(1, {2, 1}, std::string(8, '\0')))->shape() == Shape{2, 1});
}

TEST_CASE("narrow elements are unpacked from the low bits on") {
  CHECK(values(raw(22, {3}, "\x8f\x07")) == Doubles{-1, -8, 7});
  CHECK(values(raw(21, {3}, "\x8f\x07")) == Doubles{15, 8, 7});
  CHECK(values(raw(26, {5}, "\xe4\x01")) == Doubles{0, 1, -2, -1, 1});
  CHECK(values(raw(23, {2}, "\xd7")) == Doubles{6, -3});       // S1.M1, exponents of bias 1
  CHECK(values(raw(17, {2}, "\x7e\xb8")) == Doubles{448, -1});  // the largest finite value of E4M3FN
  CHECK(values(raw(19, {2}, "\x7b\x01")) == Doubles{57344, 0x1.0p-16});
  CHECK(values(raw(24, {2}, "\x7f\x80")) == Doubles{1, 2});
}

TEST_CASE("tensors that are wrong name themselves and the sizes") {
  CHECK(error(raw(1, {3}, std::string(8, '\0'))) ==
        "InvalidModel: tensor 'w': float32 3 needs 12 bytes, the file has 8");
  CHECK(error(tensor(1, {2}, [](pbf_writer& w) { w.add_float(4, 1); })) ==
        "InvalidModel: tensor 'w': float32 2 needs 8 bytes, the file has 4");
  CHECK(error(raw(1, {-1}, "")) == "InvalidModel: tensor 'w': shape -1 is negative or too large");
  CHECK(error(raw(1, {int64_t{1} << 62, 16}, "")).find("too large") != std::string::npos);
  CHECK(error(raw(1, {int64_t{1} << 39}, "")).find("needs 2199023255552 bytes, the file has 0") != std::string::npos);
  CHECK(error(raw(0, {1}, "")) == "InvalidModel: tensor 'w': has no element type");
  CHECK(error(raw(8, {1}, "")) == "InvalidModel: tensor 'w': string 1 needs 1 strings, the file has 0");
  CHECK(error(raw(14, {1}, "x")) == "UnsupportedModel: tensor 'w': element type complex64 (14) is not supported");
  CHECK(error(raw(22, {3}, "x")) == "InvalidModel: tensor 'w': int4 3 needs 2 bytes, the file has 1");
  CHECK(error(tensor(1, {1}, [](pbf_writer& w) { w.add_message(3, std::string("")), w.add_float(4, 1); })) ==
        "UnsupportedModel: tensor 'w': is stored in segments");
  CHECK(error("\x08") == "InvalidModel: tensor: cut off or damaged (end of buffer)");
}

namespace {

std::string entry(const std::string& key, const std::string& value) {
  return message([&](pbf_writer& w) { w.add_string(1, key), w.add_string(2, value); });
}

std::string external_model(const std::vector<std::pair<std::string, std::string>>& entries) {
  const std::string weight = tensor(6, {2}, [&](pbf_writer& w) {
    for (const auto& [key, value] : entries) w.add_message(13, entry(key, value));
    w.add_int32(14, 1);
  });
  return model({.nodes = {node({"Add", {"x", "w"}, {"y"}})},
                .initializers = {weight},
                .inputs = {value_info("x", 6, {2})},
                .outputs = {value_info("y", 6, {2})}});
}

}  // namespace

TEST_CASE("external data") {
  const auto file = std::make_shared<const std::string>(std::string("____\x05\0\0\0\x06\0\0\0", 12));
  int calls = 0;
  OnnxLoadOptions options;
  options.external = [&](const std::string& name) -> Result<OwnedBytes> {
    ++calls;
    if (name != "w/data.bin") return fail(ErrorKind::InvalidArgument, name, "is not there");
    return OwnedBytes{as_byte_view(*file), file};
  };
  const auto load_with = [&](const std::vector<std::pair<std::string, std::string>>& entries) {
    return load_onnx(as_byte_view(external_model(entries)), nullptr, options);
  };

  const auto graph = load_with({{"location", "w/data.bin"}, {"offset", "4"}, {"length", "8"}});
  REQUIRE(graph);
  const Tensor weight = *graph->value(graph->find_value("w")).constant;
  CHECK(weight.to_ints() == std::vector<int64_t>{5, 6});
  CHECK(calls == 1);
  CHECK(load_with({{"location", "w/data.bin"}, {"offset", "4"}}));

  const auto fails = [&](const std::vector<std::pair<std::string, std::string>>& entries, std::string_view text) {
    const auto loaded = load_with(entries);
    REQUIRE(!loaded);
    CHECK_MESSAGE(loaded.error().message().find(text) != std::string::npos, loaded.error().message());
  };
  fails({{"location", "w/data.bin"}, {"offset", "8"}, {"length", "8"}}, "[8, +8) is outside 'w/data.bin' of 12 bytes");
  fails({{"location", "w/data.bin"}, {"offset", "18446744073709551615"}, {"length", "8"}}, "is outside");
  fails({{"location", "w/data.bin"}, {"offset", "-4"}}, "'-4' is no number");
  fails({{"location", "w/data.bin"}, {"length", "4"}}, "needs 8 bytes, the file has 4");
  fails({{"location", "other"}}, "InvalidArgument: other: is not there");
  calls = 0;
  for (const char* bad : {"", "/etc/passwd", "../secret", "a/../../b", "C:\\x", "a\\b"})
    fails({{"location", bad}}, "is not a file beside the model");
  CHECK(calls == 0);

  options.external = nullptr;
  fails({{"location", "w/data.bin"}}, "needs the external data file 'w/data.bin', which was not given (1 MB of weights are outside of the model file)");
}
