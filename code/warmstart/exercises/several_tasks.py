"""Checks of the chapter *Learning several tasks at once*."""

from itertools import pairwise

from .asks import Flags, Function
from .core import Mistake, as_array, call, compare, exercise


@exercise(
    "several-tasks-moves",
    asks=Flags(
        "moves",
        (
            "weights (1, 0): the trunk moves",
            "weights (1, 0): the first head moves",
            "weights (1, 0): the second head moves",
            "weights (1, 1): the trunk moves",
            "weights (1, 1): the first head moves",
            "weights (1, 1): the second head moves",
            "weights (0, 1): the trunk moves",
            "weights (0, 1): the first head moves",
            "weights (0, 1): the second head moves",
        ),
    ),
    right="A weight of zero takes a task's head out of training, and the task out of the trunk.",
    hints=(
        "Each head has one task, the trunk has both: which of them has a weight that is not zero?",
        "A head moves if its own weight is not zero; the trunk moves if any is.",
    ),
)
def moves(answer, rng):
    """What moves in the three arms: trunk, first head, second head."""
    rows = [
        ("everything", [1] * 9, "A head whose task has weight 0 gets no gradient.", "Look at single."),
        ("a frozen trunk", [0, 1, 0, 0, 1, 1, 0, 0, 1], "The trunk is in every loss.", "It moves in each arm."),
        (
            "heads exchanged",
            [1, 0, 1, 1, 1, 1, 1, 1, 0],
            "Single has the first task, and its head.",
            "Exchange the heads.",
        ),
        (
            "a trunk that needs both",
            [0, 1, 0, 1, 1, 1, 0, 0, 1],
            "One task is enough to move the trunk.",
            "It moves in single, too.",
        ),
        (
            "the trunk belongs to the first",
            [1, 1, 0, 1, 1, 1, 0, 0, 1],
            "The second task moves the trunk as well.",
            "Look at the third arm.",
        ),
        (
            "nothing in joint",
            [1, 1, 0, 0, 0, 0, 1, 0, 1],
            "In joint both weights are 1.",
            "All three parts move there.",
        ),
    ]
    compare(answer, [1, 1, 0, 1, 1, 1, 1, 0, 1], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "several-tasks-saved",
    asks=Function("saved(sizes, classes)"),
    right="Each further task costs a head, and no trunk.",
    hints=(
        "How many trunks do separate networks have, and how many has the shared one?",
        "T - 1 trunks are saved, with weights and biases; the heads are the same.",
    ),
)
def saved(answer, rng):
    """How many numbers hard sharing saves against a network for each task."""
    for _ in range(2):
        sizes = [int(size) for size in rng.integers(4, 30, size=int(rng.integers(3, 5)))]
        classes = [int(number) for number in rng.integers(2, 9, size=int(rng.integers(3, 5)))]
        weights = sum(m * n for m, n in pairwise(sizes))
        trunk, heads = weights + sum(sizes[1:]), sum((sizes[-1] + 1) * number for number in classes)
        T = len(classes)
        rows = [
            ("all trunks", T * trunk, "The shared network has a trunk, too.", "One of them stays."),
            ("no biases", (T - 1) * weights, "Each unit has a bias.", "Count them as well."),
            ("heads as well", (T - 1) * trunk + heads, "The heads are in both.", "They cancel."),
            ("one trunk", trunk, "With more than two tasks more is saved.", "Multiply by T - 1."),
            ("what is left", trunk + heads, "This is the shared network itself.", "What is saved is asked for."),
            ("biases of the inputs", (T - 1) * (trunk + sizes[0]), "The inputs have no bias.", "Leave sizes[0] out."),
        ]
        got = as_array(call(answer, tuple(sizes), tuple(classes)), ())
        compare(got, (T - 1) * trunk, mistakes=[Mistake(*row) for row in rows])


@exercise(
    "several-tasks-trunk",
    asks=Function("felt(V1, V2, delta1, delta2, weight1, weight2)"),
    right="The tasks meet in the trunk, as a weighted sum; nowhere else.",
    hints=(
        "What does one task alone send back through its head, for all examples at once?",
        "delta @ V for each task, of shape (n, d); then the sum with the weights.",
    ),
)
def trunk(answer, rng):
    """The gradient of the joint loss by the activations of the trunk."""
    V, delta = [rng.normal(size=(4, 4)) for _ in range(2)], [rng.normal(size=(5, 4)) for _ in range(2)]
    one, two = rng.uniform(0.5, 1), rng.uniform(1.5, 2)
    own = [d @ v for d, v in zip(delta, V, strict=True)]
    right = one * own[0] + two * own[1]
    rows = [
        ("no weights", own[0] + own[1], "Each task has its weight in the loss.", "Multiply by the weights."),
        ("a mean", right / 2, "The loss is a sum over the tasks.", "Do not divide by 2."),
        ("a weighted mean", right / (one + two), "The weights need not sum to 1.", "Do not divide."),
        ("weights exchanged", two * own[0] + one * own[1], "Which weight belongs to which?", "Exchange them."),
        ("one task", one * own[0], "Both tasks move the trunk.", "Add the second."),
        (
            "heads exchanged",
            one * delta[0] @ V[1] + two * delta[1] @ V[0],
            "Each gradient goes back through its own head.",
            "Exchange the heads.",
        ),
        (
            "a head that is transposed",
            one * delta[0] @ V[0].T + two * delta[1] @ V[1].T,
            "z = V h, so the gradient is V^T delta, or delta @ V with examples as rows.",
            "Drop the transposition.",
        ),
    ]
    got = as_array(call(answer, *V, *delta, one, two), (5, 4))
    compare(got, right, mistakes=[Mistake(*row) for row in rows])


@exercise(
    "several-tasks-tie",
    asks=Function("step(one, other, gamma, rate)"),
    right="Both go half of the way that is lost: their mean stays where it is.",
    hints=(
        "The penalty is gamma times the squared distance: what is its gradient by each of the two?",
        "2 gamma (one - other) by the first, the opposite by the second; both steps from the old values.",
    ),
)
def tie(answer, rng):
    """One step of gradient descent on the penalty of soft sharing alone."""
    one, other, gamma, rate = rng.normal(size=3), rng.normal(size=3), rng.uniform(0.5, 1), rng.uniform(0.1, 0.3)
    step = 2 * rate * gamma * (one - other)
    new = one - step
    rows = [
        ("no factor 2", [one - step / 2, other + step / 2], "The derivative of a square has a 2.", "Multiply by 2."),
        ("apart", [one + step, other - step], "The penalty pulls them together.", "Exchange the signs."),
        ("one that waits", [one - step, other], "Both are in the penalty.", "The second moves as well."),
        ("the same direction", [one - step, other - step], "The two gradients are opposite.", "Mind the sign."),
        (
            "one after the other",
            [new, other + 2 * rate * gamma * (new - other)],
            "Both gradients are taken at the old values.",
            "Compute the difference once.",
        ),
        ("no strength", [one - step / gamma, other + step / gamma], "Where is gamma?", "Multiply by it."),
        ("no rate", [one - step / rate, other + step / rate], "Where is the learning rate?", "Multiply by it."),
    ]
    got = as_array(call(answer, one, other, gamma, rate), (2, 3))
    compare(got, [one - step, other + step], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "several-tasks-bug",
    asks=Function("joint_loss(losses1, losses2, weight)"),
    right="A mean for each task: else the one with more examples has more to say, whatever its weight.",
    hints=(
        "What happens to the first task's share if the second brings ten times as many examples?",
        "The mean of each task's losses first, then the weighted sum.",
    ),
)
def bug(answer, rng):
    """The joint loss from the losses of the examples of two tasks."""
    one, two, weight = rng.uniform(1, 2, size=4), rng.uniform(2, 3, size=20), rng.uniform(0.3, 0.7)
    right = one.mean() + weight * two.mean()
    rows = [
        (
            "the bug is still in",
            (one.sum() + weight * two.sum()) / 24,
            "The examples are counted together.",
            "Each task has its own mean.",
        ),
        ("no weight", one.mean() + two.mean(), "Where is the weight?", "Multiply the second mean by it."),
        ("sums", one.sum() + weight * two.sum(), "A loss is a mean over its examples.", "Divide each by its number."),
        ("the weight on the first", weight * one.mean() + two.mean(), "Whose weight is it?", "It is of the second."),
        ("a mean of the tasks", right / 2, "The loss is a sum over the tasks.", "Do not divide by 2."),
        ("a weighted mean", right / (1 + weight), "The loss is a sum over the tasks.", "Do not divide by the weights."),
        ("one number of examples", (one.sum() + weight * two.sum()) / 4, "Each has its own n.", "Use two means."),
    ]
    compare(as_array(call(answer, one, two, weight), ()), right, mistakes=[Mistake(*row) for row in rows])
