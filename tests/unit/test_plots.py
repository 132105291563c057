"""plots: what is drawn is what was given, every function returns its ax, and figures are small and without a date."""

import base64
import io
import re

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

from warmstart import plots


@pytest.fixture
def ax():
    return Figure().subplots()


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_band_has_its_mean_and_both_edges(ax):
    assert plots.band(ax, [0, 1, 2], [5.0, 6.0, 7.0], [0.5, 1.0, 0.0], label="runs") is ax
    (line,), (area,) = ax.lines, ax.collections
    np.testing.assert_array_equal(line.get_xydata(), [[0, 5], [1, 6], [2, 7]])
    edges = {tuple(point) for point in area.get_paths()[0].vertices}
    assert {(0, 4.5), (0, 5.5), (1, 5), (1, 7), (2, 7)} <= edges
    assert line.get_label() == "runs"
    assert to_hex(area.get_facecolor()[0]) == to_hex(line.get_color())


def test_per_layer_has_points_bars_and_prediction(ax):
    assert plots.per_layer(ax, [1.0, 2.0, 4.0], [0.0, 0.5, 1.0], [1.0, 2.1, 4.3], color="red") is ax
    points, prediction = ax.lines[0], ax.lines[-1]
    np.testing.assert_array_equal(points.get_xydata(), [[0, 1], [1, 2], [2, 4]])
    np.testing.assert_array_equal(prediction.get_xydata(), [[0, 1], [1, 2.1], [2, 4.3]])
    (bars,) = ax.collections
    np.testing.assert_array_equal([segment[:, 1] for segment in bars.get_segments()], [[1, 1], [1.5, 2.5], [3, 5]])
    assert prediction.get_color() == "red"
    assert ax.get_xlabel() == "layer"


def test_per_layer_takes_unequal_bars_and_none(ax):
    plots.per_layer(ax, [1.0, 2.0], [[0.1, 0.2], [0.3, 0.4]])
    (bars,) = ax.collections
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], [[0.9, 1.3], [1.8, 2.4]])
    plots.per_layer(bare := Figure().subplots(), [1.0, 2.0])
    assert len(bare.lines) == 1


def test_trajectory_marks_start_and_end_in_one_colour_of_the_cycle(ax):
    points = [[2.0, 1.0], [1.0, 0.5], [0.0, 0.25]]
    assert plots.trajectory(ax, points, label="path") is ax
    path, start, end = ax.lines
    np.testing.assert_array_equal(path.get_xydata(), points)
    np.testing.assert_array_equal(start.get_xydata(), points[:1])
    np.testing.assert_array_equal(end.get_xydata(), points[-1:])
    plots.trajectory(ax, points)
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert [ax.lines[0].get_color(), ax.lines[3].get_color()] == cycle[:2]


def test_contours_are_level_sets(ax):
    x, y = np.linspace(-2, 2, 81), np.linspace(-1, 1, 41)
    assert plots.contours(ax, x**2 + y[:, None] ** 2, x, y, levels=[0.25, 0.64]) is ax
    paths = ax.collections[0].get_paths()
    for path, level in zip(paths, [0.25, 0.64], strict=True):
        np.testing.assert_allclose((path.vertices**2).sum(axis=1), level, atol=2e-3)
    assert ax.get_aspect() == 1


def test_heatmap_writes_each_number_in_its_cell(ax):
    assert (
        plots.heatmap(ax, [[0.1, 0.9], [np.nan, 0.4], [np.inf, 0.0]], [0.001, 10], ["a", "b", "c"], label="share") is ax
    )
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "0.1", (1, 0): "0.9", (0, 1): "–", (1, 1): "0.4", (0, 2): "–", (1, 2): "0"}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.001", "10"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.get_ylim()[0] < ax.get_ylim()[1], "the first row is the lowest"
    assert len(ax.figure.axes) == 2


def test_numbers_in_a_heatmap_are_legible_on_every_colour(ax):
    values = np.linspace(0, 1, 101)[None]
    plots.heatmap(ax, values, range(101), [""])
    for text, value in zip(ax.texts, values[0], strict=True):
        assert contrast(text.get_color(), mpl.colormaps["cividis"](value)) > 4, f"at {value:.2f}"
    assert len(ax.figure.axes) == 1


def test_image_grid_puts_each_image_in_its_place(ax):
    images = np.arange(5)[:, None, None] * np.ones((1, 2, 3))
    assert plots.image_grid(ax, images, columns=3) is ax
    shown = ax.images[0].get_array().filled(-1)
    nan = -1
    row = [[0, 0, 0, nan, 1, 1, 1, nan, 2, 2, 2]] * 2
    last = [[3, 3, 3, nan, 4, 4, 4, nan, nan, nan, nan]] * 2
    np.testing.assert_array_equal(shown, [*row, [nan] * 11, *last])
    assert plots.image_grid(Figure().subplots(), images, columns=99).images[0].get_array().shape == (2, 19)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda ax: plots.band(ax, [1, 2], [1, 2, 3], 0), "mean received (3,); allowed: the shape (2,), or a number"),
        (lambda ax: plots.band(ax, [1, 2], [1, 2], [0, 0, 0]), "spread received (3,); allowed: the shape (2,)"),
        (lambda ax: plots.per_layer(ax, [[1, 2]]), "values received (1, 2); allowed: the shape (2,)"),
        (lambda ax: plots.per_layer(ax, [1, 2], [1, 2, 3]), "spread received (3,); allowed: the shape (2,)"),
        (lambda ax: plots.per_layer(ax, [1, 2], predicted=[1]), "predicted received (1,); allowed: the shape (2,)"),
        (lambda ax: plots.trajectory(ax, [1, 2]), "points received (2,); allowed: the shape (steps + 1, 2)"),
        (lambda ax: plots.trajectory(ax, np.zeros((0, 2))), "points received (0, 2); allowed: the shape"),
        (lambda ax: plots.contours(ax, np.zeros((2, 3)), [1, 2], [1, 2, 3]), "received (2, 3); allowed: the shape"),
        (lambda ax: plots.heatmap(ax, np.zeros((2, 3)), [1, 2], [1, 2, 3]), "(len(y), len(x)) = (3, 2)"),
        (lambda ax: plots.image_grid(ax, np.zeros((28, 28))), "images received (28, 28); allowed: the shape (n, "),
        (lambda ax: plots.image_grid(ax, np.zeros((0, 2, 2))), "images received (0, 2, 2); allowed: the shape"),
        (lambda ax: plots.image_grid(ax, np.zeros((1, 2, 2)), columns=0), "columns received 0; allowed: whole"),
    ],
)
def test_wrong_shapes_are_named(ax, draw, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(ax)
    assert not ax.lines
    assert not ax.images


def test_letters_are_large_and_colours_stand_out():
    with mpl.rc_context():
        plots.use_style()
        sizes = [
            mpl.rcParams[key] for key in mpl.rcParams if key.endswith(("labelsize", "font.size", "legend.fontsize"))
        ]
        assert all(size >= 10 for size in sizes if isinstance(size, float))
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.COLORS.values())
    assert all(contrast(color, "white") > 3 for color in list(plots.COLORS.values())[:3])
    assert len(set(plots.COLORS.values())) == 8


def test_a_png_is_small_names_no_program_and_is_the_same_each_time():
    def draw():
        with mpl.rc_context():
            plots.use_style()
            figure = Figure()
            ax = figure.subplots()
            for shift in range(4):
                plots.band(ax, np.arange(50), np.sin(np.arange(50) / 9 + shift), 0.2, label=f"seed {shift}")
            ax.set(xlabel="epoch", ylabel="loss", title="A typical figure")
            ax.legend()
            return plots.to_png(figure)

    png = draw()
    assert png == draw()
    assert len(png) < 40_000
    image = Image.open(io.BytesIO(png))
    assert image.info == {}
    assert image.mode == "P"
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert image.width > 2 * 390, "sharp on a telephone"


def test_a_notebook_shows_figures_in_this_form():
    """Although the inline backend starts only at the first figure, and then sets a PNG writer of its own."""
    cells = [
        "from warmstart import plots\nplots.use_style()\nimport matplotlib.pyplot as plt",
        "fig, ax = plt.subplots()\nplots.band(ax, [0, 1], [1, 2], 0.1);",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[1].outputs
    raw = nbformat.from_dict(output)["data"]["image/png"]
    image = Image.open(io.BytesIO(base64.b64decode(raw)))
    assert (image.mode, image.info) == ("P", {})
