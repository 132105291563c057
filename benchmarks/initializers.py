"""How much faster than ``torch.nn.init`` the initializers are, and how much memory they ask for beside it.

CPU time on one thread, theirs and ours in turn, median of five with the range; memory as what a process needs at its
peak beyond the tensor, on Linux: ``python benchmarks/initializers.py`` prints a table, ``--write`` puts it into the
book's page.
"""

import argparse
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch
from clock import ratios
from torch import nn

from warmstart import initializers as ours
from warmstart.initialization import initialize_, lsuv_, no_default_init
from warmstart.models import MLP

TABLE = Path(__file__).with_suffix(".md")
theirs = nn.init
SHAPES = {"square": (4096, 4096), "half": (2048, 2048), "small": (1024, 1024), "tall": (4096, 512)}
SHAPES |= {"wide": (512, 4608), "kernel": (512, 512, 3, 3), "thousand": (1000, 1000)}
#: What is timed: a label, the call of a module and a tensor, the tensor's name.
CALLS = {
    "`trunc_normal_`, 4096 x 4096": (lambda init, w: init.trunc_normal_(w), "square"),
    "`trunc_normal_`, std 0.02, 4096 x 4096": (lambda init, w: init.trunc_normal_(w, std=0.02), "square"),
    "`orthogonal_`, 1024 x 1024": (lambda init, w: init.orthogonal_(w), "small"),
    "`orthogonal_`, 4096 x 512": (lambda init, w: init.orthogonal_(w), "tall"),
    "`orthogonal_`, 512 x 4608": (lambda init, w: init.orthogonal_(w), "wide"),
    "`dirac_`, 512 x 512 x 3 x 3": (lambda init, w: init.dirac_(w), "kernel"),
    "`sparse_`, 1000 x 1000": (lambda init, w: init.sparse_(w, 0.9), "thousand"),
    "`normal_`, 2048 x 2048": (lambda init, w: init.normal_(w), "half"),
    "`uniform_`, 2048 x 2048": (lambda init, w: init.uniform_(w), "half"),
    "`kaiming_normal_`, 2048 x 2048": (lambda init, w: init.kaiming_normal_(w), "half"),
    "`xavier_uniform_`, 2048 x 2048": (lambda init, w: init.xavier_uniform_(w), "half"),
}


def needed(label, which):
    """MB that a process needs at its peak beyond what it had when the tensor was there."""
    return float(subprocess.check_output([sys.executable, __file__, "--once", label, which]))


def once(label, which):
    """Call once, and print how much the peak of the memory of this process has grown."""
    call, shape = CALLS[label]
    w = torch.zeros(SHAPES[shape]).add_(1)
    before = peak()
    call({"ours": ours, "theirs": theirs}[which], w)
    print((peak() - before) / 1024)


def peak():
    """The largest memory that this process has had, in kB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[1])


def large():
    """A network of 100 million parameters, as its framework builds it."""
    return nn.Sequential(*(nn.Linear(4096, 4096) for _ in range(6)))


def as_usual(distribution):
    """Build, and initialize again by ``apply``."""
    fill = {"normal": theirs.kaiming_normal_, "uniform": theirs.kaiming_uniform_}[distribution]

    def start(module):
        if isinstance(module, nn.Linear):
            fill(module.weight, nonlinearity="relu")
            theirs.zeros_(module.bias)

    large().apply(start)


def at_once(distribution):
    """Build without drawing, and initialize."""
    with no_default_init():
        model = large()
    initialize_(model, distribution=distribution)


@torch.no_grad()
def one_pass_a_layer(model, inputs):
    """LSUV as it is published: for each layer, forward passes until its output has variance 1."""
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for layer in layers:
        theirs.orthogonal_(layer.weight)
        theirs.zeros_(layer.bias)
    for layer in layers:
        seen = []
        hook = layer.register_forward_hook(lambda _, __, output, seen=seen: seen.append(output.std().item()))
        for _ in range(10):
            model(inputs)
            if abs(seen[-1] - 1) < 1e-3:
                break
            layer.weight /= seen[-1]
        hook.remove()


def rows():
    """Label, speed with its range, memory: one line of the table each."""
    for label, (call, shape) in CALLS.items():
        w = torch.empty(SHAPES[shape])
        speed = ratios(lambda call=call, w=w: call(theirs, w), lambda call=call, w=w: call(ours, w))
        yield label, speed, " / ".join(f"{needed(label, which):.0f}" for which in ("ours", "theirs"))
    w = torch.empty(SHAPES["kernel"])

    def naive():
        theirs.zeros_(w)
        w[:, :, 1, 1] = theirs.orthogonal_(torch.empty(512, 512))

    yield "`delta_orthogonal_`, 512 x 512 x 3 x 3", ratios(naive, lambda: ours.delta_orthogonal_(w)), ""
    for law in ("normal", "uniform"):
        speed = ratios(lambda law=law: as_usual(law), lambda law=law: at_once(law))
        yield f"`initialize_`, 100 million parameters, {law}, building included", speed, ""
    model, inputs = MLP((100, *[100] * 49, 10)), torch.randn(1000, 100)
    slow, fast = lambda: one_pass_a_layer(model, inputs), lambda: lsuv_(model, inputs)
    yield "`lsuv_`, 50 layers of 100 units, 1000 inputs", ratios(slow, fast), ""


def main():
    """Print the table, or write it into the file that the book includes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"into {TABLE.name}")
    parser.add_argument("--once", nargs=2, metavar=("LABEL", "WHOSE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        once(*options.once)
        return
    lines = ["| call | times faster | range | MB beside the tensor, ours / theirs |", "|---|---|---|---|"]
    for label, (median, low, high), memory in rows():
        lines.append(f"| {label} | {median:.1f} | {low:.1f} to {high:.1f} | {memory} |")
        print(lines[-1], flush=True)
    where = f"{datetime.now(UTC).date()}, torch {torch.__version__}, Python {platform.python_version()}, one thread"
    text = "\n".join([*lines, "", f"Measured on {where}, {platform.machine()}.", ""])
    if options.write:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
