#!/usr/bin/env python3
"""Draws phantom.png, the picture in the README: two made-up patients, and how two trainings segment them.

    python3 -m venv /tmp/figures && /tmp/figures/bin/pip install numpy nibabel matplotlib
    Scripts/demo.sh demo
    /tmp/figures/bin/python Documentation/figures/phantom.py demo

Needs Python 3.9 or later with numpy, nibabel and matplotlib. The folder is the one that
Scripts/demo.sh leaves. Nothing is picked by hand: of each group of new patients the one with the
median Dice under uniform training is shown, in the sagittal slice with the most cerebellum. Filled
is the reference, the line is the prediction. Cortex and outer fluid, thin shells around everything,
are left out of the picture, but not out of the Dice: it is the mean over all labels in the whole
volume.
"""
import argparse
import csv
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import nibabel
import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

# Colors of Okabe and Ito, which color-blind readers tell apart.
STRUCTURES = {
    "white_matter": ("white matter", "#56B4E9"),
    "deep_grey_matter": ("deep gray matter", "#E69F00"),
    "intra_axial_csf": ("ventricles", "#0072B2"),
    "brainstem": ("brainstem", "#F0E442"),
    "cerebellum": ("cerebellum", "#D55E00"),
}
GROUPS = {"neurotypical": "common patient", "spina_bifida": "rare patient\n(spina bifida)"}
TRAININGS = {"uniform": "uniform training", "hardness": "hardness-weighted training"}


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path, help="the folder that Scripts/demo.sh leaves")
    parser.add_argument("-o", "--output", type=Path, default=here / "phantom.png")
    arguments = parser.parse_args()

    patients = arguments.demo / "new_patients"
    labels = json.loads((patients / "dataset.json").read_text())["labels"]
    with open(patients / "groups.csv", newline="") as file:
        groups = {row["case"]: row["group"] for row in csv.DictReader(file)}
    references = {case: read(patients / "labelsTr" / f"{case}.nii.gz") for case in groups}
    predictions = {
        training: {
            case: read(arguments.demo / training / "predictions" / f"{case}.nii.gz") for case in groups
        }
        for training in TRAININGS
    }

    figure, axes = plt.subplots(2, 3, figsize=(16, 8.8), dpi=100, facecolor="white")
    figure.subplots_adjust(left=0.07, right=0.99, top=0.945, bottom=0.075, wspace=0.02, hspace=0.04)
    for row, group in zip(axes, GROUPS):
        case = median_case(group, groups, references, predictions["uniform"], labels)
        image = read(patients / "imagesTr" / f"{case}_0000.nii.gz")
        reference = references[case]
        x = int((reference == labels["cerebellum"]).sum(axis=(1, 2)).argmax())
        box = slices_around(reference[x] > 0, margin=2)
        print(f"{group}: {case}, slice {x} of {len(reference)}")

        row[0].set_ylabel(GROUPS[group], fontsize=19, labelpad=12)
        draw_image(row[0], image[x][box], reference[x][box] > 0)
        for axis, training in zip(row[1:], TRAININGS):
            prediction = predictions[training][case]
            draw_image(axis, image[x][box], reference[x][box] > 0, darkest=0.7)
            draw_labels(axis, reference[x][box], prediction[x][box], labels)
            score = mean_dice(reference, prediction, labels)
            axis.text(0.99, 0.02, f"Dice {score:.2f}", transform=axis.transAxes, fontsize=17, ha="right",
                      color="#333333")
            print(f"  {training}: mean Dice {score:.4f}")

    for axis, title in zip(axes[0], ["image", *TRAININGS.values()]):
        axis.set_title(title, fontsize=19, pad=10)
    add_legend(figure)
    figure.savefig(arguments.output)


def read(path):
    """A volume with the axes left to right, back to front and bottom to top."""
    return np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)


def mean_dice(reference, prediction, labels):
    scores = []
    for value in labels.values():
        of_reference, of_prediction = reference == value, prediction == value
        if value != 0 and (of_reference.any() or of_prediction.any()):
            scores.append(2 * (of_reference & of_prediction).sum() / (of_reference.sum() + of_prediction.sum()))
    return float(np.mean(scores))


def median_case(group, groups, references, predictions, labels):
    """The patient of the group with the median score, the lower one of two."""
    cases = [case for case in groups if groups[case] == group]
    cases.sort(key=lambda case: mean_dice(references[case], predictions[case], labels))
    return cases[(len(cases) - 1) // 2]


def slices_around(mask, margin):
    return tuple(slice(max(ends.min() - margin, 0), ends.max() + margin + 1) for ends in np.nonzero(mask))


def draw_image(axis, image, head, darkest=0.0):
    """Draws the image inside of the head; `darkest` lifts black to a gray, for colors on it."""
    values = np.where(head, image, np.nan)
    brightest = np.nanmax(values)
    axis.imshow(values.T, cmap="gray", origin="lower", vmin=-darkest * brightest, vmax=brightest,
                interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(False)


def draw_labels(axis, reference, prediction, labels):
    for name, (_, color) in STRUCTURES.items():
        fill = np.zeros((*reference.T.shape, 4))
        fill[(reference == labels[name]).T] = to_rgba(color, 0.55)
        axis.imshow(fill, origin="lower", interpolation="nearest")
    for name, (_, color) in STRUCTURES.items():
        outline = edges(prediction == labels[name])
        axis.plot(*outline, color="#222222", linewidth=3.4, solid_capstyle="round")
        axis.plot(*outline, color=color, linewidth=2.2, solid_capstyle="round")


def edges(mask):
    """The sides of voxels between inside and outside, as one broken line."""
    mask = np.pad(mask, 1)
    x, y = [], []
    for i, j in zip(*np.nonzero(mask[1:] != mask[:-1])):
        x += [i - 0.5, i - 0.5, np.nan]
        y += [j - 1.5, j - 0.5, np.nan]
    for i, j in zip(*np.nonzero(mask[:, 1:] != mask[:, :-1])):
        x += [i - 1.5, i - 0.5, np.nan]
        y += [j - 0.5, j - 0.5, np.nan]
    return x, y


def add_legend(figure):
    entries = [Patch(facecolor=color, label=name) for name, color in STRUCTURES.values()]
    entries += [
        Patch(facecolor="#AAAAAA", label="filled: reference"),
        Line2D([], [], color="#555555", linewidth=2.5, label="line: prediction"),
    ]
    figure.legend(handles=entries, loc="lower center", ncol=len(entries), fontsize=15, frameon=False, columnspacing=1.4,
                  handlelength=1.2, handletextpad=0.5)


if __name__ == "__main__":
    main()
