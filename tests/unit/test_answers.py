"""What the page says without Python is what the check says: to random numbers and edges, to every row and choice."""

import bisect
import itertools

import numpy as np
import pytest

from bookext import answers
from warmstart.exercises import asks, page
from warmstart.exercises.core import examine, exercises, registered


def of_kind(*kinds):
    return [name for name in exercises() if type(registered(name).asks) in kinds]


def verdict(name, answer):
    found = examine(name, answer, tries=0)
    return {"status": found.status, "said": found.said, "hints": list(found.hints)}


@pytest.mark.parametrize("name", of_kind(asks.Number))
def test_the_table_of_a_number_is_the_check(name):
    table, rng = answers.of_number(name), np.random.default_rng(0)
    assert {entry["status"] for entry in table["verdicts"]} == {"right", "wrong"}
    cuts = np.array(table["cuts"])
    drawn = [10 ** rng.uniform(-12, 5, 400), -(10 ** rng.uniform(-12, 5, 50)), [0.0, 1e300, -1e300]]
    edges = [cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf), cuts * (1 + 1e-4), cuts * (1 - 1e-4)]
    for number in np.concatenate([*drawn, *edges]).tolist():
        found = table["verdicts"][table["at"][bisect.bisect_left(table["cuts"], number)]]
        assert found == verdict(name, number), number


@pytest.mark.parametrize("name", of_kind(asks.Flags, asks.Letters))
def test_the_table_of_rows_and_letters_is_the_check(name):
    entry = answers.field(name)
    table, labels = entry["table"], entry["labels"]
    for place, flags in enumerate(itertools.product([False, True], repeat=len(labels))):
        chosen = "".join(label for label, flag in zip(labels, flags, strict=True) if flag)
        found = table["verdicts"][int(table["at"][place], 36)]
        assert found == verdict(name, chosen if entry.get("letters") else list(flags)), flags


def test_each_exercise_belongs_to_one_chapter_and_has_a_field():
    chapters = {registered(name).function.__module__.rpartition(".")[2] for name in exercises()}
    assert sorted(itertools.chain(*map(answers.fields, chapters))) == exercises()
    kinds = {answers.field(name)["kind"] for name in exercises() if name not in of_kind(asks.Number)}
    assert kinds == {"function", "numbers", "flags"}


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("def gain(a, b):\n    return math.sqrt(2 / (a**2 + b**2))", "right", "Right."),
        ("def gain(a, b):\n    return np.sqrt(2) / helper(a, b)", "right", "Right."),
        ("def gain(a, b):\n    return 2", "wrong", "Not yet"),
        ("x = 1", "unattempted", "replace the dots by your answer."),
        ("def gain(a, b):\n    return (", "unusable", "SyntaxError: '(' was never closed (line 2)"),
        ("\n1 / 0", "unusable", "ZeroDivisionError: division by zero (line 2)"),
    ],
)
def test_an_answer_from_the_page_is_judged_as_in_a_notebook(source, status, words):
    found = page.judge("he-two-slopes", source, "def helper(a, b):\n    return np.hypot(a, b)", seed=0)
    assert found["status"] == status
    assert words in found["said"]
    assert "run the cell again" not in found["said"]


def test_what_an_answer_prints_is_given_back():
    assert page.judge("he-two-slopes", "print('here')")["printed"] == "here\n"
