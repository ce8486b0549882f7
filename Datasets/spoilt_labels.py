#!/usr/bin/env python3
"""Spoils the labels of some cases: a test of what training does with annotations that are wrong.

    python3 -m venv /tmp/spoilt && /tmp/spoilt/bin/pip install numpy nibabel
    /tmp/spoilt/bin/python Datasets/spoilt_labels.py Dataset004_Hippocampus OUT [--share 0.3] [--clean 10] [--test 40]

OUT/training is a data set in nnU-Net's raw layout with the cases that are not held out. A share of their label maps is
spoilt, each in one of three ways in turn: mirrored from left to right, shifted by 3 to 6 voxels along each axis, or
eroded by two voxels. Column `group` of groups.csv says how; column `clean` says yes for a few of the other cases, those
that somebody has looked at. OUT/test holds the other cases as they are. The same arguments give the same files.
"""
import argparse
import csv
import json
import shutil
from pathlib import Path

import nibabel
import numpy as np


def mirrored(labels, random):
    """Exchanges left and right: the first array axis."""
    return labels[::-1]


def shifted(labels, random):
    """Moves the labels by 3 to 6 voxels along each axis, and fills with background."""
    result = labels
    for axis, size in enumerate(labels.shape):
        shift = int(random.randint(3, 7) * random.choice([-1, 1]))
        rolled = np.roll(result, shift, axis)
        index = [slice(None)] * 3
        index[axis] = slice(0, shift) if shift > 0 else slice(size + shift, size)
        rolled[tuple(index)] = 0
        result = rolled
    return result


def eroded(labels, random):
    """Removes two layers of voxels from the labeled region as a whole."""
    inside = labels > 0
    for _ in range(2):
        padded = np.pad(inside, 1)
        neighbors = [np.roll(padded, shift, axis) for axis in range(3) for shift in (-1, 1)]
        inside = np.logical_and.reduce([padded, *neighbors])[1:-1, 1:-1, 1:-1]
    return np.where(inside, labels, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="a data set in nnU-Net's raw layout")
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--share", type=float, default=0.3, help="share of the training cases whose labels are spoilt")
    parser.add_argument("--clean", type=int, default=10, help="training cases that are known to be right")
    parser.add_argument("--test", type=int, default=40, help="cases held out for the test set")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    description = json.loads((arguments.dataset / "dataset.json").read_text())
    ending = description["file_ending"]
    cases = sorted(f.name[: -len(ending)] for f in (arguments.dataset / "labelsTr").glob("[!.]*" + ending))
    random = np.random.RandomState(arguments.seed)
    order = [cases[i] for i in random.permutation(len(cases))]
    training = order[arguments.test :]
    count = round(arguments.share * len(training))
    ways = [mirrored, shifted, eroded]
    spoilt = {case: ways[i % len(ways)] for i, case in enumerate(training[:count])}
    known = set(training[count : count + arguments.clean])

    for name, members in {"training": training, "test": order[: arguments.test]}.items():
        folder = arguments.out / name
        for part in ("imagesTr", "labelsTr"):
            (folder / part).mkdir(parents=True)
        for case in members:
            for image in (arguments.dataset / "imagesTr").glob(f"{case}_????{ending}"):
                shutil.copy(image, folder / "imagesTr")
            source = arguments.dataset / "labelsTr" / f"{case}{ending}"
            if case in spoilt:
                label = nibabel.load(source)
                voxels = spoilt[case](np.asarray(label.dataobj), random).astype(label.get_data_dtype())
                nibabel.save(nibabel.Nifti1Image(voxels, label.affine, label.header), folder / "labelsTr" / source.name)
            else:
                shutil.copy(source, folder / "labelsTr")
        own = {key: value for key, value in description.items() if key != "dataset"} | {"numTraining": len(members)}
        (folder / "dataset.json").write_text(json.dumps(own, indent=4))
        with open(folder / "groups.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["case", "group", "clean"])
            for case in sorted(members):
                rows.writerow([case, spoilt[case].__name__ if case in spoilt else "right", "yes" if case in known else ""])
        print(f"{folder}: {len(members)} cases, {sum(case in spoilt for case in members)} of them spoilt")


main()
