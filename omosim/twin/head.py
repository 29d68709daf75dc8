"""The form of `twin.json`: a file that somebody changed is refused with the place, before anything is built on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from omosim.results.words import MINOR

#: tables whose parts a twin keeps
KINDS = Literal["orders", "returns", "stock", "traffic", "sessions", "prices", "deliveries"]


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("allowed: a day as YYYY-MM-DD")
    date.fromisoformat(text)
    return text


def _currency(code: str) -> str:
    if code not in MINOR:
        raise ValueError(f"allowed: {', '.join(MINOR)}")
    return code


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError("allowed: an IANA name like Asia/Seoul") from None
    return name


Day = Annotated[str, AfterValidator(_day)]
Number = Annotated[int, Field(ge=0)]
File = Annotated[str, Field(pattern=r"^data/[a-z_]+-[0-9a-f]{12}\.[a-z]+$")]


class _Row(BaseModel):
    """What omosim needs of a row; a later version may write more."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Part(_Row):
    kind: KINDS
    file: File
    rows: Number
    from_day: Day
    to_day: Day
    version: Number


class _Class(_Row):
    rows: Number
    meaning: str
    done: str
    name: str = Field(alias="class")


class _Source(_Row):
    kind: KINDS
    file: str
    sha256: str
    rows: Number
    version: Number
    classes: list[_Class]
    notes: list[str]


class _Set(_Row):
    version: Number
    file: File
    as_of: Day | None = None


class _Forecast(_Row):
    origin: Day
    days: Number
    file: File


class _Decision(_Row):
    file: File
    tables: dict[str, File]
    took: str | None
    from_: Day | None = Field(None, alias="from")
    ways: list[str] = []
    on: list[str] = []
    present: str = ""


class _Present(_Row):
    from_: Day = Field(alias="from")
    ways: list[str]


class _Following(_Row):
    day: Day
    members: int = Field(ge=1)
    columns: list[list[Any]]
    shares: list[float | None]


class _Step(_Row):
    step: str
    key: str
    version: Number
    did: dict[str, Any]

    @model_validator(mode="after")
    def _counted(self) -> _Step:
        if self.step in ("new", "update"):
            for kind, n in self.did.items():
                if not (isinstance(n, dict) and all(type(n.get(word)) is int for word in ("new", "known", "changed"))):
                    raise ValueError(f"did.{kind}: allowed: new, known and changed, whole numbers")
        return self


class Head(_Row):
    """`twin.json` as `folder.Twin` describes it."""

    schema_version: int
    name: str
    adapter: str
    currency: Annotated[str, AfterValidator(_currency)]
    timezone: Annotated[str, AfterValidator(_zone)]
    first_day: Day
    as_of: Day
    closed: list[Day]
    given: list[str] = []
    data: list[_Part]
    sources: list[_Source]
    parameter_sets: list[_Set]
    forecasts: list[_Forecast]
    decisions: list[_Decision] = []
    present: list[_Present] = []
    following: _Following | None = None
    updates: list[_Step] = Field(min_length=1)
    files: dict[str, File]

    @model_validator(mode="after")
    def _whole(self) -> Head:
        if self.first_day > self.as_of:
            raise ValueError(f"as_of {self.as_of} is before first_day {self.first_day}")
        if not any(part.kind == "orders" for part in self.data):
            raise ValueError("data: no part has orders")
        if self.updates[0].step != "new":
            raise ValueError("updates: the first step is not new")
        return self


def fault(head: Mapping[str, Any]) -> str:
    """What is wrong with a `twin.json`, its first fault: place, value and what is allowed; empty where it has the form that omosim writes."""
    try:
        Head.model_validate(head)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        shown = "" if first["type"] == "missing" or not place or isinstance(first["input"], (dict, list)) else f" = {str(first['input'])[:60]!r}"
        return f"{place}{shown}: {message}" if place else message
    return ""
