"""How much less a score of a source costs than fine-tuning the source: 200 pictures of 14 x 14 pixels, ten classes.

Each score reads the pictures once, features included; fine-tuning makes 320 steps of Adam on them. CPU time on one
thread, all in turn, median of five with the range: ``python benchmarks/scores.py``.
"""

import copy
import statistics

import torch
from clock import cpu_time

from warmstart.data import mnist, standardize
from warmstart.models import MLP
from warmstart.training import fit, logits
from warmstart.transfer import extract_features, h_score, leave_one_out_accuracy, leep, logme

REPEATS = 5


def main():
    """Print how many times less each score costs."""
    dataset = mnist(test_per_class=1)
    halved = dataset.train_images[:200].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    pictures, labels = standardize(halved.reshape(200, 196)), dataset.train_labels[:200]
    model = MLP((196, 64, 64, 10), generator=torch.Generator().manual_seed(0))
    scores = {
        "LEEP": lambda: leep(logits(model, pictures).softmax(dim=1), labels),
        "left out": lambda: leave_one_out_accuracy(extract_features(model, pictures), labels),
        "LogME": lambda: logme(extract_features(model, pictures), labels),
        "H-score": lambda: h_score(extract_features(model, pictures), labels),
    }
    options = {"epochs": 40, "batch_size": 25, "learning_rate": 1e-3, "optimizer": "adam"}
    fit(copy.deepcopy(model), pictures, labels, **options)  # the first call loads torch.optim
    ratios = {name: [] for name in scores}
    for _ in range(REPEATS):
        slow = cpu_time(lambda: fit(copy.deepcopy(model), pictures, labels, **options))
        for name, score in scores.items():
            ratios[name].append(slow / cpu_time(score))
    for name, values in ratios.items():
        print(f"{name:9s}{statistics.median(values):6.0f} times less ({min(values):.0f} to {max(values):.0f})")


if __name__ == "__main__":
    main()
