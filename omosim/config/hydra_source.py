"""Serves Hydra the strictly read files, so that Hydra's own YAML reader never sees one."""

from __future__ import annotations

from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import IConfigRepository
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.types import RunMode
from hydra.version import setbase
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from omosim.config import plain
from omosim.config.library import GROUPS, Library
from omosim.config.plain import File

_LIBRARIES: dict[str, Library] = {}


class StrictSource(ConfigSource):
    """Hydra's view of a Library."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self.library = _LIBRARIES[self.path]

    @staticmethod
    def scheme() -> str:
        """Scheme of the search path."""
        return "omosim"

    def available(self) -> bool:
        """Always there."""
        return True

    def load_config(self, config_path: str) -> ConfigResult:
        """The file as Hydra's container."""
        doc = self.library.doc(config_path.removesuffix(".yaml"))
        data = dict(doc.data)
        header = self._get_header_dict(doc.text)
        return ConfigResult(self.provider, f"omosim://{doc.file}", OmegaConf.create(data), header)

    def is_group(self, config_path: str) -> bool:
        """Whether the path is a folder of options."""
        return plain.is_group(self.library, config_path)

    def is_config(self, config_path: str) -> bool:
        """Whether the path is a file."""
        return self.library.exists(config_path.removesuffix(".yaml"))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Names in a folder."""
        files = [] if results_filter == ObjectType.GROUP else self.library.options(config_path)
        groups = list(GROUPS) if config_path == "" and results_filter != ObjectType.CONFIG else []
        return sorted(files + groups)


class _Recording(ConfigLoaderImpl):
    """Hydra's loader, which also keeps the files of its last composition with the package of each."""

    files: list[File]

    def _compose_config_from_defaults_list(self, defaults: list[ResultDefault], repo: IConfigRepository) -> DictConfig:
        own = [d for d in defaults if d.config_path and not d.config_path.startswith("hydra")]
        self.files = [(str(d.config_path), tuple(p for p in (d.package or "").split(".") if p)) for d in own]
        return super()._compose_config_from_defaults_list(defaults, repo)


class Loader:
    """Hydra's composition over one Library, without Hydra's global state."""

    def __init__(self, library: Library) -> None:
        setbase("1.3")
        self._library = library
        self._made: _Recording | None = None

    @property
    def _loader(self) -> _Recording:
        if self._made is None:
            Plugins.instance()
            if not SourcesRegistry.instance().types.get("omosim"):
                SourcesRegistry.instance().register(StrictSource)
            token = str(id(self._library))
            _LIBRARIES[token] = self._library
            try:
                path = ConfigSearchPathImpl()
                path.append("hydra", "pkg://hydra.conf")
                path.append("main", f"omosim://{token}")
                path.append("schema", "structured://")
                self._made = _Recording(path)
            finally:
                _LIBRARIES.pop(token)
        return self._made

    def compose(self, primary: str, overrides: list[str]) -> tuple[dict[str, Any], list[File]]:
        """The composed configuration as plain data, and the files that took part, in the order of their layers."""
        try:
            return plain.compose(self._library, primary, overrides)
        except (plain.Unusual, HydraException, OmegaConfBaseException, ValueError, KeyError):
            return self.compose_whole(primary, overrides)

    def compose_whole(self, primary: str, overrides: list[str]) -> tuple[dict[str, Any], list[File]]:
        """The same by Hydra's own containers: it knows every case and has the messages."""
        config = self._loader.load_configuration(primary, overrides, RunMode.RUN, from_shell=False)
        data = OmegaConf.to_container(config, resolve=False)
        assert isinstance(data, dict)
        data.pop("hydra", None)
        return {str(k): v for k, v in data.items()}, self._loader.files
