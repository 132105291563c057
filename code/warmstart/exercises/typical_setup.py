"""Checks of the chapter *The very typical setup*."""

import numpy as np

from .asks import Function, Number
from .core import Mistake, as_array, call, compare, exercise


@exercise(
    "typical-setup-first",
    asks=Number(),
    right="ln K for K classes, whatever the data: a test of one line.",
    hints=(
        "Which probability does each class get?",
        "The cross entropy is minus the natural logarithm of the probability of the right class, here 1/100.",
    ),
)
def first(answer, rng):
    """The loss of equal probabilities is ln 100."""
    compare(
        answer,
        np.log(100),
        rtol=0.01,
        mistakes=[
            Mistake("the decimal logarithm", 2.0, "Cross entropy is measured in nats.", "Take the natural logarithm."),
            Mistake("the binary logarithm", np.log2(100), "That would be in bits.", "Take the natural logarithm."),
            Mistake("a probability", 0.01, "This is the probability of each class.", "The loss is -ln of it."),
            Mistake(
                "the share of wrong answers",
                0.99,
                "This is how often a guess is wrong.",
                "The loss looks at the probability, not at the guess.",
            ),
            Mistake("ten classes", np.log(10), "That is for 10 classes.", "Here there are 100."),
            Mistake("a sign", -np.log(100), "A cross entropy is not negative.", "-ln(1/100) = ln(100)."),
        ],
    )


@exercise(
    "typical-setup-mean",
    asks=Function("prepare(train, test)"),
    right="The mean belongs to the network: it was trained with that of the training pictures.",
    hints=(
        "Whose mean was subtracted from the pictures that the network has seen?",
        "One mean a pixel, over the training pictures: an array of the shape (pixels,).",
    ),
)
def mean(answer, rng):
    """Subtract the training mean of each pixel."""
    for n, m in ((7, 4), (4, 7)):
        pixels = int(rng.integers(4, 9))
        train = rng.uniform(0, 1, (n, pixels)) + np.arange(pixels)
        test = rng.uniform(0, 1, (m, pixels)) + np.arange(pixels) + 0.5
        compare(
            as_array(call(answer, train.copy(), test.copy()), test.shape),
            test - train.mean(axis=0),
            mistakes=[
                Mistake(
                    "the mean of the test pictures",
                    test - test.mean(axis=0),
                    "The network was trained with another mean.",
                    "Use the training pictures.",
                ),
                Mistake(
                    "one mean for all pixels",
                    test - train.mean(),
                    "This is one number. How about each pixel?",
                    "Take the mean over the pictures alone, axis 0.",
                ),
                Mistake(
                    "the mean of each picture",
                    test - test.mean(axis=1, keepdims=True),
                    "This subtracts from each picture its own brightness.",
                    "The mean is over the training pictures, axis 0.",
                ),
                Mistake(
                    "the mean of both together",
                    test - np.concatenate([train, test]).mean(axis=0),
                    "When you train, there is no test picture yet.",
                    "Use the training pictures alone.",
                ),
                Mistake(
                    "standardized",
                    (test - train.mean(axis=0)) / train.std(axis=0),
                    "Only the mean is to be subtracted.",
                    "Leave the division out.",
                ),
                Mistake("unchanged", test, "Nothing was subtracted.", "test - train.mean(axis=0)."),
            ],
        )


@exercise(
    "typical-setup-offset",
    asks=Function("largest(d, mean, std)"),
    right="Two numbers span the plane in which the offset acts, and it moves one eigenvalue.",
    hints=(
        "By symmetry the eigenvector has the same entry for all inputs, and another for the bias.",
        "In that plane the matrix is [[std^2 + d mean^2, sqrt(d) mean], [sqrt(d) mean, 1]].",
    ),
)
def offset(answer, rng):
    """The larger eigenvalue of a 2 x 2 matrix."""
    for d in rng.integers(3, 40, 2):
        mu, std = rng.uniform(0.3, 0.9), rng.uniform(1.2, 2.0)
        trace = std**2 + d * mu**2 + 1
        compare(
            as_array(call(answer, int(d), float(mu), float(std)), ()),
            (trace + np.sqrt(trace**2 - 4 * std**2)) / 2,
            mistakes=[
                Mistake(
                    "the length of the offset alone",
                    d * mu**2 + 1,
                    "This is the bound. The variance comes on top.",
                    "Along (1, ..., 1) the second moment is std^2 + d mean^2.",
                ),
                Mistake(
                    "the bias left out",
                    std**2 + d * mu**2,
                    "This is the largest eigenvalue without a bias.",
                    "The 1 of the bias is correlated with the mean of the inputs.",
                ),
                Mistake(
                    "the sum of both eigenvalues",
                    trace,
                    "This is the trace of the 2 x 2 matrix.",
                    "Subtract the smaller eigenvalue.",
                ),
                Mistake(
                    "the smaller eigenvalue",
                    (trace - np.sqrt(trace**2 - 4 * std**2)) / 2,
                    "This is the smaller of the two.",
                    "Take the other sign of the root.",
                ),
                Mistake(
                    "one input",
                    (std**2 + mu**2 + 1 + np.sqrt((std**2 + mu**2 + 1) ** 2 - 4 * std**2)) / 2,
                    "This does not grow with d.",
                    "All d inputs have the same mean: their offsets add up.",
                ),
            ],
        )


@exercise(
    "typical-setup-variance",
    asks=Function("dropped(mean, variance, p)"),
    right="The mean is kept, the second moment is not.",
    hints=(
        "Compute the mean and the second moment of the dropped activation.",
        "The second moment is E[h^2] / (1 - p), and E[h^2] = variance + mean^2.",
    ),
)
def variance(answer, rng):
    """(s + m^2) / (1 - p) - m^2."""
    for p in (rng.uniform(0.15, 0.35), rng.uniform(0.6, 0.8)):
        m, s = rng.uniform(0.5, 1.5), rng.uniform(0.3, 2.0)
        compare(
            as_array(call(answer, float(m), float(s), float(p)), ()),
            (s + p * m**2) / (1 - p),
            mistakes=[
                Mistake(
                    "only the variance divided",
                    s / (1 - p),
                    "This would be right for the mean 0.",
                    "The mask adds variance from the mean, too.",
                ),
                Mistake(
                    "the second moment",
                    (s + m**2) / (1 - p),
                    "This is the second moment.",
                    "Subtract the square of the mean.",
                ),
                Mistake(
                    "without the division by 1 - p",
                    (1 - p) * (s + m**2) - ((1 - p) * m) ** 2,
                    "Dropout divides by 1 - p, too.",
                    "Divide this by (1 - p)^2.",
                ),
                Mistake("nothing", s, "Is half of the values 0 without any effect?", "The second moment grows."),
                Mistake(
                    "p and 1 - p swapped",
                    (s + (1 - p) * m**2) / p,
                    "p is the probability of being dropped.",
                    "Swap p and 1 - p.",
                ),
                Mistake(
                    "the square of 1 - p",
                    s / (1 - p) ** 2,
                    "This divides all values, and drops none.",
                    "A share 1 - p survives.",
                ),
            ],
        )


@exercise(
    "typical-setup-schedule",
    asks=Function("rate(eta, alpha, k)"),
    right="Under batch normalization, weight decay is a rate that grows.",
    hints=(
        "Take the shrinking out: V_k = W_k / s_k with s_k = (1 - eta alpha)^k. Which step does V_k make?",
        "The gradient at V_k is s_k times that at W_k, and the step is divided by s_(k+1).",
    ),
)
def schedule(answer, rng):
    """The rate is eta / (1 - eta alpha)^(2 k + 1)."""
    for k in (int(rng.integers(2, 9)), 0):
        eta, alpha = rng.uniform(0.05, 0.3), rng.uniform(0.2, 0.9)
        shrink = 1 - eta * alpha
        compare(
            as_array(call(answer, float(eta), float(alpha), k), ()),
            eta * shrink ** -(2 * k + 1),
            mistakes=[
                Mistake(
                    "a falling rate",
                    eta * shrink ** (2 * k + 1),
                    "Smaller weights turn faster, not slower.",
                    "Divide where you multiply.",
                ),
                Mistake(
                    "the last shrinking forgotten",
                    eta * shrink ** (-2 * k),
                    "In step 0 there is a decay already.",
                    "The new weights are divided by s_(k+1), not by s_k.",
                ),
                Mistake(
                    "one shrinking too many",
                    eta * shrink ** (-2 * k - 2),
                    "The gradient is taken before the step.",
                    "s_k s_(k+1), not s_(k+1)^2.",
                ),
                Mistake(
                    "the length, not its square",
                    eta * shrink ** -(k + 1),
                    "The gradient changes with the length of the weights as well.",
                    "There is a second factor, s_k.",
                ),
                Mistake(
                    "the length before the step",
                    eta * shrink ** (-k),
                    "Two things change with the length: the gradient, and what a step means.",
                    "s_k s_(k+1).",
                ),
                Mistake("a constant rate", eta, "The weights are smaller in each step.", "The rate depends on k."),
            ],
        )


@exercise(
    "typical-setup-bug",
    asks=Function("error(a, b)"),
    right="What two networks have in common cancels in their difference.",
    hints=(
        "What do the networks of a pair have in common, and where does it cancel?",
        "Standard deviation of the differences, with n - 1, over the root of n.",
    ),
)
def bug(answer, rng):
    """Standard error of the mean of paired differences."""
    for n in (int(rng.integers(3, 6)), int(rng.integers(12, 20))):
        common = rng.normal(0, 1, n)
        a, b = common + rng.normal(0, 0.3, n), common + rng.normal(0, 0.3, n)
        right = (a - b).std(ddof=1) / np.sqrt(n)
        compare(
            as_array(call(answer, a.copy(), b.copy()), ()),
            right,
            mistakes=[
                Mistake(
                    "two groups without pairs",
                    np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n),
                    "This is the colleague's formula. Where does it use that a[i] belongs to b[i]?",
                    "Take a - b first.",
                ),
                Mistake(
                    "n in place of n - 1",
                    (a - b).std() / np.sqrt(n),
                    "The mean was estimated from the same differences.",
                    "ddof=1.",
                ),
                Mistake(
                    "the spread, not the error of the mean",
                    (a - b).std(ddof=1),
                    "This says how much single differences scatter.",
                    "The mean of n of them scatters less.",
                ),
                Mistake(
                    "n in place of its root",
                    (a - b).std(ddof=1) / n,
                    "The variance of a mean falls with n.",
                    "The standard error falls with the root of n.",
                ),
                Mistake(
                    "the square",
                    (a - b).var(ddof=1) / n,
                    "This is the squared error.",
                    "Take the root.",
                ),
                Mistake(
                    "the mean difference",
                    (a - b).mean(),
                    "This is the difference itself.",
                    "Its standard error is asked for.",
                ),
            ],
        )
