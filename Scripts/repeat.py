#!/usr/bin/env python3
"""Trains and predicts several times with each engine and precision on a busy machine, and compares every byte.

    swift build -c release
    Scripts/repeat.py [--times 5] [--program .build/release/hwsseg]

It ends with status 1 when two runs of one command differ. Precisions that the processor does not have are left out.
"""
import argparse
import multiprocessing
import shutil
import sys
import tempfile
from pathlib import Path

from chaos import Chaos, Failure


def spin():
    while True:
        pass


def contents(chaos, engine, precision, output):
    """What a training and its prediction wrote, by file."""
    choice = ["--engine", engine]
    chaos.succeed(chaos.command("train", output) + choice + ["--precision", precision])
    images = chaos.folder / "data/imagesTr"
    chaos.succeed(["predict", "-m", output, "-i", images, "-o", output / "predicted"] + choice)
    return Chaos.contents(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--program", default=".build/release/hwsseg")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hwsseg-repeat-"))
    chaos = Chaos(options.program, folder, seed=1)
    # Twice as many as processors, so that threads are interrupted everywhere.
    load = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2 * multiprocessing.cpu_count())]
    for process in load:
        process.start()
    try:
        chaos.prepare_data()
        for precision in ["float32", "bfloat16"]:
            for engine in ["blas", "onednn", "auto"]:
                status, errors = chaos.finish(["benchmark", "--plan", folder / "plan.json", "--engine", engine,
                                               "--precision", precision, "--steps", "1"])
                if status != 0:
                    print(f"{engine:7s} {precision:9s} left out: {errors.strip()}")
                    continue
                first = None
                for _ in range(options.times):
                    found = contents(chaos, engine, precision, folder / "out")
                    shutil.rmtree(folder / "out")
                    first = first or found
                    differing = [name for name in first.keys() | found.keys() if first.get(name) != found.get(name)]
                    if differing:
                        raise Failure(f"{engine}, {precision}: {', '.join(sorted(differing))} differ")
                print(f"{engine:7s} {precision:9s} {options.times} times the same {len(first)} files", flush=True)
    except Failure as failure:
        print(f"FAILED: {failure}\nThe files are in {folder}.")
        return 1
    finally:
        for process in load:
            process.terminate()
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
