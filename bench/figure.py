"""Figure: one measured value with its limit and what was measured beside it in the same run."""

import statistics


class Figure:
    """`samples` of the rounds; their median counts. `beside` is {what: value}, same unit."""

    def __init__(self, name, samples, unit, beside=None, gate=False):
        self.name, self.unit, self.beside = name, unit, beside or {}
        self.samples = list(samples) if isinstance(samples, (list, tuple)) else [samples]
        self.value = statistics.median(self.samples)
        self.gate = gate  # Repeats exactly enough to fail the run when it grows.
        # Set from the case: what it has to be, where it comes from, whether README.md shows it.
        self.limit = self.case = self.title = None
        self.in_readme = False

    @property
    def met(self):
        return self.limit is None or self.limit.met(self.value)

    def record(self):
        record = {"case": self.case, "figure": self.name, "value": rounded(self.value),
                  "unit": self.unit, "low": rounded(min(self.samples)),
                  "high": rounded(max(self.samples)), "rounds": len(self.samples)}
        if self.limit:
            record.update(limit=self.limit.text, met=self.met)
        if self.beside:
            record["beside"] = {what: rounded(value) for what, value in self.beside.items()}
        if self.gate:
            record["gate"] = True
        if self.in_readme:
            record["readme"] = True
        return record


def rounded(value):
    """Four significant digits: more would be noise."""
    number = float(f"{value:.4g}")
    return int(number) if number == int(number) else number


def shown(value):
    number = rounded(value)
    return f"{number:,}" if isinstance(number, int) else f"{number}"
