"""The exercise framework: verdicts, hints that grow, and nonsense that is answered and never raised."""

import math
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from warmstart.exercises import asks, core


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Exercises of our own: a number, a function, two flags, letters."""
    monkeypatch.setattr(core, "_registry", {})
    monkeypatch.setattr(core, "_tries", core.Counter())
    monkeypatch.setattr(core, "iter_modules", lambda folders: [])

    hints = ("Count again.", "It is small.", "It is even.")

    @core.exercise("toy-number", asks=asks.Number(), right="Two is even.", hints=hints)
    def number(answer, rng):
        mistakes = [core.Mistake("one too many", 3.0, "You counted the end.", "Leave the end out.")]
        core.compare(answer, 2.0, mistakes=mistakes)

    @core.exercise("toy-double", asks=asks.Function("double(x)"), right="Doubling is linear.", hints=("Try f(1).",))
    def double(answer, rng):
        x = rng.normal(size=3)
        mistakes = [core.Mistake("the square", x**2, "Not x times x.")]
        core.compare(core.call(answer, x), 2 * x, mistakes=mistakes)

    @core.exercise("toy-flags", asks=asks.Flags("same", ("a turn", "a stretch")), right="Yes.", hints=("Which?",))
    def flags(answer, rng):
        core.compare(answer, [1, 0], mistakes=[core.Mistake("the mirror image", [0, 1], "Turn around.")])

    @core.exercise("toy-letters", asks=asks.Letters("answer", "ABC"), right="Yes.", hints=("Which one?",))
    def letters(answer, rng):
        if answer != {"A", "B"}:
            raise core.Wrong("the mirror image", "Turn around.")


@pytest.mark.parametrize(
    "answer", [2, 2.0, np.float32(2), np.array(2), torch.tensor(2.0, requires_grad=True), 2 + 1e-8]
)
def test_right_in_any_numeric_dress(answer):
    verdict = core.examine("toy-number", answer)
    assert (verdict.status, str(verdict)) == ("right", "✓ Right. Two is even.")


def test_unattempted():
    assert core.examine("toy-number").status == "unattempted"
    assert "Not attempted" in str(core.examine("toy-number", ...))


@pytest.mark.parametrize("name", ["toy-number", "toy-double", "toy-flags", "toy-letters"])
def test_what_the_notebook_gives_runs_and_is_not_attempted(name):
    kind, namespace = core.registered(name).asks, {}
    exec(kind.attempt(), namespace)
    assert core.examine(name, namespace[kind.name]).status == "unattempted"


def test_a_list_with_dots_left_is_not_attempted():
    assert core.examine("toy-flags", [True, ...]).status == "unattempted"


def test_letters_may_be_separated_in_any_way():
    for answer in ("AB", "b, a", ["A", "B"], "A and B"):
        assert core.examine("toy-letters", answer).status == "right"


def test_the_number_of_tries_can_be_handed_in():
    for tries, seen in ((0, 1), (2, 3), (9, 3), (0, 1)):
        assert core.examine("toy-number", 7, tries=tries).message.count("Hint:") == seen


def test_a_recognized_mistake_is_named_and_hints_grow():
    first, second, third = (core.examine("toy-number", 3) for _ in range(3))
    assert first.mistake == "one too many"
    assert "one too many" in first.message
    assert "counted the end" in first.message
    assert "Leave the end out" not in first.message
    assert "Leave the end out" in second.message
    assert second.message == third.message


def test_general_hints_grow_and_start_again_after_success():
    assert "small" not in core.examine("toy-number", 7).message
    assert "small" in core.examine("toy-number", 8).message
    core.examine("toy-number", 2)
    assert "small" not in core.examine("toy-number", 7).message


def test_nonsense_costs_no_try():
    core.examine("toy-number", "two")
    core.examine("toy-number", None)
    assert "small" not in core.examine("toy-number", 7).message


def raises(x):
    raise RuntimeError("boom")


def leaves(x):
    raise SystemExit(3)


class Leaving:
    """Every look at it wants to end the program."""

    def __repr__(self):
        raise SystemExit(1)

    __array__ = __repr__


class Endless:
    def __array__(self, *arguments, **options):
        while True:
            pass


class Hostile:
    """Every look at it fails."""

    def __getattr__(self, name):
        raise RuntimeError("hands off")

    def __repr__(self):
        raise RuntimeError("hands off")

    __array__ = __float__ = __repr__


NONSENSE = [
    ("toy-number", "two", "a number, and you gave str 'two'"),
    ("toy-number", None, "a number, and you gave None"),
    ("toy-number", True, "a number, and you gave bool True"),
    ("toy-number", 1j, "a number, and you gave complex"),
    ("toy-number", math.nan, "(finite), and you gave float nan"),
    ("toy-number", -math.inf, "(finite), and you gave float -inf"),
    ("toy-number", [1, 2], "an array of shape (2,)"),
    ("toy-number", [[1], [1, 2]], "a number, and you gave list"),
    ("toy-number", {"a": 1}, "a number, and you gave dict"),
    ("toy-number", raises, "a number, and you gave the function raises"),
    ("toy-number", Hostile, "cannot be checked: RuntimeError: hands off"),
    ("toy-number", Leaving(), "cannot be checked: SystemExit: 1"),
    ("toy-double", lambda x: Leaving(), "cannot be checked: SystemExit: 1"),
    ("toy-number", 10**400, "a number, and you gave int 1000"),
    ("toy-double", 5, "a function, and you gave int 5"),
    ("toy-double", raises, "Your function raised RuntimeError: boom"),
    ("toy-double", leaves, "Your function raised SystemExit: 3"),
    ("toy-double", lambda: 1, "Your function raised TypeError"),
    ("toy-double", lambda x: None, "you gave None (does your function return something?)"),
    ("toy-double", lambda x: "four", "an array of shape (3,), and you gave str 'four'"),
    ("toy-double", lambda x: 1.0, "an array of shape (3,), and you gave a number"),
    ("toy-double", lambda x: x * np.inf, "an array with values that are not finite"),
    ("toy-flags", [True], "an array of shape (2,)"),
    ("toy-flags", [0.5, 0], "a list of 2 True or False, and you gave list [0.5, 0]"),
    ("toy-flags", "AB", "an array of shape (2,), and you gave str 'AB'"),
    ("toy-letters", 3, "text of the letters A to C, such as 'ABC', and you gave int 3"),
    ("toy-letters", "AD", "text of the letters A to C, such as 'ABC', and you gave str 'AD'"),
    ("toy-letters", ["A", 2], "text of the letters A to C"),
]


@pytest.mark.parametrize(("name", "answer", "message"), NONSENSE, ids=[message for *_, message in NONSENSE])
def test_nonsense_is_answered(name, answer, message, capsys):
    answer = Hostile() if answer is Hostile else answer  # pytest itself may not look at one
    verdict = core.examine(name, answer)
    assert verdict.status == "unusable"
    assert message in verdict.message
    core.check(name, answer)
    assert capsys.readouterr().out == f"✗ {verdict.message}\n"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["toy-number", "toy-double", "toy-flags", "toy-letters"]), anything)
def test_no_answer_raises(name, answer):
    for given_answer in (answer, lambda *inputs: answer):
        assert core.examine(name, given_answer).status in ("right", "wrong", "unusable")


def endless(x):
    while True:
        with suppress(Exception):
            x = x + 1


@pytest.fixture(params=["threads", "no threads"])
def threads(request, monkeypatch):
    """As on a computer, and as in a browser."""
    if request.param == "no threads":
        if sys.version_info < (3, 12):
            pytest.skip("without threads a deadline needs Python 3.12; tests/site tries it in a browser")
        monkeypatch.setattr(core.threading.Timer, "start", raises)


def test_an_endless_loop_is_stopped(threads, monkeypatch):
    monkeypatch.setattr(core, "SECONDS", 0.2)
    assert "does a loop never end?" in core.examine("toy-double", endless).message
    assert "does a loop never end?" in core.examine("toy-number", Endless()).message
    assert core.examine("toy-double", lambda x: x + x).status == "right", "and the next answer is judged as usual"


def test_code_that_cannot_be_interrupted_is_reported_with_the_time_it_took(monkeypatch):
    monkeypatch.setattr(core, "SECONDS", 0.2)
    message = core.examine("toy-double", lambda x: time.sleep(1.2) or 2 * x).message
    assert "took 1 seconds; allowed are 0.2" in message


def test_a_number_as_text_will_do():
    assert core.examine("toy-number", " 2.0 ").status == "right"
    assert core.examine("toy-number", "3").mistake == "one too many"


def test_the_generator_must_decide_what_is_drawn():
    rng, own = np.random.default_rng(0), np.random.default_rng(1)
    for function, name in [
        (lambda n, rng: np.random.default_rng(3).random(n), "ignore the generator"),
        (lambda n, rng: np.arange(n), "ignore the generator"),
        (lambda n, rng: own.random(n) + rng.random(n), "another source"),
    ]:
        with pytest.raises(core.Wrong, match=name):
            core.draw(function, 4, shape=(4,), rng=rng)
    assert core.draw(lambda n, rng: rng.random(n), 4, shape=(4,), rng=rng).shape == (4,)


def test_the_checks_inputs_cannot_be_changed_nor_its_output_mixed(capsys):
    def cheat(x):
        print("noise")
        x[:] = 0
        return x

    assert core.examine("toy-double", cheat).status == "wrong"
    assert capsys.readouterr().out == ""


def test_inputs_are_fresh():
    seen = []
    core.examine("toy-double", lambda x: seen.append(x) or 2 * x)
    core.examine("toy-double", lambda x: seen.append(x) or 2 * x)
    assert not np.allclose(*seen)


@pytest.mark.parametrize("name", ["toy-nubmer", "", None, 3])
def test_an_unknown_exercise_lists_the_known(name):
    assert "toy-number" in core.examine(name, 1).message


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="registered twice"):
        core.exercise("toy-number", asks=asks.Number(), right="", hints=())(lambda answer, rng: None)


def test_a_mistake_that_equals_the_right_answer_by_chance_does_not_count():
    core.compare(2.0, 2.0, mistakes=[core.Mistake("same", 2.0)])
