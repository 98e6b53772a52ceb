"""The checkers of lesson 7 about tables that can be believed: a comparison by picture, and an audit of reports."""

import math

import torch
from torch import Tensor

from colorlib.checks import Mistake, NotDone, accepted, done, exercise, untouched

# ---------------------------------------------------------------- exercise 2


def each_for_itself(first, second):
    """The stub of the exercise, but for its docstring."""
    low_1, high_1 = bootstrap(first)
    low_2, high_2 = bootstrap(second)
    reach = ((high_1 - low_1) ** 2 + (high_2 - low_2) ** 2) ** 0.5 / 2
    middle = (first - second).mean().item()
    return middle - reach, middle + reach


def bootstrap(values: Tensor, draws: int = 1000) -> tuple[float, float]:
    """The lesson's."""
    chance = torch.Generator().manual_seed(0)
    again = torch.randint(len(values), (draws, len(values)), generator=chance)
    means = values[again].mean(dim=1)
    return means.quantile(0.025).item(), means.quantile(0.975).item()


def by_picture(first: Tensor, second: Tensor) -> tuple[float, float]:
    """The bootstrap of the differences."""
    return bootstrap(first - second)


def _two_errors(count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Errors of two colorizers on the same pictures, which are hard for both or easy for both."""
    chance = torch.Generator().manual_seed(count)
    hard = 12 + 6 * torch.randn(count, generator=chance).abs()
    first, second = (hard + 0.8 * torch.randn(count, generator=chance) for _ in range(2))
    return first + shift, second


def _two_numbers(answer) -> tuple[float, float]:
    """Low and high. Raises `Mistake`."""
    try:
        low, high = (float(one) for one in done(answer))
    except (TypeError, ValueError, RuntimeError):
        raise Mistake("two numbers are wanted, low and high") from None
    if not (math.isfinite(low) and math.isfinite(high)):
        raise Mistake("low and high must be finite numbers")
    if low > high:
        raise Mistake("low is above high: give the smaller number first")
    return low, high


@exercise
def paired(function):
    """`compared(first, second)`: the interval of the mean difference, picture by picture."""
    if untouched(function, each_for_itself.__code__):
        raise NotDone
    for count, shift in ((200, 0.3), (90, -1.0)):
        first, second = _two_errors(count, shift)
        torch.manual_seed(0)
        answer = function(first.clone(), second.clone())
        if answer is None:
            raise Mistake("your function gives None: you forgot `return`")
        low, high = _two_numbers(answer)
        d = first - second
        middle, width, error = d.mean().item(), high - low, d.std().item() / math.sqrt(count)
        apart = math.sqrt((first.var().item() + second.var().item()) / count)
        if abs((low + high) / 2 + middle) < 0.5 * error and abs(middle) > error:
            raise Mistake("this is second - first; the difference is asked for the other way around")
        if abs((low + high) / 2 - middle) > 0.5 * error + 0.1 * width:
            raise Mistake(f"its middle is {(low + high) / 2:.2f}; the mean of first - second is {middle:.2f}")
        if width > 2.5 * d.std().item():
            raise Mistake("this says where single pictures lie; the mean of many is known better")
        if width > 0.75 * 3.92 * apart:
            raise Mistake("the two are still drawn apart: where first has a hard picture, second has it, too")
        if width < 0.75 * 3.92 * error:
            raise Mistake("too narrow: the middle 95 % reach about two standard errors to each side")
        if width > 1.25 * 3.92 * error:
            raise Mistake("too wide: the middle 95 % reach about two standard errors to each side")
    return "the same pictures for both: what is hard for both cancels"


def paired_or_ours(function):
    """The reader's `compared` where it passes the check, else a finished one."""
    return function if accepted(paired, function) else by_picture


# ---------------------------------------------------------------- exercise 3


def no_audit(report):
    """The stub of the exercise."""
    return None  # your tests here


WORDS = ("training pictures", "best seed", "no gray", "other pictures")


def _report(on=range(100, 200), gray_on=range(100, 200), trained_on=range(100), errors=(11.5, 11.9, 11.6), pick=None):
    """A report as the lesson's; pick: which published number, None for the mean."""
    errors = list(errors)
    published = sum(errors) / len(errors) if pick is None else pick
    return {
        "measured on": list(on),
        "trained on": list(trained_on),
        "gray measured on": None if gray_on is None else list(gray_on),
        "errors": errors,
        "published": published,
    }


# what to say where the audit is wrong -> the report, and what is wrong with it
CASES = {
    "an honest report": (_report(), set()),
    "an honest report whose number is rounded": (_report(errors=(11.5, 11.9, 11.59), pick=11.66), set()),
    "an honest report with one seed": (_report(errors=(11.5,)), set()),
    "an honest report whose gray row has the same pictures in another order": (
        _report(gray_on=range(199, 99, -1)),
        set(),
    ),
    "a report with one picture that was trained on, too": (
        _report(on=range(99, 200), gray_on=range(99, 200)),
        {"training pictures"},
    ),
    "a report measured on its training pictures": (
        _report(on=range(100), gray_on=range(100)),
        {"training pictures"},
    ),
    "a report with its best seed": (_report(pick=11.5), {"best seed"}),
    "a report with its best seed, rounded": (_report(errors=(11.504, 11.9), pick=11.5), {"best seed"}),
    "a report without gray": (_report(gray_on=None), {"no gray"}),
    "a report whose gray row has other pictures, as many": (_report(gray_on=range(200, 300)), {"other pictures"}),
    "a report whose gray row has more pictures": (_report(gray_on=range(100, 300)), {"other pictures"}),
    "a report whose gray row has fewer pictures": (_report(gray_on=range(100, 150)), {"other pictures"}),
    "a report with two faults": (_report(gray_on=None, pick=11.5), {"no gray", "best seed"}),
}


@exercise
def audits(function):
    """`audit(report)`: what is wrong with a report."""
    if untouched(function, no_audit.__code__):
        raise NotDone
    for words, (case, wrong) in CASES.items():
        answer = function({key: list(value) if isinstance(value, list) else value for key, value in case.items()})
        if answer is None:
            raise Mistake("your function gives None: you forgot `return`")
        if isinstance(answer, (str, bool)) or not hasattr(answer, "__iter__"):
            raise Mistake(f"a list of words is wanted, and you give {type(answer).__name__}")
        found = set(answer)
        if unknown := found - set(WORDS):
            raise Mistake(f"{sorted(map(str, unknown))[0]!r} is none of the words: {', '.join(WORDS)}")
        if missed := wrong - found:
            raise Mistake(f"{words}: your audit doesn't say {sorted(missed)[0]!r}")
        if extra := found - wrong:
            raise Mistake(f"{words}: your audit says {sorted(extra)[0]!r}, which is unjust")
    return "your audit finds each fault, and lets honest reports pass"
