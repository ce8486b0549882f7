#!/usr/bin/env python3
"""Interrupts trainings, preprocessings and predictions at random moments and checks that nothing is lost.

Each round starts one of them, sends it KILL, TERM, INT or HUP after a random time, perhaps more than once, finishes it
with the next call, and compares every file, byte by byte, with what an undisturbed run wrote. Then two processes write
into one folder at once, and the disk is full or read-only. The last two need the right to mount and are skipped
elsewhere, with the reason.

    swift build -c release
    Scripts/chaos.py [--rounds 60] [--minutes 30] [--seed 1] [--program .build/release/hwsseg]

It ends with status 1 when a round has left something else than the undisturbed run.
"""
import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
# Of these files only the times differ from run to run, or they do not belong to the result.
PASSING = re.compile(r"checkpoint_latest|checkpoint_previous|events\.out|progress\.svg|run\.json|\.lock$")


class Failure(Exception):
    pass


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=60, help="interrupted runs")
    parser.add_argument("--minutes", type=float, default=30, help="no round begins after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=".build/release/hwsseg")
    return parser.parse_args()


class Chaos:
    def __init__(self, program, folder, seed):
        self.program, self.folder, self.random = str(Path(program).resolve()), folder, random.Random(seed)
        self.counts = Counter()

    # The commands

    def command(self, kind, output, again=False):
        """The arguments of a run into `output`; `again` finishes one that was interrupted."""
        data, plan, store = self.folder / "data", self.folder / "plan.json", self.folder / "store"
        if kind == "preprocess":
            # A run can be interrupted after its last file; the next one would refuse to replace it.
            return ["preprocess", data, "--plan", plan, "-o", output] + (["--overwrite"] if again else [])
        if kind == "predict":
            arguments = ["predict", "-m", self.folder / "reference/train", "-i", data / "imagesTr", "-o", output]
            return arguments + (["--continue"] if again else [])
        # A first call may say --resume too, so that one command line serves for all.
        return ["train", data, "--plan", plan, "--fold", "0", "--preprocessed", store, "-o", output, "--resume"]

    def start(self, arguments):
        return subprocess.Popen(
            [self.program] + [str(argument) for argument in arguments], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    def finish(self, arguments):
        """Runs to the end; returns the status and what was said."""
        process = self.start(arguments)
        errors = process.communicate()[1]
        if process.returncode < 0 or "Fatal error" in errors or "Backtrace" in errors:
            raise Failure(f"{arguments[0]} crashed with status {process.returncode}: {errors[:300]}")
        return process.returncode, errors

    def succeed(self, arguments):
        status, errors = self.finish(arguments)
        if status != 0:
            raise Failure(f"{arguments[0]} ended with status {status}: {errors[:300]}")

    # Comparing

    @staticmethod
    def contents(folder):
        """The files of a folder and what is in them, without the times."""
        files = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_dir() or PASSING.search(name):
                continue
            data = path.read_bytes()
            if path.name == "log.csv":
                rows = [line.rsplit(",", 1)[0] for line in data.decode().splitlines()]
                data = "\n".join(rows).encode()
            if path.name == "summary.json":
                # It names the folders of the segmentations.
                data = data.replace(str(folder).encode(), b"FOLDER")
            files[name] = data
        return files

    def compare(self, kind, output):
        expected = self.contents(self.folder / "reference" / kind)
        found = self.contents(output)
        if expected.keys() != found.keys():
            raise Failure(f"{kind}: other files than undisturbed: {sorted(expected.keys() ^ found.keys())}")
        for name, data in expected.items():
            if found[name] != data:
                raise Failure(f"{kind}: {name} differs from the undisturbed run")
        if (output / ".lock").exists():
            raise Failure(f"{kind}: a lock is left")

    # The parts

    def prepare_data(self):
        """Makes up a data set, a plan with a tiny network, and the preprocessed cases."""
        data, plan = self.folder / "data", self.folder / "plan.json"
        self.succeed(["phantom", data, "--cases", "6", "--minority", "0.3"])
        self.succeed(["plan", data, "-o", plan, "--patch-size", "48", "48", "48", "--batch-size", "2", "--epochs", "3",
                      "--iterations", "4", "--sampler", "hardness"])
        text = re.sub(r'"features_per_stage": \[[0-9, ]*\]', lambda m: re.sub(r"[0-9]+", "4", m.group()),
                      plan.read_text())
        text = re.sub(r'"validation_iterations": [0-9]+', '"validation_iterations": 1', text)
        plan.write_text(text)
        self.succeed(self.command("preprocess", self.folder / "store"))

    def prepare(self):
        """Runs everything once, undisturbed."""
        self.prepare_data()
        self.seconds = {}
        for kind in ["train", "preprocess", "predict"]:
            start = time.monotonic()
            self.succeed(self.command(kind, self.folder / "reference" / kind))
            self.seconds[kind] = time.monotonic() - start
        print("undisturbed: " + ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in self.seconds.items()))

    def round(self, number):
        """Interrupts one run up to three times, finishes it and compares."""
        kind = self.random.choice(["train", "train", "preprocess", "predict"])
        output = self.folder / "round"
        interruptions = []
        for attempt in range(self.random.randint(1, 3)):
            process = self.start(self.command(kind, output, again=attempt > 0))
            number_of_signal = self.random.choice(SIGNALS)
            try:
                process.wait(self.random.uniform(0, self.seconds[kind]))
            except subprocess.TimeoutExpired:
                process.send_signal(number_of_signal)
                interruptions.append(number_of_signal.name[3:])
            errors = process.communicate()[1]
            # -11 and -6 would be crashes; a process that was told to end may say so in its status.
            allowed = {0, -number_of_signal, 128 + number_of_signal}
            if process.returncode not in allowed:
                raise Failure(f"{kind} ended with status {process.returncode} after {interruptions}: {errors[:300]}")
            self.counts.update(interruptions[-1:])
        self.succeed(self.command(kind, output, again=True))
        self.compare(kind, output)
        shutil.rmtree(output)
        print(f"{number:3d}  {kind:10s}  {' '.join(interruptions) or 'ended before the signal'}", flush=True)

    def pair(self, kind):
        """Two processes at once: one is refused, or finds the other's work done; the result is whole."""
        output = self.folder / "pair"
        both = [self.start(self.command(kind, output, again=True)) for _ in range(2)]
        errors = [process.communicate()[1] for process in both]
        statuses = sorted(process.returncode for process in both)
        if statuses not in ([0, 0], [0, 2]):
            raise Failure(f"two {kind} at once ended with {statuses}: {errors}")
        self.compare(kind, output)
        shutil.rmtree(output)
        return statuses

    def pairs(self):
        for kind in ["train", "preprocess", "predict"]:
            found = Counter(str(self.pair(kind)) for _ in range(3))
            print(f"two {kind} at once, exit statuses: " + ", ".join(f"{s} {n} times" for s, n in found.items()))

    def disk(self):
        """A full and a read-only disk: a sentence, and the next call finishes."""
        for kind in ["train", "preprocess", "predict"]:
            disk = self.folder / "disk"
            disk.mkdir()
            small = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True,
                                   text=True)
            if small.returncode != 0:
                print(f"full and read-only disks are left out: {small.stderr.strip()}")
                return
            try:
                output = disk / "out"
                for size in ["64k", "200k", "400k"]:
                    self.mount(disk, f"size={size}")
                    self.refused(self.start(self.command(kind, output, again=True)), kind, f"a disk of {size}")
                self.mount(disk, "size=20m")
                self.fill(kind, output)
                self.mount(disk, "size=1g")
                self.succeed(self.command(kind, output, again=True))
                self.compare(kind, output)
                # Nothing old may be lost when it cannot be replaced.
                self.mount(disk, "ro")
                status, errors = self.finish(self.command(kind, disk / "other", again=True))
                if status != 2 or "Read-only file system" not in errors:
                    raise Failure(f"{kind} into a read-only folder: status {status}, {errors[:300]}")
                self.compare(kind, output)
                print(f"{kind}: full and read-only disk survived")
            finally:
                subprocess.run(["umount", disk], check=True)
                disk.rmdir()

    def mount(self, disk, option):
        subprocess.run(["mount", "-o", f"remount,{option}", disk], check=True)

    def fill(self, kind, output):
        """Another program fills the disk while the run writes."""
        process = self.start(self.command(kind, output, again=True))
        while process.poll() is None and len(list(output.rglob("*.*"))) < 4:
            time.sleep(0.005)
        filler = output.parent / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while process.poll() is None:
                    file.write(bytes(4096))
            except OSError:
                pass
        self.refused(process, kind, "a disk that becomes full")
        filler.unlink()

    def refused(self, process, kind, what):
        """Waits for a run that lacks space: it may end well or with a sentence."""
        errors = process.communicate()[1]
        self.counts["disk full"] += process.returncode != 0
        if process.returncode == 0:
            return
        reasons = ["No space left on device", "of free disk space"]
        if process.returncode not in (1, 2) or not any(r in errors for r in reasons) or errors.count("\n") > 8:
            raise Failure(f"{kind} on {what}: status {process.returncode}, {errors[:300]}")


def main():
    options = parse()
    start = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hwsseg-chaos-"))
    chaos = Chaos(options.program, folder, options.seed)
    try:
        chaos.prepare()
        done = 0
        while done < options.rounds and time.monotonic() - start < 60 * options.minutes:
            done += 1
            chaos.round(done)
        chaos.pairs()
        chaos.disk()
    except Failure as failure:
        print(f"FAILED: {failure}\nThe files are in {folder}.")
        return 1
    shutil.rmtree(folder)
    full = chaos.counts.pop("disk full", 0)
    signals = ", ".join(f"{name} {count}" for name, count in sorted(chaos.counts.items()))
    print(f"{done} rounds, {sum(chaos.counts.values())} interruptions ({signals}), disk full {full} times; "
          f"all as undisturbed; {(time.monotonic() - start) / 60:.1f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
