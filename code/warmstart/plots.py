"""The book's figures: one style, and plots that take plain arrays and a matplotlib ``ax`` and return the ``ax``."""

from __future__ import annotations

import io
import math
import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from PIL import Image

from .errors import check_count, refuse

if TYPE_CHECKING:  # the parts of matplotlib that draw are slow to load, and whoever draws has loaded them
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Eight colours that the colour-blind tell apart, after Okabe and Ito (2008); the darker ones come first.
COLORS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}
#: What a colour means, in the whole book; within a group the colours differ for the colour-blind, too.
ROLES = {
    **{"vanishing": COLORS["blue"], "calibrated": COLORS["green"], "exploding": COLORS["vermillion"]},
    **{"train": COLORS["sky"], "test": COLORS["purple"]},
    **{"scratch": COLORS["black"], "frozen": COLORS["blue"], "fine_tuned": COLORS["vermillion"], "control": "#7F7F7F"},
}
STYLE = {
    "figure.figsize": (6.0, 3.5),
    "figure.dpi": 240,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.labelsize": 13,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "lines.linewidth": 2.0,
    "image.cmap": "cividis",
}


def use_style() -> None:
    """Set the book's style for all figures that follow; call it once, in a notebook after importing pyplot.

    Figures are six inches wide, drawn for fine screens, with letters that stay legible on a telephone; a notebook shows
    them as :func:`to_png` writes them.

    Example:
        >>> with mpl.rc_context():
        ...     use_style()
        ...     mpl.rcParams["figure.figsize"]
        [6.0, 3.5]

    Source: Wong (2011), Color blindness, Nature Methods 8, 441, for the colours.
    """
    mpl.rcParams.update(STYLE)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from matplotlib import pyplot
        from matplotlib.figure import Figure

        pyplot.switch_backend(mpl.get_backend())  # now, since at the first figure it would undo the next line
        shell.display_formatter.formatters["image/png"].for_type(Figure, to_png)


def to_png(figure: Figure) -> bytes:
    """Return ``figure`` as a PNG file of 64 colours: a third of the usual size, and without a trace of the program.

    Args:
        figure: Any figure; white space around it is cut off.

    Example:
        >>> from matplotlib.figure import Figure
        >>> to_png(Figure())[1:4]
        b'PNG'
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", bbox_inches="tight")
    colors = {"colors": 64, "method": Image.Quantize.MAXCOVERAGE, "dither": Image.Dither.NONE}
    Image.open(drawn).convert("RGB").quantize(**colors).save(small, format="png", optimize=True)
    return small.getvalue()


def band(ax: Axes, x, mean, spread, *, label: str | None = None, color: str | None = None) -> Axes:
    """Draw ``mean`` as a line with a shaded band of ``spread`` to both sides.

    Args:
        ax: Where to draw.
        x: Shape (n,).
        mean: Shape (n,).
        spread: Half the height of the band, not negative, shape (n,) or a number.
        label: For the legend.
        color: Of line and band; ``None`` means the next of the cycle.

    Raises:
        ValueError: If the shapes do not match.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> band(ax, [0, 1], mean=[2.0, 1.0], spread=[0.1, 0.2], label="three seeds") is ax
        True
    """
    x = np.asarray(x)
    mean = _like("mean", mean, x)
    spread = _like("spread", spread, x)
    (line,) = ax.plot(x, mean, label=label, color=color)
    ax.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.25, linewidth=0)
    return ax


def per_layer(
    ax: Axes, values, spread=None, predicted=None, *, label: str | None = None, color: str | None = None
) -> Axes:
    """Draw one measured value per layer as points, with error bars and the predicted values as a dashed line.

    The first value is that of layer 0, the input. Use ``ax.set_yscale("log")`` for values that grow or vanish.

    Args:
        ax: Where to draw.
        values: Shape (layers,).
        spread: Half the length of the error bars, shape (layers,) or a number; (2, layers) for below and above.
        predicted: Shape (layers,).
        label: For the legend, of the points.
        color: Of points and line; ``None`` means the next of the cycle.

    Raises:
        ValueError: If the shapes do not match.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> per_layer(ax, [1.0, 1.9, 4.2], spread=[0.0, 0.2, 0.5], predicted=[1.0, 2.0, 4.0]) is ax
        True
    """
    layers = np.arange(np.size(values))
    values = _like("values", values, layers)
    if spread is not None and np.shape(spread) != (2, len(layers)):
        spread = _like("spread", spread, layers)
    predicted = None if predicted is None else _like("predicted", predicted, layers)
    points = ax.errorbar(layers, values, yerr=spread, fmt="o", markersize=5, capsize=3, label=label, color=color)
    if predicted is not None:
        ax.plot(layers, predicted, "--", color=points[0].get_color(), linewidth=1.5)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("layer")
    return ax


def trajectory(ax: Axes, points, *, label: str | None = None, color: str | None = None) -> Axes:
    """Draw the path of an optimizer in the plane: an open circle at its start, a dot per step, a star at its end.

    Args:
        ax: Where to draw.
        points: Shape (steps + 1, 2).
        label: For the legend.
        color: Of the path; ``None`` means the next of the cycle.

    Raises:
        ValueError: If the shape is not allowed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> trajectory(ax, [[2.0, 1.0], [1.0, 0.2], [0.5, 0.0]], label="from (2, 1)") is ax
        True
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise refuse("points", points.shape, "the shape (steps + 1, 2)")
    (line,) = ax.plot(*points.T, ".-", color=color, linewidth=1.2, markersize=4, label=label)
    color = line.get_color()
    ax.plot(*points[0], "o", color=color, markersize=8, markerfacecolor="white", markeredgewidth=2)
    ax.plot(*points[-1], "*", color=color, markersize=13, markeredgecolor="white")
    return ax


def contours(ax: Axes, values, x, y, *, levels=12, color: str = "#888888") -> Axes:
    """Draw the level lines of a function of two variables, the second upwards, with equal scales on both axes.

    Args:
        ax: Where to draw.
        values: Function values, shape (len(y), len(x)).
        x: Shape (columns,).
        y: Shape (rows,).
        levels: How many lines, or the values at which to draw them.
        color: Of the lines.

    Raises:
        ValueError: If the shapes do not match.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> x, y = np.linspace(-2, 2, 41), np.linspace(-1, 1, 21)
        >>> contours(ax, x**2 + 4 * y[:, None] ** 2, x, y) is ax
        True
    """
    ax.contour(x, y, _grid(values, x, y), levels=levels, colors=color, linewidths=0.8, zorder=0.5)
    ax.set_aspect("equal")
    return ax


def heatmap(
    ax: Axes, values, x, y, *, label: str | None = None, fmt: str = "{:.2g}", missing: str = "–", vmin=None, vmax=None
) -> Axes:
    """Draw a table of numbers as coloured cells that carry their number; cells that are not finite are grey.

    Args:
        ax: Where to draw.
        values: Shape (len(y), len(x)); the first row is the lowest.
        x: Names or numbers of the columns.
        y: Names or numbers of the rows.
        label: What the numbers are, for the colour bar; ``None`` means no colour bar.
        fmt: How a number is written in its cell; ``""`` writes none.
        missing: What is written in a cell that is not finite.
        vmin: Value of the darkest colour; ``None`` means the smallest value.
        vmax: Value of the lightest colour; ``None`` means the largest value.

    Raises:
        ValueError: If the shapes do not match.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> heatmap(ax, [[0.8, np.nan], [0.7, 0.9]], x=[0.1, 1.0], y=["small", "large"], label="accuracy") is ax
        True
    """
    values = np.ma.masked_invalid(_grid(values, x, y))
    image = ax.imshow(values, origin="lower", aspect="auto", vmin=vmin, vmax=vmax, cmap="cividis")
    ax.set_facecolor("#DDDDDD")
    ax.set_xticks(range(len(x)), [_text(name) for name in x])
    ax.set_yticks(range(len(y)), [_text(name) for name in y])
    for (row, column), value in np.ndenumerate(values.filled(np.nan)) if fmt else ():
        finite = math.isfinite(value)
        color = "black" if not finite or image.norm(value) > 0.45 else "white"
        ax.text(column, row, fmt.format(value) if finite else missing, ha="center", va="center", color=color, size=10)
    if label is not None:
        ax.figure.colorbar(image, ax=ax, label=label)
    return ax


def image_grid(ax: Axes, images, *, columns: int = 10, vmin=None, vmax=None, cmap: str = "gray_r") -> Axes:
    """Draw images side by side in one frame, row by row, with a gap of one pixel.

    Args:
        ax: Where to draw.
        images: Shape (n, height, width).
        columns: Images per row.
        vmin: Value of the first colour; ``None`` means the smallest value.
        vmax: Value of the last colour; ``None`` means the largest value.
        cmap: matplotlib's name of the colours; ``"gray_r"`` shows 0 as white.

    Raises:
        ValueError: If the shape or the number of columns is not allowed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = image_grid(Figure().subplots(), np.zeros((7, 28, 28)), columns=4)
        >>> ax.images[0].get_array().shape  # two rows of four, with gaps
        (57, 115)
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 3 or images.size == 0:
        raise refuse("images", images.shape, "the shape (n, height, width), not empty")
    columns = check_count("columns", columns)
    count, height, width = images.shape
    columns, rows = min(columns, count), math.ceil(count / columns)
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for index, image in enumerate(images):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    ax.imshow(canvas, cmap=cmap, vmin=vmin, vmax=vmax, interpolation="nearest")
    ax.set_axis_off()
    return ax


def _like(name, values, reference):
    values = np.asarray(values, dtype=float)
    if values.shape not in ((), reference.shape):
        raise refuse(name, values.shape, f"the shape {reference.shape}, or a number")
    return np.broadcast_to(values, reference.shape)


def _grid(values, x, y):
    values = np.asarray(values, dtype=float)
    if values.shape != (len(y), len(x)):
        raise refuse("values", values.shape, f"the shape (len(y), len(x)) = {(len(y), len(x))}")
    return values


def _text(name):
    return name if isinstance(name, str) else f"{name:g}"
