#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the page and serves it on this machine; installs or fetches what is missing first.
set -euo pipefail

usage='usage: web/play.sh [--port N] [--native] [--no-serve]
  --port N    serve on port N of loopback (default 8080)
  --native    build the same user interface for an SDL2 window and start it
  --no-serve  only prepare and build'

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
port=8080 native=0 serve=1
while (( $# )); do
  case $1 in
    --port) port=${2:-}; shift ;;
    --port=*) port=${1#*=} ;;
    --native) native=1 ;;
    --no-serve) serve=0 ;;
    -h|--help) echo "$usage"; exit 0 ;;
    *) echo "$usage" >&2; exit 1 ;;
  esac
  shift || true
done
if ! [[ $port =~ ^[0-9]{1,5}$ ]] || (( 10#$port > 65535 )); then
  echo "npu-sandbox: --port wants a number from 0 to 65535" >&2
  exit 1
fi

cd "$root"
if (( native )); then
  cmake/install_packages.sh native-ui
  cmake/fetch_deps.sh libs fonts
  . cmake/build.sh
  npu_build native npu_studio
  (( serve )) && exec build/native/bin/npu_studio
else
  cmake/install_packages.sh web
  cmake/fetch_deps.sh libs emscripten fonts
  . cmake/build.sh
  npu_build web site
  (( serve )) && exec node web/serve.mjs build/web/site --port "$port"
fi
exit 0
