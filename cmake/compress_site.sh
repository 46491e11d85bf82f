#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Puts a .br and a .gz beside every file of a folder for which that pays; only where they are out of date.
set -euo pipefail
cd "$1"

find . -type f ! -name '*.br' ! -name '*.gz' ! -name '*.png' ! -name '*.jpg' ! -name '*.woff2' -size +1k -print0 |
  xargs -0 -P 2 -n 1 bash -c '
    for suffix in br gz; do
      [[ "$1.$suffix" -nt "$1" ]] && continue
      case $suffix in
        br) brotli --force --no-copy-stat --best --lgwin=24 --output="$1.part.br" "$1" ;;
        gz) gzip --best --no-name --stdout "$1" > "$1.part.gz" ;;
      esac
      mv "$1.part.$suffix" "$1.$suffix"
    done' compress

# What belongs to a file that is gone goes too.
find . -type f \( -name '*.br' -o -name '*.gz' \) -print0 | while IFS= read -r -d '' packed; do
  [[ -e ${packed%.*} ]] || rm "$packed"
done
