#!/usr/bin/env python3
"""Writes planner_cases.json beside this file: made-up fingerprints and the plans that nnU-Net makes for them.

    python3 Tests/Fixtures/planner_cases.py [COUNT [FIRST_SEED [FILE]]]    # needs nnunetv2 (made with 2.8.1)

Each case is drawn from a seed. Spacings are isotropic, anisotropic or extremely anisotropic; images are
large or small. The cases vary the number of channels, labels with regions and an ignored label, the four
planners, and memory targets from 3 to 80 GB. A few more cases are set by hand, where ties and minimum sizes
decide the plan.
"""

import contextlib
import io
import json
import os
import random
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(tempfile.mkdtemp())
for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[name] = str(ROOT / name)

import torch  # noqa: E402
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner  # noqa: E402
from nnunetv2.experiment_planning.experiment_planners.residual_unets import (  # noqa: E402
    residual_encoder_unet_planners as residual,
)
from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO  # noqa: E402

PLANNERS = {
    "default": ExperimentPlanner,
    "resenc-m": residual.nnUNetPlannerResEncM,
    "resenc-l": residual.nnUNetPlannerResEncL,
    "resenc-xl": residual.nnUNetPlannerResEncXL,
}
CHANNELS = ["CT", "ct", "T1", "FLAIR", "noNorm", "zscore", "rescale_to_0_1", "rgb_to_0_1"]


def drawn(seed):
    """A data set's fingerprint, dataset.json, planner and memory, from a seed."""
    r = random.Random(seed)
    kind = r.choice(["isotropic", "mild", "thick", "thick", "mixed"])
    fine = r.choice([0.3, 0.5, 0.625, 0.78125, 0.8, 1.0, 1.25, 1.5])
    factors = {"isotropic": 1, "mild": r.uniform(1, 3), "thick": r.uniform(2.9, 14), "mixed": r.uniform(1, 6)}
    coarse = fine * factors[kind]
    axis = r.randrange(3)
    spacing = [fine] * 3
    spacing[axis] = round(coarse, r.choice([0, 2, 6])) or coarse
    if kind == "mixed":
        spacing[(axis + 1) % 3] *= r.uniform(1, 2.5)
    extent = r.choice([25, 60, 120, 200, 320, 420])
    shape = [max(3, round(extent * r.uniform(0.6, 1.3) / s)) for s in spacing]
    if kind == "thick":
        shape[axis] = r.randint(5, 40)
    spacings, shapes = [], []
    for _ in range(r.randint(1, 8)):
        change = r.choice([1, 1, 1, r.uniform(0.4, 1.6)])
        own = list(spacing)
        own[axis] *= change
        spacings.append(own)
        factors = [r.uniform(0.85, 1.15) / (change if a == axis else 1) for a in range(3)]
        shapes.append([max(2, round(n * factor)) for n, factor in zip(shape, factors)])
    labels = {"background": 0}
    count = r.choice([1, 2, 3, 8])
    for value in range(1, count + 1):
        labels[f"l{value}"] = list(range(value, count + 1)) if count == 3 else value
    if r.random() < 0.2:
        labels["ignore"] = count + 1
    return {
        "spacings": spacings,
        "shapes": shapes,
        "relative_size": r.choice([1.0, 0.9, 0.75, 0.7, 0.3]),
        "channels": [r.choice(CHANNELS) for _ in range(r.choice([1, 1, 2, 4]))],
        "labels": labels,
        "num_training": r.choice([5, 20, 60, 300, 1200]),
        "preset": r.choice(list(PLANNERS)),
        "memory": r.choice([None, None, 3, 6, 11, 16, 24, 48, 80]),
    }


def by_hand(spacing, shape, **changes):
    return {
        "spacings": [spacing],
        "shapes": [shape],
        "relative_size": 1.0,
        "channels": ["MRI"],
        "labels": {"background": 0, "a": 1},
        "num_training": 40,
        "preset": "default",
        "memory": None,
        **changes,
    }


BY_HAND = [
    by_hand([1, 1, 1], [7, 7, 7]),
    by_hand([1, 1, 1], [8, 8, 8], preset="resenc-m"),
    by_hand([1, 1, 1], [11, 20, 20]),
    by_hand([999, 1, 1], [1, 480, 640], preset="resenc-l"),
    by_hand([1, 1, 1], [512, 512, 512], preset="resenc-xl"),
    by_hand([2, 1, 1], [256, 256, 256]),
    by_hand([3, 1, 1], [60, 200, 200]),
    by_hand([3.0001, 1, 1], [60, 200, 200]),
    by_hand([0.5, 0.5, 2], [700, 700, 300], preset="resenc-m"),
]


def planned(case):
    """What nnU-Net's planner makes of a case."""
    raw = ROOT / "nnUNet_raw" / "Dataset001_Made"
    preprocessed = ROOT / "nnUNet_preprocessed" / "Dataset001_Made"
    for folder in (raw / "imagesTr", raw / "labelsTr", preprocessed):
        folder.mkdir(parents=True, exist_ok=True)
    for old in preprocessed.glob("*.json"):
        old.unlink()
    (raw / "dataset.json").write_text(
        json.dumps(
            {
                "channel_names": {str(i): name for i, name in enumerate(case["channels"])},
                "labels": case["labels"],
                "numTraining": case["num_training"],
                "file_ending": ".nii.gz",
                "regions_class_order": [1, 2, 3],
            }
        )
    )
    (preprocessed / "dataset_fingerprint.json").write_text(
        json.dumps(
            {
                "spacings": case["spacings"],
                "shapes_after_crop": case["shapes"],
                "median_relative_size_after_cropping": case["relative_size"],
                "foreground_intensity_properties_per_channel": {},
            }
        )
    )
    planner_class = type(
        PLANNERS[case["preset"]].__name__,
        (PLANNERS[case["preset"]],),
        {"determine_reader_writer": lambda self: SimpleITKIO},
    )
    memory = {} if case["memory"] is None else {"gpu_memory_target_in_gb": case["memory"]}
    # Weights are never looked at: networks on the "meta" device have none.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        planner = planner_class("Dataset001_Made", **memory)
        planner.plan_experiment()
    return json.loads((preprocessed / f"{planner.plans_identifier}.json").read_text())


def digits(rows):
    """Strides or kernels of the stages in one short text."""
    return " ".join("".join(map(str, row)) for row in rows)


def compact(plan):
    """The decisions in a plan."""
    result = {
        key: plan[key]
        for key in (
            "plans_name",
            "transpose_forward",
            "transpose_backward",
            "original_median_spacing_after_transp",
            "original_median_shape_after_transp",
            "experiment_planner_used",
        )
    }
    result["configurations"] = {}
    for name, configuration in plan["configurations"].items():
        if "inherits_from" in configuration:
            result["configurations"][name] = configuration
            continue
        keys = (
            "data_identifier",
            "batch_size",
            "patch_size",
            "median_image_size_in_voxels",
            "spacing",
            "normalization_schemes",
            "use_mask_for_norm",
            "batch_dice",
            "next_stage",
        )
        entry = {key: configuration[key] for key in keys if key in configuration}
        network = configuration["architecture"]["arch_kwargs"]
        entry["network"] = configuration["architecture"]["network_class_name"].rsplit(".", 1)[1]
        entry["features"] = network["features_per_stage"]
        entry["strides"] = digits(network["strides"])
        entry["kernels"] = digits(network["kernel_sizes"])
        entry["blocks"] = network.get("n_blocks_per_stage") or network["n_conv_per_stage"]
        entry["decoder"] = network["n_conv_per_stage_decoder"]
        result["configurations"][name] = entry
    return result


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    target = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).with_suffix(".json")
    lines = []
    for case in BY_HAND + [drawn(seed) for seed in range(first, first + count)]:
        try:
            plan = compact(planned(case))
        except Exception as error:  # a memory target that no patch fits into
            print(f"left out, nnU-Net fails: {type(error).__name__} {error}")
            continue
        lines.append(json.dumps({"case": case, "plan": plan}, separators=(",", ":")))
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{len(lines)} cases in {target}")


if __name__ == "__main__":
    main()
