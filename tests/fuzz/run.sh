#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers (clang-19 and its compiler-rt) and runs some of them side by side under the sanitizers.
# usage: tests/fuzz/run.sh [MINUTES (30)] [BODY... (onnx graph_text shape_inference)]
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:-30}
bodies=("${@:2}")
[ ${#bodies[@]} -gt 0 ] || bodies=(onnx graph_text shape_inference)
data=${NPU_SHARED_DATA:-../shared/data}

cmake --preset fuzz
cmake --build --preset fuzz
corpus=build/fuzz/corpus
mkdir -p "$corpus"/{onnx,tensor_proto,graph_text,shape_inference,npy,om,caffe,tensorflow,mindir,aipp_config,aipp_parameters,atc_files,calibration_config,schedule_bank}
for file in tests/golden/{graph,onnx,passes}/*.txt; do
  seed="$(basename "$(dirname "$file")")-$(basename "$file")"
  sed '/^----$/,$d' "$file" | tee "$corpus/graph_text/$seed" > "$corpus/shape_inference/$seed"
done
printf 'batch_num: 2\nskip_layers: "a"\ncommon_config { ifmr_quantize { search_step: 0.02 } }\noverride_layer_types { layer_type: "Conv" calibration_config { arq_quantize { channel_wise: false } } }\n' > "$corpus/calibration_config/amct.cfg"
printf 'enable_first_layer_quantization: true\ncalibration:\n{\n input_data_dir: a.bin,b.bin # two\n input_shape: "x:1,3"\n log: info\n}\n' > "$corpus/calibration_config/compression.cfg"
printf 'aipp_op {\n  aipp_mode: static # remark\n  input_format: YUV420SP_U8, crop: true; load_start_pos_w: 16\n  related_input_name: "x"\n  min_chn_0: 1.5e-2\n}\n' > "$corpus/aipp_config/small.cfg"
{ printf '\x01\x01\x00\x00\x01\0\0\0\x10\0\0\0\x10\0\0\0\x2a\x01\0\0\x99\x01'; head -c 42 /dev/zero; printf '\x01\0\x01\0\0\0\0\0\x02\0\0\0\x04\0\0\0\x08\0\0\0\x08\0\0\0'; head -c 72 /dev/zero; } > "$corpus/aipp_parameters/small"
printf 'input: "x" input_shape { dim: 1 dim: 2 dim: 4 dim: 4 }\nlayer { name: "p" type: "Pooling" bottom: "x" top: "p" pooling_param { pool: AVE kernel_size: 3 stride: 2 } }\nlayer { name: "s" type: "Slice" bottom: "p" top: "a" top: "b" }\n\0\xa2\x06\x03\x0a\x01p' > "$corpus/caffe/small"
printf '\x0a\x4a\x0a\x01x\x12\x0bPlaceholder\x2a\x0b\x0a\x05dtype\x12\x02\x30\x01\x2a\x2b\x0a\x05shape\x12\x22\x3a\x20\x12\x02\x08\x01\x12\x02\x08\x04\x12\x02\x08\x04\x12\x02\x08\x03\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00\x0a\x0c\x0a\x01r\x12\x04Relu\x1a\x01x' > "$corpus/tensorflow/small"
printf '{"format": "npu-schedule-bank", "version": 1, "entries": [\n{"soc": "Ascend310", "key": "k", "kind": "vector", "schedule": {"parts": 1, "tile": 8, "slots": 2}, "before": 9, "after": 8, "algorithm": "RL", "seed": "1", "space": "a", "trials": [[0, 1, 8]]}\n]}\n' > "$corpus/schedule_bank/small.json"
printf '\x12\x09MindSpore\x3a\x2e\x0a\x0d\x0a\x01x\x12\x01r\x1a\x01r\x22\x04ReLU\x12\x01g\x2a\x13\x0a\x01x\x12\x0e\x08\x01\x08\x04\x08\x04\x08\x03\x10\x01\x3a\x02xx\x32\x03\x0a\x01r' > "$corpus/mindir/small"
printf '[{"op": "Conv2D", "input_desc": [{"format": "NCHW", "shape": [1, 3, 8, 8], "type": "float16"}, {"format": "NCHW", "shape": [3, 3, 3, 3], "type": "float16"}], "output_desc": [{"format": "NCHW", "shape": [1, 3, 8, 8], "type": "float16"}], "attr": [{"name": "pads", "type": "list_int", "value": [1, 1, 1, 1]}]}]' > "$corpus/atc_files/single_op.json"
find samples -name '*.onnx' -exec cp {} "$corpus/onnx" \;
if [ -d "$data" ]; then
  for model in "$data"/onnx_node/*/model.onnx; do cp "$model" "$corpus/onnx/$(basename "$(dirname "$model")").onnx"; done
  find "$data/onnx_node" -name '*.pb' -size -4k | sed -n '1,500p' | while read -r file; do cp "$file" "$corpus/tensor_proto/$(echo "$file" | tr / _)"; done
  find "$data" -name '*.om' -size -1M -exec cp {} "$corpus/om" \;
  find "$data" -name '*.npy' -size -64k -exec cp {} "$corpus/npy" \;
fi

pids=()
for body in "${bodies[@]}"; do
  build/fuzz/bin/fuzz-"$body" -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$body-" "$corpus/$body" > "build/fuzz/$body.log" 2>&1 &
  pids+=($!)
done
failed=0
for i in "${!pids[@]}"; do
  wait "${pids[$i]}" || failed=1
  echo "${bodies[$i]}: $(grep -E 'number_of_executed_units|SUMMARY|ERROR' "build/fuzz/${bodies[$i]}.log" | tr '\n' ' ')"
done
exit $failed
