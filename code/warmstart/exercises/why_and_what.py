"""Checks of the chapter *Why and what to transfer*."""

import numpy as np

from .asks import Function, Number
from .core import Mistake, Unusable, Wrong, as_array, call, compare, describe, exercise


@exercise(
    "why-and-what-control",
    asks=Number("points"),
    right="What the training of the source added is the difference to the same network untrained.",
    hints=(
        "Which two arms differ in nothing but the training of the source?",
        "Both are frozen and have a linear probe on top: subtract the random one.",
    ),
)
def control(answer, rng):
    """Frozen minus random frozen: 2 points."""
    compare(
        answer,
        2,
        mistakes=[
            Mistake(
                "the difference to scratch",
                9,
                "Scratch differs in more than the source's training.",
                "Which arm has frozen features, too?",
            ),
            Mistake(
                "the difference to the pixels",
                -3,
                "That says whether to use the network at all.",
                "Compare with the same network before its training.",
            ),
            Mistake(
                "the accuracy of the frozen features",
                71,
                "An accuracy alone says nothing about the source.",
                "Subtract the right control.",
            ),
            Mistake("a fraction", 0.02, "The question asks for points.", "One point is 0.01."),
            Mistake("a sign", -2, "Which of the two is larger?", "The trained one minus the random one."),
        ],
    )


@exercise(
    "why-and-what-first-step",
    asks=Function("logits(h, y, K, eta)"),
    right="The first step compares with the one example that was seen, and loud features make it a large one.",
    hints=(
        "With zero logits every class has the probability 1/K. What is the gradient by the logits?",
        "The update is -eta (p - onehot) h^T; multiply it by h.",
    ),
)
def first_step(answer, rng):
    """Logits for the example itself after one step from a zero head without bias."""
    for classes in rng.integers(3, 9, 2):
        h, y, eta = rng.uniform(0.2, 2, int(rng.integers(3, 8))), int(rng.integers(classes)), rng.uniform(0.1, 0.9)
        hit = np.eye(classes)[y]
        step, square = eta * (hit - 1 / classes), h @ h
        compare(
            as_array(call(answer, h, y, int(classes), float(eta)), (int(classes),)),
            step * square,
            mistakes=[
                Mistake(
                    "a step uphill",
                    -step * square,
                    "The logit of the right class should rise.",
                    "A step goes against the gradient.",
                ),
                Mistake(
                    "the length of the features",
                    step * np.sqrt(square),
                    "The features enter twice: in the gradient and in the logit.",
                    "Use h @ h.",
                ),
                Mistake(
                    "the step without the features",
                    step,
                    "This is the step of a bias.",
                    "Multiply the update of the weights by h.",
                ),
                Mistake(
                    "no probabilities",
                    eta * hit * square,
                    "The other classes move, too.",
                    "The gradient by the logits is p - onehot, with p = 1/K.",
                ),
                Mistake(
                    "no learning rate",
                    (hit - 1 / classes) * square,
                    "How long is the step?",
                    "Multiply by eta.",
                ),
                Mistake(
                    "no step", np.zeros(classes), "The head does move in the first step.", "Only the layers below wait."
                ),
            ],
        )


@exercise(
    "why-and-what-forget",
    asks=Function("share(n, d)"),
    right="With fewer examples than features, this share of a new picture's features meets the start of the head.",
    hints=(
        "How many of the d directions do n examples span?",
        "An isotropic vector has the same expected share, 1/d, in each of d perpendicular directions.",
    ),
)
def forget(answer, rng):
    """1 - n / d, and 0 from n = d on."""
    pairs = [(int(n), int(n + rng.integers(1, 30))) for n in rng.integers(2, 30, 3)]
    for n, d in [*pairs, (pairs[0][1], pairs[0][0])]:  # the last has more examples than features
        share = max(0.0, 1 - n / d)
        compare(
            as_array(call(answer, n, d), ()),
            share,
            mistakes=[
                Mistake(
                    "the share that is learned",
                    min(1.0, n / d),
                    "This share the training does reach.",
                    "The question is about the rest.",
                ),
                Mistake("the share that is learned", n / d, "This share the training does reach.", "What is the rest?"),
                Mistake(
                    "a negative share",
                    1 - n / d,
                    "Try more examples than features.",
                    "From n = d on, nothing is left over.",
                ),
                Mistake(
                    "a length",
                    np.sqrt(share),
                    "The share of the length was not asked for.",
                    "Take the squares.",
                ),
                Mistake("a number of directions", max(0, d - n), "This counts directions.", "Divide by d."),
                Mistake(
                    "examples and features swapped",
                    max(0.0, 1 - d / n),
                    "Which of the two spans, and in how large a space?",
                    "n examples span n of d directions.",
                ),
            ],
        )


@exercise(
    "why-and-what-units",
    asks=Function("convert(W, b, s, o)"),
    right="A change of units, or of sign, is one line in the first layer, exact and without training.",
    hints=(
        "Write W x + b with x = (new - offset) / scale, and sort the terms.",
        "The weights are divided by scale; what the offset adds, a sum over the pixels, goes into the bias.",
    ),
)
def units(answer, rng):
    """Fold new = scale * x + offset into the first layer."""
    for scale in (rng.uniform(2, 9), -rng.uniform(2, 9)):
        W, b, offset = rng.normal(size=(3, 5)), rng.normal(size=3), rng.uniform(0.5, 3)
        right = np.column_stack([W / scale, b - W.sum(axis=1) * offset / scale])

        def both(weights, bias):
            return np.column_stack([weights, bias])

        given = call(answer, W, b, float(scale), float(offset))
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Unusable(f"This exercise asks for two arrays, weights and bias, and you gave {describe(given)}.")
        compare(
            both(as_array(given[0], W.shape), as_array(given[1], b.shape)),
            right,
            mistakes=[
                Mistake("the layer as it was", both(W, b), "The layer has to change.", "Write x in the new units."),
                Mistake(
                    "weights times the scale",
                    both(W * scale, b - W.sum(axis=1) * offset),
                    "The new numbers are larger. Should the weights be, too?",
                    "Divide the weights by the scale.",
                ),
                Mistake(
                    "weights times the scale, and no offset",
                    both(W * scale, b),
                    "The new numbers are larger. Should the weights be, too?",
                    "Divide, and mind the offset.",
                ),
                Mistake(
                    "no offset",
                    both(W / scale, b),
                    "What does the layer give for x = 0, before and after?",
                    "The offset goes into the bias.",
                ),
                Mistake(
                    "an offset of the wrong sign",
                    both(W / scale, b + W.sum(axis=1) * offset / scale),
                    "The offset has to be taken away again.",
                    "Subtract its contribution.",
                ),
                Mistake(
                    "an offset that is not weighted",
                    both(W / scale, b - offset / scale),
                    "The offset of every pixel passes through a weight.",
                    "Sum the weights of each unit.",
                ),
                Mistake(
                    "an offset in the old units",
                    both(W / scale, b - W.sum(axis=1) * offset),
                    "The new weights meet the offset.",
                    "Divide it by the scale, too.",
                ),
            ],
        )


@exercise(
    "why-and-what-general",
    asks=Function("general(A, B, R, tolerance)"),
    right="General means: as good as the layer of the task itself, and better than a random one.",
    hints=(
        "Two comparisons decide: with the control of the same task, and with the random one.",
        "(B - A <= tolerance) & (A - R > tolerance).",
    ),
)
def general(answer, rng):
    """Both conditions, on curves on which each occurs alone."""
    tolerance = 0.02
    for _ in range(2):
        B = 0.9 + rng.uniform(-0.005, 0.005, 6)
        behind = np.array([0.0, 0.012, 0.008, 0.05, 0.1, 0.2]) + rng.uniform(0, 0.003, 6)
        ahead = np.array([0.0, 0.012, 0.06, 0.1, 0.005, 0.2]) + rng.uniform(0, 0.003, 6)
        order = rng.permutation(6)
        A, R = B - behind[order], B - behind[order] - ahead[order]
        near, useful = behind[order] < tolerance, ahead[order] > tolerance
        compare(
            as_array(call(answer, A, B, R, tolerance), (6,)),
            near & useful,
            mistakes=[
                Mistake(
                    "layers that need not matter",
                    near,
                    "Some of these are as good when they are random.",
                    "Compare A with R as well.",
                ),
                Mistake(
                    "layers that are better than random",
                    useful,
                    "Some of these are worse than the layers of B.",
                    "Compare A with B as well.",
                ),
                Mistake(
                    "one condition or the other",
                    near | useful,
                    "Each of the conditions alone is not enough.",
                    "Use & in place of |.",
                ),
                Mistake(
                    "the other way round",
                    ~(near & useful),
                    "These are the layers that are not general.",
                    "Turn the answer round.",
                ),
                Mistake(
                    "a comparison of B with R",
                    near & (behind[order] + ahead[order] > tolerance),
                    "The copied layer is that of A.",
                    "Compare A with R.",
                ),
            ],
        )


@exercise(
    "why-and-what-leak",
    asks=Function("split(labels, per_class, rng)"),
    right="A test picture that was trained on tests nothing.",
    hints=(
        "Which rows are left when the labelled ones have been drawn?",
        "np.setdiff1d(np.arange(len(labels)), train).",
    ),
)
def leak(answer, rng):
    """Properties of a split: same number a class, disjoint, complete, drawn from rng."""
    per_class, counts = int(rng.integers(2, 5)), rng.integers(6, 12, 3, dtype=np.intp)
    labels = rng.permutation(np.repeat(np.arange(3), counts))

    def rows(seed):
        given = call(answer, labels, per_class, np.random.default_rng(seed))
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Unusable(
                f"This exercise asks for two arrays of rows, train and test, and you gave {describe(given)}."
            )
        both = [as_array(part, (len(part),) if hasattr(part, "__len__") else (1,)) for part in given]
        if any(part.size == 0 or (part % 1).any() or part.min() < 0 or part.max() >= len(labels) for part in both):
            raise Unusable(f"Rows are whole numbers from 0 to {len(labels) - 1}, and you gave others, or none.")
        return [part.astype(int) for part in both]

    train, test = rows(0)
    if set(train) & set(test):
        raise Wrong(
            "rows that are in both parts",
            "Some rows are trained on and tested.",
            "Take as test rows only those that were not drawn.",
        )
    if len(set(train)) < len(train):
        raise Wrong("a row that is drawn twice", "The same picture was labelled twice.", "Draw without replacement.")
    if set(np.bincount(labels[train], minlength=3)) != {per_class}:
        raise Wrong(
            "classes of different sizes",
            "Count the labels of the training rows, class by class.",
            "Draw per_class rows of each class.",
        )
    if len(set(train) | set(test)) < len(labels):
        raise Wrong("rows that are lost", "Some rows are in neither part.", "All that were not drawn are for the test.")
    if all(set(train) == set(rows(seed)[0]) for seed in range(1, 5)):
        raise Wrong(
            "the same rows for each generator",
            "Another generator gave the same rows.",
            "Draw from rng.",
        )
