"""Every exercise against its answers: the right ones, the known mistakes with their hints, other wrong ones, nonsense.

The answers of a chapter are data in ``answers_<chapter>.py``, which is found, not listed:
``RIGHT`` has (exercise, answer), the exercise without the name of its chapter; ``WRONG`` (exercise, answer, part of the
mistake's name, part of its first hint);
``UNKNOWN`` wrong answers that no mistake explains; ``UNUSABLE`` what is no answer of the kind asked for.
"""

import ast
import inspect
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch_answers

from warmstart.exercises import core
from warmstart.exercises.asks import Function
from warmstart.exercises.core import examine, exercises, registered

SEEDS = range(8)
HERE = Path(__file__).parent
ANSWERS = {path.stem.removeprefix("answers_"): import_module(path.stem) for path in sorted(HERE.glob("answers_*.py"))}
RIGHT, WRONG, UNKNOWN, UNUSABLE = (
    [
        (f"{chapter.replace('_', '-')}-{name}", *row)
        for chapter, module in ANSWERS.items()
        for name, *row in getattr(module, kind)
    ]
    for kind in ("RIGHT", "WRONG", "UNKNOWN", "UNUSABLE")
)
RIGHT += torch_answers.RIGHT
NONSENSE = [None, [], {}, float("nan"), "\N{SNOWMAN}", lambda *inputs: None, lambda *inputs: 1 / 0, lambda: 1, print]


@pytest.fixture(autouse=True)
def no_earlier_tries():
    core._tries.clear()


def look(name, answer, seed=0):
    return examine(name, answer, rng=np.random.default_rng(seed))


def test_every_exercise_has_answers():
    right, wrong = Counter(name for name, _ in RIGHT), Counter(name for name, *_ in WRONG)
    for name in exercises():
        assert right[name] >= 2, f"{name}: the solution and one written differently"
        assert wrong[name] >= 4, f"{name}: at least four typical mistakes"
    assert set(right) == set(wrong) == set(exercises())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right(name, answer, seed):
    verdict = look(name, answer, seed)
    assert verdict.status == "right", verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer", "mistake", "hint"), WRONG)
def test_wrong_is_named_and_has_its_own_hint(name, answer, mistake, hint, seed):
    verdict = look(name, answer, seed)
    assert verdict.status == "wrong", verdict
    assert mistake in verdict.mistake, verdict
    assert hint in verdict.message.split("Hint: ")[1], verdict


@pytest.mark.parametrize(("name", "answer", "mistake", "hint"), WRONG)
def test_hints_say_more_with_each_try(name, answer, mistake, hint):
    first, second = (look(name, answer).message for _ in range(2))
    assert first.count("Hint:") == 1
    assert second.count("Hint:") == 2
    assert second.startswith(first)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer"), UNKNOWN)
def test_an_unknown_mistake_is_wrong_all_the_same(name, answer, seed):
    verdict = look(name, answer, seed)
    assert (verdict.status, verdict.mistake) == ("wrong", "")
    assert "Hint: " in verdict.message


@pytest.mark.parametrize(("name", "answer"), UNUSABLE + [(name, answer) for name in exercises() for answer in NONSENSE])
def test_nonsense_gets_a_message(name, answer):
    assert look(name, answer).status == "unusable"


@pytest.mark.parametrize("name", [name for name in exercises() if not isinstance(registered(name).asks, Function)])
def test_the_kind_of_an_exercise_refuses_what_cannot_be_judged_and_nothing_else(name):
    answers = [answer for other, answer, *_ in RIGHT + WRONG + UNKNOWN + UNUSABLE if other == name] + NONSENSE
    for answer in answers:
        try:
            registered(name).asks.read(answer)
            readable = True
        except core.Unusable:
            readable = False
        assert readable == (look(name, answer).status != "unusable"), answer


def signatures():
    """For each function that is asked for: its exercise and its signature."""
    return [(name, kind.signature) for name in exercises() if isinstance(kind := registered(name).asks, Function)]


@pytest.mark.parametrize(("name", "signature"), signatures())
def test_right_answers_have_the_arguments_that_are_asked_for(name, signature):
    count = len(ast.parse(f"def {signature}: ...").body[0].args.args)
    for other, answer in RIGHT:
        if other == name:
            inspect.signature(answer).bind(*range(count))


@pytest.mark.parametrize("name", exercises())
def test_unattempted(name):
    assert look(name, ...).status == "unattempted"
    kind, given = registered(name).asks, {}
    exec(kind.attempt(), given)
    assert look(name, given[kind.name]).status == "unattempted"


def test_waking_is_what_a_network_does():
    """A zero start with three hidden sigmoid layers: the layers move in the steps that the exercise asks for."""
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((6, 8)), np.eye(3)[[0, 0, 1, 0, 2, 0, 1, 0]].T
    weights = [np.zeros((4, 6)), np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((3, 4))]
    first = {}
    for step in range(1, 6):
        activations = [x]
        for weight in weights[:-1]:
            activations.append(1 / (1 + np.exp(-weight @ activations[-1])))
        logits = np.exp(weights[-1] @ activations[-1])
        delta = logits / logits.sum(axis=0) - target
        gradients = []
        for layer in reversed(range(4)):
            gradients.insert(0, delta @ activations[layer].T)
            delta = (weights[layer].T @ delta) * activations[layer] * (1 - activations[layer])
        for layer, gradient in enumerate(gradients, start=1):
            if np.any(gradient != 0):
                first.setdefault(layer, step)
        weights = [weight - 0.1 * gradient for weight, gradient in zip(weights, gradients, strict=True)]
    assert first == {layer: 3 + 2 - layer for layer in range(1, 5)}
