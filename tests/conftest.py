"""Settings for tests, composed as a user's command would compose them."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

# as the command does, before numpy is loaded; what tests start inherits it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# a busy machine breaks no law
hypothesis.settings.register_profile("omosim", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("omosim")


def module_at(path: Path) -> ModuleType:
    """A file of the tests as a module, wherever tests are called from."""
    spec = importlib.util.spec_from_file_location(f"omosim_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def experiment(name: str) -> ModuleType:
    """A file of experiments/, found by its name as these find one another when they are run."""
    folder = str(Path(__file__).resolve().parents[1] / "experiments")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


@pytest.fixture(autouse=True)
def no_figure_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Outside of a notebook no picture stays open behind its caller's back."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        assert pyplot.get_fignums() == [], f"{request.node.nodeid} leaves figures open"


@pytest.fixture(scope="session")
def shipped() -> ModuleType:
    """Settings from the shipped YAML alone: tests/world/shipped.py."""
    return module_at(Path(__file__).with_name("world") / "shipped.py")


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """A market whose truth is known: tests/twin/toy_market.py."""
    return module_at(Path(__file__).with_name("twin") / "toy_market.py")


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The pickup sample's own generator, which imports nothing of omosim: experiments/pickup_sample.py."""
    return module_at(Path(__file__).resolve().parents[1] / "experiments" / "pickup_sample.py")


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


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = Path(os.environ.get("OMOSIM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "uci_online_retail.parquet").is_file():
        pytest.skip("real data absent: put them in ../shared/data or set OMOSIM_DATA")
    return folder


@pytest.fixture(scope="session")
def uci(data_dir: Path):
    from omosim.ingest import ReadOptions, read_log

    return read_log(data_dir / "uci_online_retail.parquet", "uci_online_retail", ReadOptions())
