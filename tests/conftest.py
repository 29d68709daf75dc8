"""Settings for tests, composed as a user's command would compose them."""

import pytest


@pytest.fixture(scope="session")
def settings_of():
    """settings_of("strategy=omo", "days=3") -> Settings, small unless told otherwise."""
    from omosim.config.compose import compose

    def build(*words):
        small = ["shoppers=2000", "days=7", "burn_in_days=3", "strategy=omo", "seed=11"]
        given = {w.split("=")[0] for w in words}
        return compose("run", [w for w in small if w.split("=")[0] not in given] + list(words)).settings

    return build


@pytest.fixture(scope="session")
def run_of(settings_of):
    """run_of(words…) -> a finished run."""
    from omosim.model.run import run

    return lambda *words: run(settings_of(*words))
