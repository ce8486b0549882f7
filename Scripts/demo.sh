#!/bin/bash
# Everything once, on made-up patients with a rare group: builds the program, trains with uniform and with
# hardness-weighted sampling, and compares both on new patients. Takes less than ten minutes on two cores. Results are
# left in the folder given, or in `demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
results=${1:-demo}

if [[ -e "$results" ]]; then
  echo "$results exists already: remove it, or name another folder." >&2
  exit 2
fi
Scripts/packages.sh
swift build --configuration release --product hwsseg
hwsseg=$(swift build --configuration release --show-bin-path)/hwsseg

mkdir -p "$results"
"$hwsseg" phantom "$results/data" --cases 20 --minority 0.2
"$hwsseg" phantom "$results/new_patients" --cases 10 --minority 0.4 --seed 2
"$hwsseg" plan "$results/data" -o "$results/plan.json"
# The same plan with a smaller patch and a training of minutes
"$hwsseg" preprocess "$results/data" --plan Plans/phantom.json -o "$results/preprocessed"
for sampler in uniform hardness; do
  "$hwsseg" train "$results/data" --plan Plans/phantom.json --fold 0 --sampler $sampler \
    --preprocessed "$results/preprocessed" -o "$results/$sampler"
  "$hwsseg" predict -m "$results/$sampler/fold_0" -i "$results/new_patients/imagesTr" -o "$results/$sampler/predictions"
  "$hwsseg" evaluate --reference "$results/new_patients/labelsTr" --prediction "$results/$sampler/predictions" \
    > "$results/$sampler/evaluation.txt"
done
echo
"$hwsseg" compare uniform="$results/uniform/predictions" hardness="$results/hardness/predictions"
"$hwsseg" report "$results/uniform/predictions" "$results/hardness/predictions" -o "$results/report.html" \
  --images "$results/new_patients/imagesTr" --reference "$results/new_patients/labelsTr" \
  --run "$results/uniform/fold_0" --run "$results/hardness/fold_0"
