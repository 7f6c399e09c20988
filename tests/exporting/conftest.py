"""Files of a small run, each made once."""

import pytest

from lstm_zoo.exporting.export import export


@pytest.fixture(scope="module")
def exported(smoke_run, tmp_path_factory):
    """Give the file of a format, made once."""
    made = {}

    def of(format, **options):
        key = (format, repr(options))
        if key not in made:
            made[key] = export(smoke_run, format, tmp_path_factory.mktemp(format), **options)
        return made[key]

    yield of
    for network in made.values():
        if "runner" in vars(network):
            network.runner.close()
