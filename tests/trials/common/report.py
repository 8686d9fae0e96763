"""What a trial measured, what was wanted, and the verdict."""

import statistics


class Report:
    """The figures of one trial on one database."""

    def __init__(self, name, database, seed, room=1):
        self.name = name
        self.database = database
        self.seed = seed
        #: By how much an aim in seconds is widened: a slow machine is no fault of the service.
        self.room = room
        self.figures = []
        self.faults = []
        self.omissions = []

    def figure(self, what, value, unit="", at_most=None, at_least=None):
        """Keeps a figure; one that misses its aim fails the trial. None stands for what never came."""
        aim, good = "", None
        if at_most is not None and unit == "s":
            at_most *= self.room
        if at_most is not None:
            aim, good = f"<= {shown(at_most)}", value is not None and value <= at_most
        if at_least is not None:
            aim, good = f">= {shown(at_least)}", value is not None and value >= at_least
        self.figures.append({"what": what, "value": value, "unit": unit, "aim": aim, "good": good})
        return good

    def times(self, what, seconds, at_most=None):
        """The middle and the worst of some times. None among them never ended; no time at all is a failure."""
        ended = sorted(one for one in seconds if one is not None)
        if ended:
            self.figure(f"{what}, median of {len(ended)}", statistics.median(ended), "s")
        worst = None if len(ended) < len(seconds) or not ended else ended[-1]
        return self.figure(f"{what}, longest", worst, "s", at_most=at_most)

    def fault(self, words):
        """Something that must never happen, in words."""
        self.faults.append(words)

    def all_faults(self, words):
        for one in words:
            self.fault(one)

    def leave_out(self, words):
        """Something that was not tried, with its cause."""
        self.omissions.append(words)

    @property
    def good(self):
        looked_at = self.figures or self.omissions
        return bool(looked_at) and not self.faults and all(one["good"] is not False for one in self.figures)

    def table(self):
        """The figures, the faults and the verdict as lines."""
        lines = [f"{self.name} on {self.database}, seed {self.seed}"]
        width = max((len(one["what"]) for one in self.figures), default=0)
        for one in self.figures:
            mark = {True: "good", False: "MISSED", None: ""}[one["good"]]
            value = f"{shown(one['value'])} {one['unit']}".strip()
            lines.append(f"  {one['what']:<{width}}  {value:>12}  {one['aim']:<8}  {mark}".rstrip())
        for count, words in counted(self.faults)[:20]:
            lines.append(f"  FAULT {words}" + (f" ({count} times)" if count > 1 else ""))
        if len(counted(self.faults)) > 20:
            lines.append(f"  and {len(counted(self.faults)) - 20} further faults")
        lines += [f"  LEFT OUT {words}" for words in self.omissions]
        if not self.figures:
            lines.append("  nothing was measured")
        lines.append(f"  verdict: {'MISSED' if not self.good else 'reached' if self.figures else 'LEFT OUT'}")
        return lines

    def as_json(self):
        return {"trial": self.name, "database": self.database, "seed": self.seed, "figures": self.figures,
                "faults": self.faults, "left_out": self.omissions, "reached": self.good}


def counted(words):
    """Each fault once, with how often it came, in the order of their first coming."""
    counts = {}
    for one in words:
        counts[one] = counts.get(one, 0) + 1
    return [(count, one) for one, count in counts.items()]


def shown(value):
    if value is None:
        return "never"
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def quantile(values, part):
    """The value below which this part of them lies; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
