#!/usr/bin/env python3
"""Runs hwsseg and nnU-Net v2 on the same data, stage by stage, and prints a Markdown table of the largest
differences.

    Benchmarks/agreement.py [DATASET ...] [--model FOLDER --images FOLDER] [--cases 6]
        [--program .build/release/hwsseg]

Needs nnunetv2 2.8.1, safetensors (see Benchmarks/README.md) and `swift build -c release`.

DATASET is a folder in nnU-Net's raw layout. The script compares `--cases` evenly spaced cases of each. It
always compares two made-up data sets as well: thick-slice CT with an ignored label, and two-channel images
with regions that are mostly empty and whose axes must be transposed.

`--model` is a trained model folder (plans.json, dataset.json, checkpoint_final.safetensors), and `--images`
is a folder of images to predict with it.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from multiprocessing.pool import ThreadPool
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = Path(tempfile.mkdtemp(prefix="agreement_"))
for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[variable] = str(ROOT / variable)
    (ROOT / variable).mkdir(parents=True, exist_ok=True)

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
import torch  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

# nnU-Net starts processes for every evaluation, each of which imports PyTorch: threads do as well.
multiprocessing.get_context = lambda method=None: type("Context", (), {"Pool": ThreadPool})
RAW, PREPROCESSED = ROOT / "nnUNet_raw", ROOT / "nnUNet_preprocessed"


@contextlib.contextmanager
def quietly():
    """nnU-Net tells a lot."""
    sink = io.StringIO()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Table:
    def __init__(self):
        self.rows = []

    def add(self, stage, data, compared, difference):
        self.rows.append((stage, data, compared, difference))
        print(f"{stage}, {data}: {compared}: {difference}", file=sys.stderr, flush=True)

    def markdown(self):
        lines = ["| stage | data | what was compared | largest difference |", "|---|---|---|---|"]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows])


def shown(value):
    """A difference in words."""
    return "none" if value == 0 else f"{value:.1e}"


def run(program, *arguments):
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


# Data


def write_volume(array, spacing, file):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(s) for s in spacing[::-1]])
    sitk.WriteImage(image, str(file))


def smooth_noise(random, shape, coarse):
    small = sitk.GetImageFromArray(random.normal(size=[max(2, n // coarse + 2) for n in shape]))
    small.SetSpacing([(n - 1) / (m - 1) for n, m in zip(shape[::-1], small.GetSize())])
    grid = sitk.Image([int(n) for n in shape[::-1]], sitk.sitkFloat64)
    return sitk.GetArrayFromImage(sitk.Resample(small, grid, sitk.Transform(), sitk.sitkLinear))


def made_up(name, kind, count=6):
    """A data set of blobs: `ct`, thick slices with an ignored label; `regions`, two channels, empty surroundings."""
    folder = ROOT / "made_up" / name
    for sub in ("imagesTr", "labelsTr"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    for case in range(count):
        if kind == "ct":
            spacing = [random.choice([4.0, 5.0, 6.5]), *[random.choice([0.7, 0.82, 0.9])] * 2]
            shape = [int(random.integers(11, 19)), int(random.integers(90, 130)), int(random.integers(90, 130))]
        else:
            spacing = [1.0, 1.1, random.choice([1.6, 1.8])]
            shape = [int(random.integers(60, 80)), int(random.integers(60, 80)), int(random.integers(40, 50))]
        noise = smooth_noise(random, shape, 6)
        labels = np.digitize(noise, [0.6, 1.0, 1.3]).astype(np.uint8)
        if kind == "ct":
            volumes = [(noise * 300 + random.normal(size=shape) * 30 - 200).astype(np.float32)]
        else:
            center = [np.linspace(-1, 1, n) for n in shape]
            radius = np.sqrt(sum(c**2 for c in np.meshgrid(*center, indexing="ij")))
            inside = (radius < 0.75) & ~((radius > 0.2) & (radius < 0.25))
            labels *= radius < 0.8
            volumes = [((noise + channel + 3) * 50 * inside).astype(np.float32) for channel in range(2)]
        for channel, volume in enumerate(volumes):
            write_volume(volume, spacing, folder / "imagesTr" / f"case_{case:02}_{channel:04}.nii.gz")
        write_volume(labels, spacing, folder / "labelsTr" / f"case_{case:02}.nii.gz")
    description = {"numTraining": count, "file_ending": ".nii.gz"}
    if kind == "ct":
        description["channel_names"] = {"0": "CT"}
        description["labels"] = {"background": 0, "a": 1, "b": 2, "ignore": 3}
    else:
        description["channel_names"] = {"0": "T1", "1": "rescale_to_0_1"}
        description["labels"] = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3}
        description["regions_class_order"] = [1, 2, 3]
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


class Sample:
    """Some cases of a data set, as a raw data set that both programs read."""

    def __init__(self, source, count, number):
        self.title = source.name
        self.name = f"Dataset{number:03}_Sample"
        self.folder = RAW / self.name
        self.folder.mkdir()
        self.description = json.loads((source / "dataset.json").read_text())
        ending = self.description["file_ending"]
        every = sorted(p.name[: -len(ending)] for p in (source / "labelsTr").glob(f"*{ending}"))
        chosen = [every[i] for i in sorted({round(x) for x in np.linspace(0, len(every) - 1, min(count, len(every)))})]
        channels = range(len(self.description["channel_names"]))
        for sub in ("imagesTr", "labelsTr"):
            (self.folder / sub).mkdir()
        for case in chosen:
            for channel in channels:
                file = f"{case}_{channel:04}{ending}"
                shutil.copy(source / "imagesTr" / file, self.folder / "imagesTr" / file)
            shutil.copy(source / "labelsTr" / (case + ending), self.folder / "labelsTr" / (case + ending))
        self.description["numTraining"] = len(chosen)
        (self.folder / "dataset.json").write_text(json.dumps(self.description))
        self.cases = chosen
        self.images = {
            case: [str(self.folder / "imagesTr" / f"{case}_{c:04}{ending}") for c in channels] for case in chosen
        }
        self.labels = {case: str(self.folder / "labelsTr" / (case + ending)) for case in chosen}
        self.preprocessed = PREPROCESSED / self.name
        self.preprocessed.mkdir()
        self.ours = ROOT / "ours" / self.name
        self.ours.mkdir(parents=True)


# Stages


def largest_relative(ours, theirs):
    """The largest relative difference of two JSON values of numbers; infinite where they are built differently."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict) or set(ours) != set(theirs):
            return float("inf")
        return max((largest_relative(ours[key], theirs[key]) for key in theirs), default=0)
    if isinstance(theirs, list):
        if not isinstance(ours, list) or len(ours) != len(theirs):
            return float("inf")
        return max((largest_relative(a, b) for a, b in zip(ours, theirs)), default=0)
    if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
        if ours != ours and theirs != theirs:
            return 0
        return abs(ours - theirs) / max(abs(theirs), 1e-12) if ours != theirs else 0
    return 0 if ours == theirs else float("inf")


def fingerprint(sample, program, table):
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor

    with quietly():
        theirs = DatasetFingerprintExtractor(sample.name, 2).run(overwrite_existing=True)
    theirs = json.loads((sample.preprocessed / "dataset_fingerprint.json").read_text())
    run(program, "plan", sample.folder, "-o", sample.ours / "plans.json")
    ours = json.loads((sample.ours / "dataset_fingerprint.json").read_text())
    exact = ("spacings", "shapes_after_crop", "median_relative_size_after_cropping")
    geometry = max(largest_relative(ours[key], theirs[key]) for key in exact)
    table.add("fingerprint", sample.title, f"spacings, shapes, crop of {len(sample.cases)} cases", shown(geometry))
    key = "foreground_intensity_properties_per_channel"
    table.add(
        "fingerprint",
        sample.title,
        "intensities of the foreground (relative)",
        shown(largest_relative(ours[key], theirs[key])),
    )


def plans(sample, program, table):
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
    from nnunetv2.experiment_planning.experiment_planners.residual_unets import residual_encoder_unet_planners as res
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    planners = [
        ("default", ExperimentPlanner),
        ("resenc-m", res.nnUNetPlannerResEncM),
        ("resenc-l", res.nnUNetPlannerResEncL),
        ("resenc-xl", res.nnUNetPlannerResEncXL),
    ]
    fingerprint_file = sample.preprocessed / "dataset_fingerprint.json"
    worst, count, configurations = 0, 0, 0
    for preset, planner in planners:
        for memory in (None, 4, 12, 40):
            with quietly(), torch.device("meta"):
                made = planner(sample.name, **({} if memory is None else {"gpu_memory_target_in_gb": memory}))
                made.plan_experiment()
            theirs_file = sample.preprocessed / f"{made.plans_identifier}.json"
            theirs = json.loads(theirs_file.read_text())
            theirs_file.unlink()
            ours_file = sample.ours / f"{preset}.json"
            run(
                program,
                "plan",
                "--fingerprint",
                fingerprint_file,
                "--dataset-json",
                sample.folder / "dataset.json",
                "-o",
                ours_file,
                "--preset",
                preset,
                *([] if memory is None else ["--memory", memory]),
            )
            ours = json.loads(ours_file.read_text())
            del ours["training"]
            if preset == "default":
                theirs = json.loads(json.dumps(theirs).replace("LeakyReLU", "ReLU"))
            worst = max(worst, largest_relative(ours, theirs))
            count += 1
            # nnU-Net reads our plan, and builds every network of it.
            manager = PlansManager(str(ours_file))
            for name in manager.available_configurations:
                manager.get_configuration(name)
                configurations += 1
    table.add(
        "plan",
        sample.title,
        f"all members of {count} plans: 4 planners, 4 memories; {configurations} "
        "configurations, read by nnU-Net too",
        shown(worst),
    )


def splits(sample, table):
    from nnunetv2.utilities.crossval_split import generate_crossval_split

    file = sample.ours / "preprocessed" / "splits_final.json"
    if len(sample.cases) < 5:
        return
    ours, theirs = json.loads(file.read_text()), generate_crossval_split(sorted(sample.cases))
    same = ours == [{key: [str(case) for case in fold[key]] for key in ("train", "val")} for fold in theirs]
    table.add("splits", sample.title, f"5 folds of {len(sample.cases)} cases", "none" if same else "different")


def preprocessing(sample, program, table):
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    # A second time at a coarser and a finer spacing, because many sets are at their median spacing already.
    original = json.loads((sample.ours / "plans.json").read_text())
    worst, voxels, labels_differ, locations_differ, properties_differ = 0.0, 0, 0, 0, 0
    for number, factors in enumerate([(1, 1, 1), (1.37, 0.83, 1.21), (0.71, 1.6, 0.9)]):
        plan = json.loads(json.dumps(original))
        configuration = plan["configurations"]["3d_fullres"]
        configuration["spacing"] = [s * f for s, f in zip(configuration["spacing"], factors)]
        plan_file = sample.ours / f"plan_{number}.json"
        plan_file.write_text(json.dumps(plan))
        folder = sample.ours / ("preprocessed" if number == 0 else f"preprocessed_{number}")
        run(program, "preprocess", sample.folder, "--plan", plan_file, "-o", folder)
        manager = PlansManager(str(plan_file))
        for case in sample.cases:
            with quietly():
                data, labels, properties = DefaultPreprocessor(verbose=False).run_case(
                    sample.images[case],
                    sample.labels[case],
                    manager,
                    manager.get_configuration("3d_fullres"),
                    sample.description,
                )
            ours = load_file(folder / f"{case}.safetensors")
            assert ours["data"].shape == data.shape, f"{case}: {ours['data'].shape} and not {data.shape}"
            # In units of the channel's deviation, which is 1 after z-scores.
            deviations = np.maximum(data.std(axis=(1, 2, 3), dtype=np.float64), 1e-6)
            differences = np.abs(ours["data"].astype(np.float64) - data).max(axis=(1, 2, 3))
            worst = max(worst, float((differences / deviations).max()))
            voxels += labels.size
            labels_differ += int((ours["labels"] != labels[0]).sum())
            with open(folder / f"{case}.safetensors", "rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            own = json.loads(header["__metadata__"]["properties"])
            for key in (
                "shape_before_cropping",
                "bbox_used_for_cropping",
                "shape_after_cropping_and_before_resampling",
            ):
                properties_differ += np.asarray(own[key]).tolist() != np.asarray(properties[key]).tolist()
            for values, expected in properties["class_locations"].items():
                key = "_".join(map(str, values)) if isinstance(values, tuple) else str(values)
                found = ours[f"class_locations/{key}"]
                expected = np.asarray(expected).reshape(-1, 4)[:, 1:]
                locations_differ += found.shape != expected.shape or bool((found != expected).any())
    what = f"{len(sample.cases)} cases at 3 spacings"
    table.add(
        "preprocessing",
        sample.title,
        f"crop and shapes, {what}",
        "none" if properties_differ == 0 else f"{properties_differ} differ",
    )
    table.add("preprocessing", sample.title, f"images, {what} (in deviations)", shown(worst))
    table.add(
        "preprocessing",
        sample.title,
        f"labels, {what}",
        "none" if labels_differ == 0 else f"{labels_differ} of {voxels} voxels",
    )
    table.add(
        "class locations",
        sample.title,
        f"every drawn voxel, {what}",
        "none" if locations_differ == 0 else f"{locations_differ} lists",
    )


def worn(sample, number):
    """Predictions to judge: the references, moved, worn and with crumbs of every label, one set a number."""
    random = np.random.default_rng(number)
    folder = sample.ours / f"results_{number}" / "fold_0"
    (folder / "validation").mkdir(parents=True)
    shutil.copy(sample.folder / "dataset.json", folder / "dataset.json")
    shutil.copy(sample.ours / "plans.json", folder / "plans.json")
    ignored = sample.description["labels"].get("ignore")
    for case, file in sample.labels.items():
        image = sitk.ReadImage(file)
        labels = sitk.GetArrayFromImage(image).astype(np.uint8)
        present = [int(v) for v in np.unique(labels) if v not in (0, ignored)]
        labels[labels == ignored] = 0
        predicted = np.roll(labels, 1, axis=number % 3)
        predicted[random.random(labels.shape) < 0.02] = 0
        for value in present:
            crumbs = random.random(labels.shape) < random.choice([0, 1e-4, 1e-3])
            predicted[crumbs & (predicted == 0)] = value
        if random.random() < 0.3:
            predicted[predicted == random.choice(present)] = 0
        moved = sitk.GetImageFromArray(predicted)
        moved.CopyInformation(image)
        sitk.WriteImage(moved, str(folder / "validation" / Path(file).name))
    return folder.parent


def common(ours, theirs):
    """Our members of those that nnU-Net has, without file names."""
    if isinstance(theirs, dict):
        return {key: common(ours[key], value) for key, value in theirs.items() if not key.endswith("_file")}
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], dict) and len(ours) == len(theirs):
        return [common(a, b) for a, b in zip(ours, theirs)]
    return ours


def judgment(sample, program, table):
    from nnunetv2.evaluation.evaluate_predictions import compute_metrics_on_folder
    from nnunetv2.postprocessing.remove_connected_components import determine_postprocessing
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    manager = PlansManager(str(sample.ours / "plans.json"))
    label_manager = manager.get_label_manager(sample.description)
    targets = label_manager.foreground_regions if label_manager.has_regions else label_manager.foreground_labels
    metrics, rules, means, differing, steps, sets = 0, 0, 0, 0, 0, 3
    for number in range(sets):
        results = worn(sample, number)
        theirs = sample.ours / f"theirs_{number}"
        shutil.copytree(results / "fold_0" / "validation", theirs)
        with quietly():
            compute_metrics_on_folder(
                str(sample.folder / "labelsTr"),
                str(theirs),
                str(theirs / "summary.json"),
                manager.image_reader_writer_class(),
                sample.description["file_ending"],
                targets,
                label_manager.ignore_label,
                2,
            )
            determine_postprocessing(str(theirs), str(sample.folder / "labelsTr"), manager.plans, sample.description, 2)
        run(program, "crossvalidate", sample.folder, "-m", results, "--folds", "0")
        ours = results / "crossval_results_folds_0"

        def both(name):
            mine, expected = json.loads((ours / name).read_text()), json.loads((theirs / name).read_text())
            return common(mine, expected), common(expected, expected)

        metrics = max(metrics, largest_relative(*both("summary.json")))
        mine, expected = both("postprocessing.json")
        keys = ("postprocessing_fns", "postprocessing_kwargs")
        rules += any(mine[key] != expected[key] for key in keys)
        steps += len(expected["postprocessing_kwargs"])
        means = max(means, largest_relative(mine, expected)) if rules == 0 else float("inf")
        for file in (theirs / "postprocessed").glob("*" + sample.description["file_ending"]):
            a, b = (sitk.GetArrayFromImage(sitk.ReadImage(str(f))) for f in (ours / "postprocessed" / file.name, file))
            differing += int((a != b).sum())
    what = f"{len(sample.cases)} cases in {sets} states of wear"
    table.add("evaluation", sample.title, f"every number of `summary.json`, {what} (relative)", shown(metrics))
    table.add(
        "post-processing",
        sample.title,
        f"the labels it is for ({steps} steps), {what}",
        "none" if rules == 0 else f"{rules} sets differ",
    )
    table.add("post-processing", sample.title, "means before and after (relative)", shown(means))
    table.add(
        "post-processing", sample.title, "segmentations after it", "none" if differing == 0 else f"{differing} voxels"
    )


def prediction(folder, images, program, table):
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    manager = PlansManager(str(folder / "plans.json"))
    configuration = manager.get_configuration("3d_fullres")
    description = json.loads((folder / "dataset.json").read_text())
    heads = manager.get_label_manager(description).num_segmentation_heads
    network = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        len(description["channel_names"]),
        heads,
        deep_supervision=False,
    ).eval()
    weights = load_file(folder / "checkpoint_final.safetensors")
    weights = {key: torch.from_numpy(value) for key, value in weights.items()}
    assert not network.load_state_dict(weights, strict=False).unexpected_keys
    ending = description["file_ending"]
    cases = sorted({file.name[: -len(ending) - 5] for file in images.glob("*" + ending)})
    for mirrored in (False, True):
        output = ROOT / f"predicted_{mirrored}"
        run(
            program,
            "predict",
            "-m",
            folder,
            "-i",
            images,
            "-o",
            output,
            "--save-probabilities",
            *([] if mirrored else ["--no-mirroring"]),
        )
        worst, differing, voxels, exact, single_tiles = 0.0, 0, 0, 0.0, 0
        for case in cases:
            files = sorted(str(file) for file in images.glob(f"{case}_????{ending}"))
            with quietly(), torch.no_grad():
                predictor = nnUNetPredictor(use_mirroring=mirrored, device=torch.device("cpu"), allow_tqdm=False)
                predictor.manual_initialization(
                    network, manager, configuration, [network.state_dict()], description, "nnUNetTrainer", (0, 1, 2)
                )
                image, properties = manager.image_reader_writer_class().read_images(files)
                labels, probabilities = predictor.predict_single_npy_array(image, properties, None, None, True)
                data, _, done = DefaultPreprocessor(verbose=False).run_case(
                    files, None, manager, configuration, description
                )
            ours = load_file(output / f"{case}_probabilities.safetensors")["probabilities"]
            own = sitk.GetArrayFromImage(sitk.ReadImage(str(output / (case + ending))))
            worst = max(worst, float(np.abs(ours - probabilities).max()))
            differing += int((own != labels).sum())
            voxels += own.size
            same_grid = data.shape[1:] == tuple(image.shape[1:]) == tuple(done["shape_before_cropping"])
            if not mirrored and same_grid and all(n <= p for n, p in zip(data.shape[1:], configuration.patch_size)):
                # One tile sees all: no average, so that PyTorch's 32-bit numbers can be compared.
                single_tiles += 1
                missing = [p - n for n, p in zip(data.shape[1:], configuration.patch_size)]
                padding = [(0, 0)] + [(m // 2, m - m // 2) for m in missing]
                with torch.no_grad():
                    logits = network(torch.from_numpy(np.pad(data, padding))[None])[0]
                inside = tuple(slice(a, a + n) for (a, _), n in zip(padding[1:], data.shape[1:]))
                expected = torch.softmax(logits, 0).numpy()[(slice(None), *inside)]
                exact = max(exact, float(np.abs(ours - expected).max()))
        if single_tiles:
            table.add(
                "network",
                folder.name,
                "probabilities of PyTorch's network in 32 bits, " f"{single_tiles} images of one tile",
                shown(exact),
            )
        what = f"{len(cases)} images, with{'' if mirrored else 'out'} mirroring"
        table.add("prediction", folder.name, f"probabilities, {what} (nnU-Net averages in 16 bits)", shown(worst))
        table.add(
            "prediction",
            folder.name,
            f"labels, {what}",
            "none" if differing == 0 else f"{differing} of {voxels} voxels",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--program", type=Path, default=HERE.parent / ".build" / "release" / "hwsseg")
    parser.add_argument("--cases", type=int, default=6)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--images", type=Path)
    arguments = parser.parse_args()
    table = Table()
    made = [made_up("made-up CT", "ct"), made_up("made-up regions", "regions")]
    for number, source in enumerate(made + arguments.datasets, start=1):
        sample = Sample(source, arguments.cases, number)
        fingerprint(sample, arguments.program, table)
        plans(sample, arguments.program, table)
        preprocessing(sample, arguments.program, table)
        splits(sample, table)
        judgment(sample, arguments.program, table)
    if arguments.model and arguments.images:
        prediction(arguments.model, arguments.images, arguments.program, table)
    print(table.markdown())
    shutil.rmtree(ROOT)


if __name__ == "__main__":
    main()
