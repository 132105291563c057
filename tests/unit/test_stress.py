"""make stress: the knobs it reads, the assertions it counts, and what the ledger says of it."""

from types import SimpleNamespace

import pytest
from nbformat import from_dict

import stress
from bookext import claims


def cell(name, source, kind="code"):
    made = {"id": name, "source": source, "cell_type": kind, "metadata": {}, "outputs": [], "execution_count": None}
    return from_dict(made)


def notebook(*sources):
    parameters = cell("parameters", "SEED = 0\nWIDTH = 8  # units, holds from 8\nRATE = 0.5  # learning rate")
    return SimpleNamespace(cells=[cell("text", "prose", "markdown"), parameters, *sources])


def test_bounds_clip_the_values_and_what_is_no_number_is_no_knob():
    source = "SEED = 4\nN = 5\nNAME = 'x'\nDEPTHS = (1, 2)\nlocal = 3\nEPS = 1e-3  # holds from 1e-4 to 1.5e-3"
    found = stress.knobs(SimpleNamespace(cells=[cell("parameters", source)]))
    assert found == {"SEED": (4, [1, 2, 3]), "N": (5, [2, 10]), "EPS": (1e-3, [5e-4, 1.5e-3])}


def test_every_failed_assertion_is_reported_also_inside_functions_and_after_an_error():
    made = notebook(
        cell("assert-L01", "assert WIDTH < 10, 'first'\nassert RATE == 0.5\nassert WIDTH < 12"),
        cell("inside", "def see(x):\n    assert x < 10\n    return x\n\n\nsee(WIDTH)"),
        cell("broken", "nothing"),
        cell("numbers-run", "assert SEED == 0"),
    )
    assert stress.failures(made) == [("broken", "NameError: name 'nothing' is not defined")]
    assert stress.failures(made, "WIDTH", 16) == [
        ("assert-L01", "WIDTH < 10"),
        ("assert-L01", "WIDTH < 12"),
        ("inside", "x < 10"),
        ("broken", "NameError: name 'nothing' is not defined"),
    ]
    assert ("numbers-run", "SEED == 0") in stress.failures(made, "SEED", 2)


def test_the_report_names_what_was_tried_and_what_failed():
    made = notebook(cell("assert-L01", "assert WIDTH < 10"))
    outcomes = {("SEED", 0): [], ("WIDTH", 16): [("assert-L01", "WIDTH < 10")]}
    result = {"start": stress.summary(made, outcomes)}
    first, second = (claims.Finding(number, "holds", "", "01_start") for number in ("L01", "L02"))
    text = "stressed: seed 0 to 3, width 8 to 16, rate 0.25 to 1"
    assert claims.stress_report(first, result, made.cells) == f"{text}; it fails at WIDTH = 16"
    assert claims.stress_report(second, result, made.cells) == text
    assert claims.stress_report(first, {}, made.cells) == "not stressed yet"
    made.cells[-1].source += "  # a comment"
    assert claims.stress_report(second, result, made.cells) == text
    made.cells[-1].source += "\nassert RATE"
    assert claims.stress_report(second, result, made.cells) == f"{text}; with an earlier version of the cells"


def test_prose_exercises_and_the_bootstrap_cell_do_not_change_what_a_run_depends_on():
    made = notebook(cell("code", "from warmstart import scale\nx = scale.gain('relu')"))
    before = claims.stress_memory(made.cells)
    assert "scale.gain" in before["package"]
    made.cells[0].source = "other prose"
    made.cells.insert(0, cell("bootstrap", "%pip install this"))
    made.cells.append(cell("ex-starting-point-try", "x = 2"))
    assert claims.stress_memory(made.cells) == before


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("-2", -2), ("0.5", 0.5), ("1e-3", 1e-3)])
def test_numbers_keep_their_type(text, value):
    assert stress.number(text) == value
    assert type(stress.number(text)) is type(value)
