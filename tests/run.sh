#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prepares, builds and runs every test: native, WebAssembly under Node, and the page in Chromium and Firefox, by one ctest.
#   tests/run.sh [--build-only] [ctest arguments]        for example: tests/run.sh -L unit
# Without arguments for ctest the sweep over all topologies is left out (an hour): tests/run.sh -L slow runs that too.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
build_only=0
if [[ ${1:-} == --build-only ]]; then build_only=1; shift; fi

cmake/install_packages.sh tests
cmake/fetch_deps.sh libs emscripten fonts browser
. cmake/build.sh
npu_build release
npu_build web

# One test tree over both build trees.
mkdir -p build/all
printf 'subdirs("%s")\n' "$PWD/build/release" "$PWD/build/web" > build/all/CTestTestfile.cmake
(( build_only )) && exit 0
(( $# )) || set -- -LE sweep
exec ctest --test-dir build/all --output-on-failure -j 2 "$@"
