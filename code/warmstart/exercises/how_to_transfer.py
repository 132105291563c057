"""Checks of the chapter *How to transfer*."""

import numpy as np

from .asks import Flags, Function
from .core import Mistake, Unusable, as_array, call, compare, describe, exercise


@exercise(
    "how-to-transfer-stops",
    asks=Flags(
        "moves",
        ("learning rate 0", "requires_grad = False", "evaluation mode", "evaluation mode and requires_grad = False"),
    ),
    right="Only evaluation mode stops the running statistics; it stops nothing else.",
    hints=(
        "When does batch normalization update its running mean?",
        "In training mode, in the forward pass: the optimizer has no part in it.",
    ),
)
def stops(answer, rng):
    """Which of four ways let the running statistics move."""
    compare(
        answer,
        [1, 1, 0, 0],
        mistakes=[
            Mistake(
                "the parameters in place of the statistics",
                [0, 0, 1, 0],
                "These are the ways in which the parameters move.",
                "Which ways leave the forward pass in training mode?",
            ),
            Mistake(
                "the ways that stop them",
                [0, 0, 1, 1],
                "The question is in which ways they move.",
                "Turn the answer round.",
            ),
            Mistake(
                "statistics that are taken for parameters",
                [0, 0, 0, 0],
                "The statistics are no parameters, and no optimizer updates them.",
                "Look for the ways that stay in training mode.",
            ),
            Mistake(
                "the learning rate alone",
                [1, 0, 0, 0],
                "requires_grad concerns the backward pass.",
                "The statistics are updated in the forward pass.",
            ),
            Mistake(
                "all of them", [1, 1, 1, 1], "In evaluation mode they are read, not written.", "Two ways stop them."
            ),
        ],
    )


@exercise(
    "how-to-transfer-running",
    asks=Function("running(old, new, m, k)"),
    right="With torch's momentum of 0.1, after 22 minibatches only a tenth of the old mean is left.",
    hints=(
        "Write the difference to the new mean after one step.",
        "It shrinks by the factor 1 - m at each step.",
    ),
)
def running(answer, rng):
    """A geometric approach of the running mean to the mean of the new pictures."""
    for k in rng.integers(2, 6, 2):
        k, m = int(k), float(rng.uniform(0.2, 0.45))
        old, new = rng.uniform(-1, 0), rng.uniform(1, 2)
        left = (1 - m) ** k
        compare(
            as_array(call(answer, old, new, m, k), ()),
            left * old + (1 - left) * new,
            mistakes=[
                Mistake(
                    "the other convention for the momentum",
                    m**k * old + (1 - m**k) * new,
                    "In torch the momentum is the weight of the new batch.",
                    "What is left of the old mean is (1 - m)^k.",
                ),
                Mistake(
                    "the roles swapped",
                    (1 - left) * old + left * new,
                    "For large k it should be the new mean.",
                    "(1 - m)^k belongs to the old one.",
                ),
                Mistake(
                    "one step",
                    (1 - m) * old + m * new,
                    "This is the mean after one minibatch.",
                    "Apply it k times.",
                ),
                Mistake(
                    "equal steps",
                    old + k * m * (new - old),
                    "The step shrinks with the distance that is left.",
                    "The distance shrinks by the factor 1 - m.",
                ),
                Mistake("the old part alone", left * old, "Where is the new mean?", "Add (1 - (1 - m)^k) times it."),
                Mistake("the new mean", new, "After finitely many steps something of the old is left.", "How much?"),
            ],
        )


@exercise(
    "how-to-transfer-step",
    asks=Function("step(B, v, X, y, rate)"),
    right="Features and head move at the same time, each by what the other is before the step.",
    hints=(
        "Both updates use the same residuals, and the values before the step.",
        "B - rate / n * outer(v, X^T r) and v - rate / n * B X^T r.",
    ),
)
def step(answer, rng):
    """One step of gradient descent for a network of two linear layers."""
    for n in (4, 7):
        B, v, X, y = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(n, 3)), rng.normal(size=n)
        rate = float(rng.uniform(0.1, 0.5))
        g = X.T @ (X @ B.T @ v - y)
        new_B, new_v = B - rate / n * np.outer(v, g), v - rate / n * B @ g

        def both(features, head):
            return np.append(features.ravel(), head)

        given = call(answer, B, v, X, y, rate)
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Unusable(f"This exercise asks for two arrays, B and v, and you gave {describe(given)}.")
        compare(
            both(as_array(given[0], B.shape), as_array(given[1], v.shape)),
            both(new_B, new_v),
            mistakes=[
                Mistake("no step", both(B, v), "Nothing has moved.", "Subtract the gradients."),
                Mistake(
                    "a head that sees the features after their step",
                    both(new_B, v - rate / n * new_B @ g),
                    "The gradient is taken at one point, before the step.",
                    "Use the old B for v.",
                ),
                Mistake(
                    "features that see the head after its step",
                    both(B - rate / n * np.outer(new_v, g), new_v),
                    "The gradient is taken at one point, before the step.",
                    "Use the old v for B.",
                ),
                Mistake("frozen features", both(B, new_v), "Only the head has moved.", "B has a gradient, too."),
                Mistake("a frozen head", both(new_B, v), "Only the features have moved.", "v has a gradient, too."),
                Mistake(
                    "a step uphill",
                    both(2 * B - new_B, 2 * v - new_v),
                    "The loss grows.",
                    "Subtract the gradients.",
                ),
                Mistake(
                    "a sum in place of the mean",
                    both(B - rate * np.outer(v, g), v - rate * B @ g),
                    "The loss is a mean over the examples.",
                    "Divide by n.",
                ),
            ],
        )


@exercise(
    "how-to-transfer-speedup",
    asks=Function("speedup(E, t_f, t_h)"),
    right="With a cheap head the gain is the number of passes, and no more than that.",
    hints=(
        "Write the time of both ways for n pictures.",
        "Loop: epochs * (features + head). Stored: features + epochs * head.",
    ),
)
def speedup(answer, rng):
    """The ratio of the times of the loop and of stored features."""
    for _ in range(2):
        epochs, features, head = int(rng.integers(3, 40)), rng.uniform(1, 5), rng.uniform(0.05, 0.9)
        loop, stored = epochs * (features + head), features + epochs * head
        compare(
            as_array(call(answer, epochs, features, head), ()),
            loop / stored,
            mistakes=[
                Mistake(
                    "a head without cost",
                    epochs,
                    "This is the limit of a cheap head.",
                    "The head costs its time in each pass, in both ways.",
                ),
                Mistake(
                    "features in each pass of both",
                    loop / (epochs * features + head),
                    "Which of the two has to be repeated if the features are stored?",
                    "Only the head.",
                ),
                Mistake(
                    "the inverse",
                    stored / loop,
                    "How often does the short time fit into the long one?",
                    "Turn it round.",
                ),
                Mistake(
                    "a loop without the head",
                    epochs * features / stored,
                    "The loop trains the head as well.",
                    "Add the head to each pass of the loop.",
                ),
                Mistake("the time saved", loop - stored, "This is a difference.", "Divide the two times."),
            ],
        )


@exercise(
    "how-to-transfer-pull",
    asks=Function("pull(h, a, source, strength)"),
    right="The curvature of the loss and the strength of the pull weigh the two places.",
    hints=(
        "At the minimum the derivative of loss plus penalty is 0.",
        "h (theta - a) + strength (theta - source) = 0.",
    ),
)
def pull(answer, rng):
    """The minimum of a parabola with a penalty on the distance from the source."""
    for _ in range(2):
        h, strength = rng.uniform(1, 2), rng.uniform(3, 5)
        a, source = rng.uniform(1, 2), rng.uniform(-2, -1)
        compare(
            as_array(call(answer, h, a, source, strength), ()),
            (h * a + strength * source) / (h + strength),
            mistakes=[
                Mistake(
                    "a pull towards zero",
                    h * a / (h + strength),
                    "This is ordinary weight decay: it ignores the source.",
                    "The penalty is least at the source, not at 0.",
                ),
                Mistake(
                    "the weights swapped",
                    (strength * a + h * source) / (h + strength),
                    "What should a very strong pull do?",
                    "It ends at the source: the source is weighted by the strength.",
                ),
                Mistake(
                    "a penalty without the half",
                    (h * a + 2 * strength * source) / (h + 2 * strength),
                    "The penalty is strength / 2 times the square.",
                    "Its derivative is strength * (theta - source).",
                ),
                Mistake(
                    "a pull that pushes",
                    (h * a - strength * source) / (h - strength),
                    "The penalty is added to the loss.",
                    "Both derivatives have the same sign.",
                ),
                Mistake("the middle", (a + source) / 2, "Both count by their curvature.", "They are h and strength."),
                Mistake("no pull", a, "This is the minimum of the loss alone.", "Add the penalty before you derive."),
                Mistake("no loss", source, "This is the minimum of the penalty alone.", "Add the loss."),
            ],
        )
