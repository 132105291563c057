"""Draw the two pictures that belong to no chapter, from one simulation: ``python tools/draw_pictures.py``.

``_static/readme.png`` stands on the front page and in the README, ``_static/social-card.png`` is what a link shows.
"""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from warmstart import plots, theory

STATIC = Path(__file__).resolve().parent.parent / "_static"
WIDTH, DEPTH, NETWORKS = 100, 50, 20
SCALES = {"explodes": 1.5, "survives": 1.0, "vanishes": 2 / 3}  # the variance of the weights, times the fan-in


def signals(scale, rng):
    """Return the second moment after each layer of random linear networks, shape (networks, layers + 1)."""
    h = rng.standard_normal((NETWORKS, WIDTH, 1))
    h /= np.sqrt(np.mean(h**2, axis=1, keepdims=True))
    moments = [np.ones(NETWORKS)]
    for _ in range(DEPTH):
        h = rng.normal(0.0, np.sqrt(scale / WIDTH), (NETWORKS, WIDTH, WIDTH)) @ h
        moments.append(np.mean(h**2, axis=(1, 2)))
    return np.stack(moments, axis=1)


def draw(ax, colors, linewidth):
    """Draw every network as a line."""
    rng = np.random.default_rng(0)
    for color, scale in zip(colors, SCALES.values(), strict=True):
        ax.semilogy(signals(scale, rng).T, color=color, linewidth=linewidth, alpha=0.6)
    ax.set_xlim(0, DEPTH)


def readme():
    """The picture of the front page: simulated lines, predicted dashes."""
    plots.use_style()
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    colors = [plots.ROLES[name] for name in ("exploding", "calibrated", "vanishing")]
    draw(ax, colors, 0.9)
    for color, (name, scale) in zip(colors, SCALES.items(), strict=True):
        predicted = theory.second_moment_through_depth(1.0, [WIDTH] * DEPTH, scale / WIDTH)
        ax.semilogy(predicted, "k--", linewidth=1.3)
        text = f"{name}\nN Var(W) = {scale:.2g}"
        ax.annotate(text, (DEPTH + 1, predicted[-1]), color=color, va="center", annotation_clip=False)
    ax.set(xlabel="layer", ylabel="second moment of the signal")
    (STATIC / "readme.png").write_bytes(plots.to_png(fig))


def social_card():
    """The card of 1200 x 630 pixels."""
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="#17323c", layout="none")
    ax = fig.add_axes((0.6, 0.0, 0.4, 1.0))
    draw(ax, ["#ff8a3c", "#f3ead9", "#6fb7d6"], 1.6)
    ax.plot(0, 1, "o", color="#ff8a3c", markersize=44, alpha=0.25, clip_on=False)
    ax.plot(0, 1, "o", color="#ff8a3c", markersize=20, clip_on=False)
    ax.set_axis_off()
    cream, ember, grey = "#f3ead9", "#ff8a3c", "#b9c6c8"
    fig.text(0.06, 0.64, "Warm Start", color=cream, fontsize=58, weight="bold", family="DejaVu Serif")
    fig.text(0.06, 0.53, "Initialization & Transfer Learning", color=ember, fontsize=22)
    fig.text(0.06, 0.3, "From which point\nshould training start?", color=cream, fontsize=22, linespacing=1.5)
    fig.text(0.06, 0.1, "A course whose every claim is asserted by a cell", color=grey, fontsize=15)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=100)
    Image.open(buffer).convert("RGB").quantize(96).save(STATIC / "social-card.png", optimize=True)


if __name__ == "__main__":
    readme()
    social_card()
