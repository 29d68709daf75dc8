"""Files of results: atomic writers, result folders, provenance, readers. Imports nothing else of omosim."""

from omosim.results.atomic import json_text, write_bytes, write_json, write_text
from omosim.results.errors import FolderInUse, NewerSchema, NotAResult, ResultError, Unfinished
from omosim.results.folder import ResultFolder
from omosim.results.load import CompareResult, Result, RunResult, SweepResult, load
from omosim.results.provenance import code_version, content_hash, file_hash, provenance
from omosim.results.rounding import nine_digits, nine_digits_array
from omosim.results.tables import SCHEMA_VERSION, read_columns, read_frame, write_parquet

__all__ = [
    "SCHEMA_VERSION",
    "CompareResult",
    "FolderInUse",
    "NewerSchema",
    "NotAResult",
    "Result",
    "ResultError",
    "ResultFolder",
    "RunResult",
    "SweepResult",
    "Unfinished",
    "code_version",
    "content_hash",
    "file_hash",
    "json_text",
    "load",
    "nine_digits",
    "nine_digits_array",
    "provenance",
    "read_columns",
    "read_frame",
    "write_bytes",
    "write_json",
    "write_parquet",
    "write_text",
]
