#!/bin/bash
# Checks the style: what swift-format checks, and the length of lines, comments included, in every file people read.
set -euo pipefail
cd "$(dirname "$0")/.."

swift format lint --strict --recursive --parallel Plugins Sources Tests Benchmarks/Kernels Package.swift

limit=$(sed -n 's/.*"lineLength": *\([0-9]*\).*/\1/p' .swift-format)
long=$(find Package.swift Plugins Sources Tests Benchmarks Scripts \
  \( -name '*.swift' -o -name '*.py' -o -name '*.sh' \) \
  -not -path '*/.venv/*' -print0 | LC_ALL=C.UTF-8 xargs -0 grep -nE "^.{$((limit + 1))}" || true)
if [[ -n "$long" ]]; then
  echo "Lines of more than $limit columns:" >&2
  echo "$long" >&2
  exit 1
fi
