#!/bin/bash
# Builds the API documentation of every library room into .build/documentation, and fails at the first warning.
set -euo pipefail
cd "$(dirname "$0")/.."

rooms=("$@")
if ((${#rooms[@]} == 0)); then
  for folder in Sources/*/Documentation.docc; do rooms+=("$(basename "$(dirname "$folder")")"); done
fi
for room in "${rooms[@]}"; do
  echo "$room"
  swift package --allow-writing-to-directory .build/documentation generate-documentation --target "$room" \
    --output-path ".build/documentation/$room" --warnings-as-errors --transform-for-static-hosting \
    --hosting-base-path "$room" >.build/documentation.log 2>&1 || { cat .build/documentation.log >&2; exit 1; }
done
