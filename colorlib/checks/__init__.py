"""The exercise checkers: one module for each notebook, one function for each exercise.

A checker prints one line: "not done yet", a tick, or a diagnosis that names the likely mistake. It never raises,
so that "Run All" goes through a notebook whose exercises are still open.
"""

import dis
import functools


class Mistake(Exception):
    """What is wrong with an answer, said so that the student can mend it."""


class NotDone(Exception):
    """The stub has not been touched yet."""


def done(value, what: str = ""):
    """Pass an answer through, unless it is still the stub's None or `...`."""
    if value is None or value is ...:
        raise NotDone(what)
    return value


def exercise(check):
    """Turn `check(answer) -> praise`, which raises `Mistake` or `NotDone`, into a checker that prints."""

    @functools.wraps(check)
    def checker(*answer) -> None:
        try:
            for part in answer:
                done(part)
            print(f"✓ {check(*answer)}")
        except (NotDone, NotImplementedError):
            print("not done yet")
        except Mistake as mistake:
            print(f"✗ {mistake}")
        except Exception as error:
            print(f"✗ your code stopped with {type(error).__name__}: {error}")

    return checker


def untouched(function, stub) -> bool:
    """Whether a function does, instruction for instruction, what the stub (a code object) does.

    A method is loaded like an attribute here: a function in a notebook is compiled in another way where the import
    stands beside.
    """
    written, given = (
        [(one.opname.replace("LOAD_METHOD", "LOAD_ATTR"), one.argval) for one in dis.get_instructions(code)]
        for code in (getattr(function, "__code__", None) or "", stub)
    )
    return written == given


def accepted(checker, *answers) -> bool:
    """Whether a checker accepts answers; nothing is printed."""
    try:
        return bool(checker.__wrapped__(*answers))
    except Exception:
        return False
