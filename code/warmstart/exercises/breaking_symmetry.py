"""Checks of the chapter *Breaking the symmetry*."""

import numpy as np

from .asks import Function, Letters, Number
from .core import Mistake, Wrong, as_array, call, compare, draw, exercise

WIDTH, DEPTH = 64, 20


@exercise(
    "breaking-symmetry-breakers",
    asks=Letters("answer", "ABCDEFGH"),
    right="What treats two equal units differently breaks the symmetry; what treats them alike never does.",
    hints=(
        "Ask of each: does it act differently on unit a and on unit b while the two are equal?",
        "Examples, optimizer and inputs are the same for all units. What belongs to one unit alone?",
    ),
)
def breakers(chosen, rng):
    """Dropout on hidden units, different hidden biases and different outgoing weights break it: D, F, G."""
    if chosen == {"D", "F", "G"}:
        return
    if "A" in chosen:
        raise Wrong(
            "minibatches taken for a symmetry breaker",
            "Both units see the same minibatch.",
            "The theorem fixes nothing about the batches: it holds for any sequence of them.",
        )
    if chosen & {"B", "C"}:
        raise Wrong(
            "the optimizer taken for a symmetry breaker",
            "Momentum and weight decay apply one rule to all weights.",
            "Equal weights with equal gradients get equal updates from any such rule.",
        )
    if chosen & {"E", "H"}:
        raise Wrong(
            "noise that all units share taken for a symmetry breaker",
            "The noise is random, but does unit a see other noise than unit b?",
            "Both units receive the same changed image x, so their gradients stay equal.",
        )
    if "D" not in chosen:
        raise Wrong(
            "dropout on hidden units left out",
            "Look at the gradient with dropout: which factor carries the index of the unit?",
            "Each hidden unit has its own mask: m_a and m_b differ.",
        )
    if "G" not in chosen:
        raise Wrong(
            "random outgoing weights left out",
            "The theorem asks for three equal things, not for one.",
            "The gradient of w_j contains v_j: what if v_a and v_b differ?",
        )
    raise Wrong(
        "different biases left out",
        "Two units with other biases do not have the same activation.",
        "The gradient of v_j is delta h_j: other h_j, other v_j, and one step later other w_j.",
    )


@exercise(
    "breaking-symmetry-waking",
    asks=Function("waking(layer, hidden)"),
    right="The layers wake from the output to the input, one per step: each waits until the layer above has moved.",
    hints=(
        "The gradient of layer l contains the weights of layer l + 1. When do those stop being zero?",
        "The output layer is layer L + 1 and moves in step 1. Go down from there.",
    ),
)
def waking(answer, rng):
    """Weight matrix l of a zero start with L hidden sigmoid layers first moves in step L + 2 - l."""
    hidden = int(rng.integers(5, 9))
    layers = np.arange(1, hidden + 2)
    got = [as_array(call(answer, int(layer), hidden), ()) for layer in layers]
    compare(
        np.array(got),
        hidden + 2 - layers,
        mistakes=[
            Mistake(
                "layers that wake from the input",
                layers,
                "What does the gradient of the first layer contain besides its input?",
                "It contains the weights above it, and those are zero. Who moves first, then?",
            ),
            Mistake(
                "layers that all wake in step 1",
                np.ones_like(layers),
                "In step 1 the gradient of a hidden layer is multiplied by weights that are zero.",
                "Only the output layer needs no weights above it.",
            ),
            Mistake(
                "a count that starts at 0",
                hidden + 1 - layers,
                "Your answer for the output layer is step 0.",
                "The first step is step 1; the output layer moves in it.",
            ),
            Mistake(
                "a count that starts at 2",
                hidden + 3 - layers,
                "What is the gradient of the output weights in step 1? The sigmoid of 0 is 1/2.",
                "The output layer, l = L + 1, moves in step 1.",
            ),
            Mistake(
                "a count that leaves out the output layer",
                hidden - layers,
                "There are L + 1 matrices, and the output layer is number L + 1.",
                "What does your function give for l = L + 1? The output layer moves in step 1.",
            ),
            Mistake(
                "the arguments swapped",
                layers + 2 - hidden,
                "Which argument comes first?",
                "The function is waking(layer, hidden).",
            ),
            Mistake(
                "hidden layers that all wake in step 2",
                np.where(layers == hidden + 1, 1, 2),
                "After step 1 only the output weights are not zero.",
                "The layer below the last hidden one needs the weights of the last hidden one.",
            ),
        ],
    )


@exercise(
    "breaking-symmetry-twin",
    asks=Function("twin_rates(n, eta)"),
    right="A constant start is exactly a one-unit network that takes other step sizes: width buys nothing.",
    hints=(
        "Write u = n v. What is the change of u in one step, if v changes by -eta delta h?",
        "The gradient of w_j contains v_j = u / n. Compare with the gradient of w in the twin, which contains u.",
    ),
)
def twin(answer, rng):
    """The twin of n equal units trains its incoming weights with eta / n and its outgoing ones with n eta."""
    n, eta = int(rng.integers(3, 40)), float(rng.uniform(0.01, 0.5))
    compare(
        as_array(call(answer, n, eta), (2,)),
        (eta / n, n * eta),
        mistakes=[
            Mistake(
                "the outgoing rate in the place of the incoming one",
                (n * eta, eta),
                "The first rate is that of the incoming weights. Does their gradient contain u or v = u / n?",
                "The incoming weight moves by its share: eta / n.",
            ),
            Mistake(
                "the incoming rate in the place of the outgoing one",
                (eta, eta / n),
                "The second rate is that of the outgoing weights. How many of them make up u?",
                "u is a sum of n weights that all move: n eta.",
            ),
            Mistake(
                "the rate of the wide network for both",
                (eta, eta),
                "u is the sum of n outgoing weights, and all of them move.",
                "All n terms of u = v_1 + ... + v_n change by the same: u changes n times as much.",
            ),
            Mistake(
                "the two rates swapped",
                (n * eta, eta / n),
                "Which of the two is a sum over n units?",
                "The outgoing weight of the twin is that sum: it moves faster.",
            ),
            Mistake(
                "an incoming weight that moves as in the wide network",
                (eta, n * eta),
                "The outgoing rate is right. Now the gradient of w_j: which outgoing weight does it contain?",
                "It contains v = u / n, the twin's gradient contains u.",
            ),
            Mistake(
                "an outgoing weight that moves as in the wide network",
                (eta / n, eta),
                "The incoming rate is right. Now the change of u = v_1 + ... + v_n.",
                "Each v_j changes by -eta delta h, and there are n of them.",
            ),
            Mistake(
                "n times the rate for both",
                (n * eta, n * eta),
                "The outgoing rate is right. Does the incoming weight move faster or slower than before?",
                "Each w_j gets only its share v_j = u / n of the blame.",
            ),
            Mistake(
                "a share of the rate for both",
                (eta / n, eta / n),
                "The incoming rate is right. Does the outgoing weight move faster or slower than before?",
                "u is a sum of n weights that all move.",
            ),
            Mistake(
                "the arguments swapped",
                (n / eta, n * eta),
                "Which argument comes first?",
                "The function is twin_rates(n, eta).",
            ),
            Mistake(
                "n squared",
                (eta / n**2, n**2 * eta),
                "How large is the change of u, if each of the n terms changes by the same?",
                "One factor n from the sum, none from elsewhere.",
            ),
            Mistake(
                "the root of n",
                (eta / np.sqrt(n), eta * np.sqrt(n)),
                "Nothing here is a standard deviation: no root occurs.",
                "Sums of n equal terms grow like n.",
            ),
        ],
    )


@exercise(
    "breaking-symmetry-no-dice",
    asks=Function("start(n_out, n_in)"),
    right="Different rows suffice to break the symmetry; chance is only the most convenient way to get them.",
    hints=(
        "Two things are asked: no two rows alike, and the squares of each row sum to 2.",
        "Fill an array with any formula in row and column number that never repeats, then rescale each row.",
    ),
)
def no_dice(answer, rng):
    """The rows must be distinct, of squared length 2, of the right shape, and the same in each call."""
    # Few units and many inputs, and the other way round: codes run out, waves come back.
    for shape in ((int(rng.integers(5, 10)), 12), (int(rng.integers(15, 20)), 7), (int(rng.integers(90, 120)), 4)):
        got = call(answer, *shape)
        if np.shape(got) == shape[::-1]:
            raise Wrong(
                "rows and columns swapped",
                "A unit is a row: the shape is (units, inputs).",
                "Return an array of shape (n_out, n_in).",
            )
        weight = as_array(got, shape)
        if not np.array_equal(weight, as_array(call(answer, *shape), shape)):
            raise Wrong(
                "a start that rolls dice",
                "Two calls gave two results.",
                "Use a formula in the row and column numbers, not a random generator.",
            )
        length = np.sum(weight**2, axis=1)
        if np.any(length == 0):
            raise Wrong(
                "units whose weights are all zero",
                "Try more units than inputs: what do the last rows look like?",
                "An identity matrix has only n_in rows that are not zero.",
            )
        _check_rows(weight, length)


def _check_rows(weight, length):
    distance = np.abs(weight[:, None] - weight).max(axis=2) + np.eye(len(weight))
    if distance.min() < 1e-9:
        raise Wrong(
            "units that are copies of each other",
            "At least two of your rows are equal.",
            "Does your formula contain the row number? Does it ever repeat?",
        )
    known = {
        "rows of squared length 1": (1, ("Multiply by a number.", "Lengths scale with the root: multiply by sqrt(2).")),
        "rows of length 2": (4, ("The squared length should be 2, not the length.", "Divide by sqrt(2).")),
    }
    for name, (value, hints) in known.items():
        if np.allclose(length, value):
            raise Wrong(name, *hints)
    if np.allclose(length[1:], 2) and not np.isclose(length[0], 2):
        raise Wrong(
            "a first row of another length than the rest",
            "What is a wave of frequency 0? Look at row 0.",
            "Divide each row by its own length, row 0 as well.",
        )
    if np.allclose(np.mean(weight**2), 2 / weight.shape[1]) and not np.allclose(length, 2):
        raise Wrong(
            "the right size on average, but not for each unit",
            "Some rows are longer than others.",
            "Divide each row by its own length, not all by one number.",
        )
    if np.allclose(np.mean(weight**2), 2):
        raise Wrong(
            "a mean square of 2 in place of a sum of 2",
            "Sum the squares of a row, do not average them.",
            "Divide by the root of the number of inputs.",
        )
    if not np.allclose(length, 2):
        raise Wrong(
            "rows of the wrong length",
            "Your rows differ, that is right. Now sum the squares of each.",
            "Scale each row by sqrt(2 / its sum).",
        )


@exercise(
    "breaking-symmetry-one-mask",
    asks=Function("dropout(h, p, rng)"),
    right="A mask breaks the symmetry only if it differs between units, whatever else is random about it.",
    hints=(
        "Print the mask for 4 examples and 3 units. Which entries are always equal?",
        "Every pair of example and unit needs a random number of its own.",
    ),
)
def one_mask(answer, rng):
    """Dropout draws one number per example and unit, drops with probability p and divides the rest by 1 - p."""
    p = float(rng.choice([0.2, 0.3, 0.4]))
    h = rng.uniform(1, 2, (300, 40))
    out = as_array(call(answer, h, p, np.random.default_rng(int(rng.integers(2**31)))), h.shape)
    _check_mask(out != 0)
    out = draw(answer, h, p, shape=h.shape, rng=rng)
    _check_dropout(out, h, out != 0, p)


def _check_mask(kept):
    if np.all(kept == kept[:1]) and np.all(kept == kept[:, :1]):
        raise Wrong(
            "one decision for the whole array",
            "Either all values are dropped or none.",
            "Draw an array of random numbers of the shape of h.",
        )
    if np.all(kept == kept[:, :1]):
        raise Wrong(
            "one mask for all units of an example",
            "Within an example all units are dropped together or none is: they stay equal.",
            "(len(h), 1) is stretched over the units. Which shape gives each unit its own number?",
        )
    if np.all(kept == kept[:1]):
        raise Wrong(
            "one mask for all examples of a batch",
            "This does break the symmetry, but a unit is dropped for the whole batch or not at all.",
            "Draw a number for each example as well: the shape of h.",
        )
    if len(np.unique(kept, axis=1).T) < kept.shape[1]:
        raise Wrong(
            "one mask for several units",
            "Some units are dropped together on all examples: they stay equal.",
            "Each unit needs random numbers of its own: draw an array of the shape of h.",
        )
    if len(np.unique(kept, axis=0)) <= len(kept) / 2:
        raise Wrong(
            "one mask for several examples",
            "Some examples have the same mask.",
            "Each example needs random numbers of its own: draw an array of the shape of h.",
        )


def _check_dropout(out, h, kept, p):
    # 12,000 draws: the standard deviation of the share is at most sqrt(0.24 / 12000) = 0.0045, so 0.03 is 6.7 of them.
    share = 1 - kept.mean()
    if abs(share - (1 - p)) < 0.03:
        raise Wrong(
            "units kept with probability p",
            "p is the probability of being dropped.",
            "A uniform number is at least p with probability 1 - p.",
        )
    if abs(share - p) > 0.03:
        raise Wrong("", f"You drop a share of {share:.2f}, and p is {p:g}.", "Compare a uniform number with p.")
    factor = out[kept] / h[kept]
    known = {
        "values that are not rescaled": (1, ("What is the mean of your output?", "Divide the kept values by 1 - p.")),
        "values multiplied by 1 - p": (1 - p, ("The kept values must grow, not shrink.", "Divide by 1 - p.")),
        "values divided by the root of 1 - p": (
            1 / np.sqrt(1 - p),
            ("That keeps the mean square. Which mean should stay?", "E[mask] = 1 - p: divide by 1 - p itself."),
        ),
        "values divided by p": (1 / p, ("A share 1 - p is kept: E[mask] = 1 - p.", "Divide by 1 - p, not by p.")),
    }
    for name, (value, hints) in known.items():
        if np.allclose(factor, value):
            raise Wrong(name, *hints)
    if not np.allclose(factor, 1 / (1 - p)):
        raise Wrong("", "The dropping is right. By which factor do the kept values change?", "Divide by 1 - p.")


@exercise(
    "breaking-symmetry-survive",
    asks=Number(),
    right="The band is narrow, and it depends on the width: the next chapter derives it, sqrt(2 / 64) = 0.177 here.",
    hints=(
        "Try 0.1 and 0.3 first: one is too small, the other too large.",
        "Halve the interval between a value that dies and one that explodes, and repeat.",
    ),
)
def survive(answer, rng):
    """The expected mean square changes by (width sigma^2 / 2)^depth, which should lie between 1/10 and 10."""
    sigma = float(answer)
    if sigma <= 0:
        raise Wrong("a standard deviation that is not positive", "It measures a spread.", "Try 0.1 and 0.3.")
    known = {
        "the scale that fits a linear network": (
            1 / np.sqrt(WIDTH),
            ("Without ReLU it would be right. ReLU takes half of the mean square in every layer.", "Go up by sqrt(2)."),
        ),
        "a variance given as standard deviation": (2 / WIDTH, ("That is the right variance.", "Take its root.")),
        "sqrt(2)/n in place of sqrt(2/n)": (np.sqrt(2) / WIDTH, ("The width belongs under the root.", "sqrt(2 / 64).")),
        "the classical 0.01": (0.01, ("Run it: how much is left after one layer, after twenty?", "Try 0.1 and 0.3.")),
    }
    for name, (value, hints) in known.items():
        if np.isclose(sigma, value, rtol=1e-2):
            raise Wrong(name, *hints)
    exponent = DEPTH * (np.log10(WIDTH / 2) + 2 * np.log10(sigma))
    # The notebook's 100 draws lie 15% below the expectation: what they show as 10 is 10 / 0.85, and log10 of it 1.07.
    if exponent < -1:
        raise Wrong("a signal that dies out", "Go up.", "You are too small: try a value between yours and 0.3.")
    if exponent > 1.07:
        raise Wrong("a signal that explodes", "Go down.", "You are too large: try a value between 0.1 and yours.")
