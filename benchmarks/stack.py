"""How much faster ``fit_many`` trains a stack of models than ``fit`` trains them one after the other.

CPU time on one thread, both in turn, median of five: ``python benchmarks/stack.py``.
"""

import statistics

import torch
from clock import cpu_time

from warmstart.models import MLP
from warmstart.training import fit, fit_many

SETTINGS = {"196-32-10": ((196, 32, 10), 8), "ten layers of 64": ((196, *[64] * 10, 10), 2)}
MODELS, EXAMPLES, REPEATS = 24, 2000, 5


def build(widths):
    """The models, each from a seed of its own."""
    return [MLP(widths, generator=torch.Generator().manual_seed(seed)) for seed in range(MODELS)]


def main():
    """Print the ratio for each setting."""
    x, y = torch.randn(EXAMPLES, 196), torch.arange(EXAMPLES) % 10
    for name, (widths, epochs) in SETTINGS.items():
        options = {"epochs": epochs, "learning_rate": 0.05}

        def loop(widths=widths, options=options):
            for model in build(widths):
                fit(model, x, y, generator=torch.Generator().manual_seed(0), **options)

        def stack(widths=widths, options=options):
            fit_many(build(widths), x, y, generator=torch.Generator().manual_seed(0), **options)

        times = [(cpu_time(loop), cpu_time(stack)) for _ in range(REPEATS)]
        ratio = statistics.median(one / other for one, other in times)
        seconds = statistics.median(other for _, other in times)
        print(f"{MODELS} networks {name}: {ratio:.1f} times faster ({seconds:.2f} s)")


if __name__ == "__main__":
    main()
