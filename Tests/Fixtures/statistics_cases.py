#!/usr/bin/env python3
"""Writes statistics_cases.json beside this file: values of NumPy, SciPy and statsmodels that the tests compare with.

    python3 Tests/Fixtures/statistics_cases.py    # made with NumPy 2.4.6, SciPy 1.17.1, statsmodels 0.15.0

SciPy's and our bootstrap draw other numbers, so each BCa case holds SciPy's resampled statistics and the statistics
with each observation left out, from which the interval follows exactly.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.special import ndtr, ndtri
from statsmodels.stats.multitest import multipletests

random = np.random.default_rng(7)
P = [1e-300, 1e-100, 1e-20, 1e-12, 1e-5, 0.001, 0.02425, 0.07, 0.075, 0.3, 0.5, 0.7, 0.925, 0.975, 0.999, 1 - 1e-9]
X = [-30, -10, -5, -1.96, -1, -0.1, 0, 0.3, 1, 2.5, 5, 8]


def scores(count):
    """Made-up Dice scores with a tail of failures, a few of them zero."""
    values = random.beta(18, 2, count)
    values[random.random(count) < 0.1] *= random.random()
    return np.round(values, 4)


STATISTICS = {
    "mean": lambda x, axis=-1: np.mean(x, axis=axis),
    "sd": lambda x, axis=-1: np.std(x, axis=axis, ddof=1),
    "p10": lambda x, axis=-1: np.percentile(x, 10, axis=axis),
    "median": lambda x, axis=-1: np.median(x, axis=axis),
}


def bca(name, samples, statistic):
    result = stats.bootstrap(samples, statistic, n_resamples=499, method="BCa", vectorized=True, rng=random)
    percentile = stats.bootstrap(samples, statistic, n_resamples=0, method="percentile", bootstrap_result=result)
    jackknife = []
    for index, sample in enumerate(samples):
        left = [np.delete(sample, i) for i in range(len(sample))]
        jackknife.append([float(statistic(*[*samples[:index], x, *samples[index + 1 :]], axis=-1)) for x in left])
    return {
        "name": name,
        "estimate": float(statistic(*samples, axis=-1)),
        "resampled": result.bootstrap_distribution.tolist(),
        "jackknife": jackknife,
        "interval": list(map(float, result.confidence_interval)),
        "percentile_interval": list(map(float, percentile.confidence_interval)),
    }


def gap(x, y, axis=-1):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def wilcoxon(differences):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = stats.wilcoxon(differences)
    numbers = {"statistic": float(result.statistic), "p": float(result.pvalue)}
    return {"differences": list(map(float, differences)), **numbers}


def spearman(first, second):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        correlation = float(stats.spearmanr(first, second).statistic)
    numbers = {"first": list(map(float, first)), "second": list(map(float, second))}
    return {**numbers, "correlation": None if np.isnan(correlation) else correlation}


def tail_mean(values, share):
    """The mean of the worst share, with a fraction of the value at the border, by numerical weights."""
    ordered = np.sort(values)
    edges = np.clip(share * len(values) - np.arange(len(values)), 0, 1)
    return float(np.sum(ordered * edges) / np.sum(edges))


bca_cases = [bca(name, (scores(40),), statistic) for name, statistic in STATISTICS.items()]
bca_cases.append(bca("gap", (scores(25), scores(12)), gap))

differences = [
    random.normal(0.3, 1, 8),
    random.normal(0.3, 1, 13),
    random.normal(0.1, 1, 50),
    random.normal(0.1, 1, 51),
    random.integers(-3, 5, 9).astype(float),  # zeros and ties, few enough to be exact
    random.integers(-3, 5, 13).astype(float),
    random.integers(-3, 5, 14).astype(float),  # zeros and ties, approximated
    random.integers(-20, 25, 120).astype(float),
    random.normal(0.5, 1, 349),
    np.array([0.0, 0.0, 1.0]),
    np.array([2.5]),
    np.abs(random.normal(0, 1, 20)),
]

p_values = [
    [0.01, 0.04, 0.03, 0.005],
    [0.5, 0.5, 0.9],
    [0.02],
    random.random(12).round(6).tolist(),
    [1e-9, 0.0, 1.0, 0.3, 0.3],
]

samples = [scores(n) for n in (1, 2, 9, 15, 40, 157)]

rank_pairs = [
    ([1, 2, 2, 5, 3], [2, 1, 4, 4, 9]),
    ([3, 1, 2], [0.1, -7, 1e300]),
    ([1, 1, 1, 2], [5, 5, 6, 6]),
    ([4, 4, 4], [1, 2, 3]),  # no correlation with a constant
    (random.normal(0, 1, 30), random.normal(0, 1, 30)),
    (random.integers(0, 5, 40), random.integers(-3, 3, 40)),
    (scores(60), random.normal(0, 1, 60)),
    (np.arange(12), np.repeat([3, 1, 2], 4)),
]

fixtures = {
    "normal": {
        "cdf": [[x, float(ndtr(x))] for x in X],
        "quantile": [[p, float(ndtri(p))] for p in P],
    },
    "student": [[p, n, float(stats.t.ppf(p, n))] for p in (0.01, 0.3, 0.9, 0.975) for n in (1, 2, 3, 4, 7, 30)],
    "bca": bca_cases,
    "wilcoxon": [wilcoxon(d) for d in differences],
    "holm": [{"p": p, "corrected": multipletests(p, method="holm")[1].tolist()} for p in p_values],
    "spearman": [spearman(*pair) for pair in rank_pairs],
    "samples": [
        {
            "values": sample.tolist(),
            "mean": float(sample.mean()),
            "sd": float(sample.std(ddof=1)) if len(sample) > 1 else None,
            "percentiles": [[p, float(np.percentile(sample, p))] for p in (1, 5, 10, 25, 50, 75)],
            "tail_means": [[share, tail_mean(sample, share)] for share in (0.05, 0.1, 0.25, 1)],
        }
        for sample in samples
    ],
}

path = Path(__file__).with_name("statistics_cases.json")
path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
