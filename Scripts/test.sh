#!/bin/bash
# Installs what is missing, checks the style and the imports, and runs all tests. With --mpi, the program is built for
# several processes, and the tests with mpirun run too. Other arguments are passed to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

build=()
packages=()
if [[ "${1:-}" == --mpi ]]; then
  shift
  # A folder of its own, so that the two builds do not replace each other.
  build=(--traits MPI --scratch-path .build/mpi)
  packages=(libopenmpi-dev openmpi-bin)
fi
Scripts/packages.sh "${packages[@]}"
Scripts/lint.sh
# Every import is of a room that Package.swift names as a dependency.
swift build "${build[@]}" --build-tests --explicit-target-dependency-import-check error
swift test "${build[@]}" --skip-build "$@"
