#!/bin/bash
# Builds the API documentation of the rooms given, or of every library room, and fails at the first warning.
set -euo pipefail
cd "$(dirname "$0")/.."

rooms=("$@")
if ((${#rooms[@]} == 0)); then
  for folder in Sources/*/Documentation.docc; do rooms+=("$(basename "$(dirname "$folder")")"); done
fi
for room in "${rooms[@]}"; do
  swift package generate-documentation --target "$room" --warnings-as-errors
done
