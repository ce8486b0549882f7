#!/bin/bash
# Installs what is missing, checks the style and runs all tests. Arguments are passed to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/packages.sh
swift format lint --strict --recursive --parallel Sources Tests Benchmarks/Kernels Package.swift
swift test "$@"
