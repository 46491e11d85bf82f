# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts that build: one step to a line, the whole output only where it fails.
#   npu_build <preset> [target...]
npu_build() {
  local preset=$1 log free
  shift
  mkdir -p build
  free=$(df --output=avail -m build | tail -1)
  (( free >= 1000 )) || { echo "npu-sandbox: $PWD/build has $((free)) MB free, 1000 MB are needed" >&2; return 1; }
  log=build/$preset.log
  echo "-- configuring $preset" >&2
  if ! cmake --preset "$preset" -DNPU_PCH=ON > "$log" 2>&1; then
    cat "$log" >&2
    grep -h '^npu-sandbox:' "$log" | tail -1 >&2 || echo "npu-sandbox: configuring $preset failed" >&2
    return 1
  fi
  echo "-- building $preset" >&2
  cmake --build --preset "$preset" ${1:+--target "$@"} || {
    echo "npu-sandbox: building $preset failed" >&2
    return 1
  }
}
