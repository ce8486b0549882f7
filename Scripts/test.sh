#!/bin/bash
# Installs what is missing, checks the style and the imports, and runs all tests. Arguments are passed to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/packages.sh
Scripts/lint.sh
# Every import is of a room that Package.swift names as a dependency.
swift build --build-tests --explicit-target-dependency-import-check error
swift test --skip-build "$@"
