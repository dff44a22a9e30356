# SPDX-License-Identifier: Apache-2.0
"""Interleaved pairs and what may be said of them.

The machine is shared and noisy: a figure by itself says little. So each round measures the plain
thing, the changed one and the plain one again, side by side; the ratio is the changed one over the
mean of its two neighbours, and the two neighbours over each other are the A/A row, which shows what
a difference of nothing looks like here.
"""

import random
import statistics
from dataclasses import asdict, dataclass, field

RESAMPLES = 2000
MET, MISSED, UNRESOLVED, TOLD = "met", "MISSED", "not resolvable here", ""


@dataclass
class Estimate:
    """A median with its 95 % bootstrap interval."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values):
        values = list(values)
        rng = random.Random(len(values))
        medians = sorted(
            statistics.median(rng.choices(values, k=len(values))) for _ in range(RESAMPLES)
        )
        low, high = medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES) - 1]
        return cls(statistics.median(values), low, high, len(values))

    def __str__(self):
        return f"{short(self.median)} [{short(self.low)}, {short(self.high)}]"


def short(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else (
        f"{value:,.0f}"
    )


@dataclass
class Row:
    """One line of the table. @goal: (">=" or "<=", bound), None when there is none."""

    number: str
    what: str
    unit: str
    value: Estimate
    goal: tuple = None
    same: Estimate = None  # A/A
    more: dict = field(default_factory=dict)

    @property
    def is_ratio(self):
        return self.unit.startswith("ratio")

    def reaches(self):
        sign, bound = self.goal
        return self.value.high >= bound if sign == ">=" else self.value.low <= bound

    def resolvable(self):
        """Is what the goal speaks of larger than a difference of nothing?"""
        if not self.is_ratio or self.same is None:
            return True
        spread = max(abs(self.same.low - 1), abs(self.same.high - 1))
        return spread < abs(1 - self.goal[1])

    @property
    def verdict(self):
        if not self.goal:
            return TOLD
        if not self.resolvable():
            return UNRESOLVED
        return MET if self.reaches() else MISSED

    def as_dict(self):
        row = asdict(self)
        row["verdict"] = self.verdict
        return row


def interleave(rounds, plain, changed):
    """Calls plain(), changed(), plain() @rounds times. Returns a list of (before, changed,
    after).
    """
    return [(plain(), changed(), plain()) for _ in range(rounds)]


def ratios(trios, of=lambda x: x):
    """The changed one over its neighbours' mean, and the later neighbour over the earlier one."""
    changed = Estimate.of(2 * of(b) / (of(a) + of(c)) for a, b, c in trios)
    same = Estimate.of(of(c) / of(a) for a, b, c in trios)
    return changed, same
