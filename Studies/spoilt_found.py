#!/usr/bin/env python3
"""Says how many of the cases that a table ranks first have spoilt labels.

    python3 Studies/spoilt_found.py DATASET/groups.csv RESULTS/fold_all/suspects.csv RESULTS/audit/audit.csv ...

Tables are those of `Datasets/spoilt_labels.py`, and suspects.csv, sampler.csv (its last epoch, by score) or audit.csv.
"""
import csv
import sys
from collections import Counter


def ranked(path):
    """The cases of a table, the most suspect first."""
    rows = list(csv.DictReader(open(path, newline="")))
    if path.endswith("sampler.csv"):
        rows = [row for row in rows if row["epoch"] == rows[-1]["epoch"]]
        rows.sort(key=lambda row: -float(row["score"] or row["loss"] or "-inf"))
    elif path.endswith("audit.csv"):
        rows.sort(key=lambda row: int(row["rank"]))
    return [row["case"] for row in rows]


def main():
    groups = {row["case"]: row["group"] for row in csv.DictReader(open(sys.argv[1], newline=""))}
    spoilt = sum(group != "right" for group in groups.values())
    for path in sys.argv[2:]:
        first = ranked(path)[:spoilt]
        kinds = Counter(groups[case] for case in first)
        found = len(first) - kinds["right"]
        share = f"{found / len(first):.2f}" if first else "none"
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"{path}: of the first {len(first)}, {found} are spoilt ({share}; {named}); {spoilt} are spoilt in all")


main()
