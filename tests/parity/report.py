"""Comparing what is expected with what came, and saying so: one line a check, and the differences of those that fail.

Whole numbers, text and lists have to be equal, numbers with a fraction equal to one part in 10^9.
"""
import math

CLOSE = 1e-9
SHOWN = 8


def same(expected, actual, relative=CLOSE):
    """Whether a value is the expected one; a whole number is not within a tolerance."""
    if isinstance(expected, float):
        if actual is None or isinstance(actual, str):
            return False
        # The absolute part is for scores and ratios whose true value is 0.
        return math.isclose(expected, actual, rel_tol=relative, abs_tol=1e-12)
    return expected == actual and isinstance(expected, bool) == isinstance(actual, bool)


def differences(expected, actual, tolerance=None):
    """Texts: keys missing and keys too many, then columns that differ. Both are dicts of dicts.

    `tolerance(key, column)` gives the relative tolerance where it is not the usual one.
    """
    found = [f"missing: {key}: {expected[key]}" for key in expected if key not in actual]
    found += [f"too many: {key}: {actual[key]}" for key in actual if key not in expected]
    for key in expected:
        for column, value in expected[key].items() if key in actual else ():
            relative = (tolerance and tolerance(key, column)) or CLOSE
            came = actual[key].get(column)
            if not same(value, came, relative):
                found.append(f"{key}: {column}: expected {value!r}, got {came!r}")
    return found


class Report:
    """Counts and prints checks."""

    def __init__(self):
        self.failed = self.passed = 0

    def check(self, where, what, found, detail, command=""):
        """One check; `found` are its differences."""
        if not found:
            self.passed += 1
            print(f"ok    {where:<8} {what:<44} {detail}", flush=True)
            return
        self.failed += 1
        print(f"FAIL  {where:<8} {what:<44} {len(found)} differences, {detail}", flush=True)
        if command:
            print(f"        {command}")
        for line in found[:SHOWN]:
            print(f"        {line}")
        if len(found) > SHOWN:
            print(f"        and {len(found) - SHOWN} more", flush=True)

    def skip(self, where, what, why):
        """A check that could not be made."""
        print(f"skip  {where:<8} {what:<44} {why}", flush=True)
