#!/usr/bin/env python3
"""Writes postprocessing_cases.json: small made-up segmentations and nnU-Net's decision on post-processing.

    python3 Tests/Fixtures/postprocessing_cases.py            # needs nnunetv2 (made with 2.8.1)

The references are balls. The predictions are the same balls with random voxels missing and random false
positives, which are more frequent for some labels than for others. Keeping only the largest component
therefore helps all labels in some data sets, a few in others, and none in the rest.

Volumes are written with one digit per voxel, x fastest. `rule` holds the keyword arguments of nnU-Net's
post-processing, and `dice` each mean Dice before and after it.
"""

import contextlib
import io
import json
import multiprocessing
import os
import tempfile
import warnings
from multiprocessing.pool import ThreadPool
from pathlib import Path

for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ.setdefault(variable, tempfile.gettempdir())

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
from nnunetv2.postprocessing.remove_connected_components import determine_postprocessing  # noqa: E402

SHAPE = (6, 9, 10)
LABELS = {
    "one": {"background": 0, "a": 1},
    "three": {"background": 0, "a": 1, "b": 2, "c": 3},
    "regions": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": [3]},
    "ignore": {"background": 0, "a": 1, "b": 2, "ignore": 3},
}


def case(random, labels, crumbs):
    """A reference and a prediction."""
    most = 3 if labels != "one" else 1
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    reference = np.zeros(SHAPE, np.uint8)
    for label in range(1, most + 1):
        if random.random() < 0.15:
            continue  # absent: Dice is not a number where the prediction has none either
        center = random.uniform(1.5, np.array(SHAPE) - 2.5)
        reference[((grid - center) ** 2).sum(-1) < random.uniform(2, 5)] = label
    prediction = reference.copy()
    if labels == "ignore":
        prediction[prediction == 3] = 0
    prediction[random.random(SHAPE) < 0.1] = 0
    for label in range(1, (2 if labels == "ignore" else most) + 1):
        prediction[(random.random(SHAPE) < crumbs[label - 1]) & (prediction == 0)] = label
    return reference, prediction


def decided(folder, labels, cases):
    for sub in ("reference", "prediction"):
        (folder / sub).mkdir(parents=True)
    for number, (reference, prediction) in enumerate(cases):
        for sub, volume in (("reference", reference), ("prediction", prediction)):
            sitk.WriteImage(sitk.GetImageFromArray(volume), str(folder / sub / f"case_{number}.nii.gz"))
    description = {
        "channel_names": {"0": "MRI"},
        "labels": LABELS[labels],
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
        "regions_class_order": [1, 2, 3],
    }
    plans = {
        "dataset_name": "D",
        "plans_name": "P",
        "image_reader_writer": "SimpleITKIO",
        "label_manager": "LabelManager",
        "configurations": {},
    }
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        determine_postprocessing(str(folder / "prediction"), str(folder / "reference"), plans, description, 1)
    written = json.loads((folder / "prediction" / "postprocessing.json").read_text())
    dice = [
        {key: value["Dice"] for key, value in written[when]["mean"].items()}
        for when in ("input_folder", "postprocessed")
    ]
    return description, written["postprocessing_kwargs"], dice


def digits(volume):
    return "".join(map(str, volume.ravel()))


def main():
    # One thread instead of new processes.
    multiprocessing.get_context = lambda method=None: type("Context", (), {"Pool": ThreadPool})
    sets = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        labels = list(LABELS)[seed % len(LABELS)]
        crumbs = random.choice([0.0, 0.004, 0.02], 3)
        cases = [case(random, labels, crumbs) for _ in range(3)]
        with tempfile.TemporaryDirectory() as folder:
            description, rule, dice = decided(Path(folder), labels, cases)
        sets.append(
            {
                "labels": description["labels"],
                "rule": rule,
                "dice": dice,
                "cases": [
                    {"reference": digits(reference), "prediction": digits(prediction)}
                    for reference, prediction in cases
                ],
            }
        )
    target = Path(__file__).with_suffix(".json")
    target.write_text("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in sets) + "\n]\n")
    print([one["rule"] for one in sets])


if __name__ == "__main__":
    main()
