"""How much faster features once and a linear probe are than a loop through a frozen backbone, and how good both are.

Twenty emoji a class, tested on all others; the loop trains the new head by Adam for 25 epochs, minibatches of 16, as
tutorials do. CPU time on one thread, both in turn, median of three: ``python benchmarks/probe.py``.
"""

import copy
import statistics

import numpy as np
import torch
from clock import timed

from warmstart.data import choose_rows, emoji
from warmstart.pretrained import efficientnet_lite0
from warmstart.training import accuracy, fit
from warmstart.transfer import extract_features, freeze, linear_probe, replace_head

PER_CLASS, EPOCHS, REPEATS = 20, 25, 3


def main():
    """Print the ratio of the times and both accuracies."""
    pictures, model = emoji(), efficientnet_lite0()
    inputs, labels = torch.tensor(pictures.noto), pictures.labels
    every = extract_features(model, inputs)
    ratios, scores = [], []
    for seed in range(REPEATS):
        rows = choose_rows(labels, PER_CLASS, rng=np.random.default_rng(seed))
        others = np.setdiff1d(np.arange(len(labels)), rows)

        def loop(rows=rows, seed=seed):
            frozen = copy.deepcopy(model)
            freeze(frozen)
            head = replace_head(frozen, len(pictures.class_names))
            options = {"epochs": EPOCHS, "learning_rate": 1e-3, "batch_size": 16, "optimizer": "adam"}
            fit(frozen, inputs[rows], labels[rows], generator=torch.Generator().manual_seed(seed), **options)
            return head

        def once(rows=rows):
            return linear_probe(extract_features(model, inputs[rows]), labels[rows])

        (slow, head), (fast, probe) = timed(loop), timed(once)
        ratios.append(slow / fast)
        scores.append([accuracy(layer, every[others], labels[others]) for layer in (head, probe)])
        print(f"loop {slow:.1f} s, features and probe {fast:.2f} s: {slow / fast:.0f} times faster")
    of_loop, of_probe = np.mean(scores, axis=0)
    print(
        f"median {statistics.median(ratios):.0f} times; accuracy of the loop {of_loop:.3f}, of the probe {of_probe:.3f}"
    )


if __name__ == "__main__":
    main()
