"""Files and values by chance, for property tests: few, quick, and the same in every run."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some

few = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

words = some.text(some.sampled_from("ab.0 é\u202e\x1b\x85\r\n\t,;|\"'/\\[]{}#=:-*&!%@~"), max_size=12)
"""Text of letters that mean something to lists, tables or recipes."""


def lines_of(*pieces):
    """Return text that is made of pieces, in rows and without."""
    return some.lists(some.one_of(some.sampled_from(pieces), words), max_size=12).map("".join)
