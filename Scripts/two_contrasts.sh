#!/bin/bash
# The study of Documentation/choosing.md: five ways to draw the cases of the hippocampus data set in two contrasts,
# three seeds each, compared on other patients in both contrasts. Takes about two and a half hours on two cores. Runs
# that are finished are not repeated. Needs Python with numpy and nibabel.
#
#   Scripts/two_contrasts.sh Dataset004_Hippocampus FOLDER
set -euo pipefail
hippocampus=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
cd "$(dirname "$0")/.."
swift build --configuration release --product hwsseg
hwsseg=$(swift build --configuration release --show-bin-path)/hwsseg

[[ -e "$folder/data" ]] || python3 Datasets/two_contrasts.py "$hippocampus" "$folder/data"
training=$folder/data/training test=$folder/data/test
# Half the features of the hippocampus plan, so that 15 trainings end in an evening
common=(--plan Plans/hippocampus.json --fold all --precision bfloat16 --validation-iterations 0
  --epochs 20 --iterations 50 --preprocessed "$folder/preprocessed"
  --set "configurations.3d_fullres.architecture.arch_kwargs.features_per_stage=[16, 32, 64, 128]")
declare -A arms=(
  [uniform]="--sampler uniform"
  [published]="--sampler hardness --preset published"
  [last_loss]='--set training.sampler={"name":"hardness"}'
  [estimate]="--sampler hardness --preset estimate"
  [group_balanced]="--sampler group-balanced"
)
for seed in 1 2 3; do
  for arm in uniform published last_loss estimate group_balanced; do
    results=$folder/$arm-$seed
    [[ -e "$results/predictions/cases.csv" ]] && continue
    read -ra options <<< "${arms[$arm]}"
    "$hwsseg" train "$training" "${common[@]}" "${options[@]}" --seed $seed -o "$results" --resume
    "$hwsseg" predict -m "$results/fold_all" -i "$test/imagesTr" -o "$results/predictions" --no-mirroring
    "$hwsseg" evaluate --reference "$test/labelsTr" --prediction "$results/predictions" --groups "$test/groups.csv"
  done
done
predictions() { echo "$1=$folder/$1-1/predictions,$folder/$1-2/predictions,$folder/$1-3/predictions"; }
"$hwsseg" compare "$(predictions uniform)" "$(predictions published)" "$(predictions last_loss)" \
  "$(predictions estimate)" "$(predictions group_balanced)"
