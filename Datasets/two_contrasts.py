#!/usr/bin/env python3
"""Makes a data set in two contrasts from one in a single contrast: a test of what training does for a rare group.

    python3 -m venv /tmp/contrasts && /tmp/contrasts/bin/pip install numpy nibabel
    /tmp/contrasts/bin/python Datasets/two_contrasts.py Dataset004_Hippocampus OUT [--share 0.05] [--test 40] [--seed 1]

OUT/training is a data set in nnU-Net's raw layout with the cases that are not held out. A share of them, the rare
group, is scanned "elsewhere": intensities are inverted within the image's range and blurred along the last array axis.
groups.csv says which. OUT/test holds the other cases, each of them in both contrasts, as CASE_common and CASE_rare.
The same arguments give the same files.
"""
import argparse
import csv
import json
import shutil
from pathlib import Path

import nibabel
import numpy as np


def elsewhere(image):
    """Inverts the contrast within the image's range, and blurs along the last axis with weights 1 4 6 4 1."""
    data = np.asarray(image.dataobj, dtype=np.float32)
    data = data.max() + data.min() - data
    padded = np.pad(data, [(0, 0), (0, 0), (2, 2)], mode="edge")
    depth = data.shape[2]
    blurred = sum(w * padded[:, :, i : i + depth] for i, w in enumerate([1, 4, 6, 4, 1])) / 16
    return nibabel.Nifti1Image(blurred.astype(np.float32), image.affine)


def write(source, target, name, case, rare, ending):
    """Copies a case under another name, in the rare contrast if asked for."""
    image = source / "imagesTr" / f"{case}_0000{ending}"
    if rare:
        nibabel.save(elsewhere(nibabel.load(image)), target / "imagesTr" / f"{name}_0000{ending}")
    else:
        shutil.copy(image, target / "imagesTr" / f"{name}_0000{ending}")
    shutil.copy(source / "labelsTr" / f"{case}{ending}", target / "labelsTr" / f"{name}{ending}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="a data set of one channel in nnU-Net's raw layout")
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--share", type=float, default=0.05, help="share of the training cases in the rare group")
    parser.add_argument("--test", type=int, default=40, help="cases held out for the test set")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    description = json.loads((arguments.dataset / "dataset.json").read_text())
    ending = description["file_ending"]
    cases = sorted(f.name[: -len(ending)] for f in (arguments.dataset / "labelsTr").glob("[!.]*" + ending))
    order = np.random.RandomState(arguments.seed).permutation(len(cases))
    held_out = sorted(cases[i] for i in order[: arguments.test])
    training = [cases[i] for i in order[arguments.test :]]
    rare = set(training[: max(1, round(arguments.share * len(training)))])

    sets = {
        "training": [(case, case, case in rare) for case in sorted(training)],
        "test": [(f"{case}_{group}", case, group == "rare") for case in held_out for group in ("common", "rare")],
    }
    for name, members in sets.items():
        folder = arguments.out / name
        for part in ("imagesTr", "labelsTr"):
            (folder / part).mkdir(parents=True)
        for new_name, case, is_rare in members:
            write(arguments.dataset, folder, new_name, case, is_rare, ending)
        own = {key: value for key, value in description.items() if key != "dataset"} | {"numTraining": len(members)}
        (folder / "dataset.json").write_text(json.dumps(own, indent=4))
        with open(folder / "groups.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["case", "group"])
            rows.writerows([n, "rare" if r else "common"] for n, _, r in members)
        print(f"{folder}: {len(members)} cases, {sum(r for _, _, r in members)} of them rare")


main()
