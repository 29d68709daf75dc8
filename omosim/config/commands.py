"""What each command takes beside the settings of a run."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model, field_validator
from pydantic_core import PydanticCustomError

from omosim.schema.fields import Frozen, par
from omosim.schema.settings import CompareSettings


def _share(value: Any) -> Any:
    """A share where a percentage is written."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1]) / 100
        except ValueError:
            return value
    return value


#: bad rows that may be left out: a number of rows, or below 1 (or with %) a share of them
BadRows = Annotated[float, BeforeValidator(_share)]


class RunSettings(Frozen):
    """What `run` adds to the settings: nothing."""


class CalibrateSettings(Frozen):
    """What `calibrate` adds to the settings of the market from which it starts."""

    orders: str = par("file", "order file of the retailer, CSV or Parquet", min_length=1, max_length=4096)
    adapter: Literal["own", "uci_online_retail", "cdnow", "tafeng", "olist"] = par(
        "name", "layout of the order file", default="own"
    )
    name: str = par("name", "name of the market; empty: from the file's name", default="", max_length=80)
    holdout_days: int | None = par("days", "last days, kept for the check; none: three months", 1, 3650, default=None)
    max_bad_rows: BadRows = par("rows", "bad rows that may be left out, each of them counted; below 1 (or 0.1%) a share of all rows", 0, 10**9, default=0)
    timezone: str | None = par("name", "IANA zone of times without offset; none refuses them", default=None)
    currency: Literal["KRW", "USD", "GBP", "EUR", "JPY"] = par("code", "currency of the prices", default="KRW")
    replications: int = par("runs", "simulated logs in the table of the check", 1, 1000, default=6)
    rounds: int = par("rounds", "rounds that bring the simulated log to the real one", 0, 50, default=6)


class BopisSettings(Frozen):
    """What `bopis` adds to the settings of the store's network."""

    orders: str | None = par("file", "order file, CSV, CSV.gz, Parquet or xlsx; none: a shipped sample of known truth", default=None, max_length=4096)
    store: str | None = par("name", "store_id of the file; none: the store with the most pickups", default=None, max_length=200)
    day: Literal["all", "mon", "tue", "wed", "thu", "fri", "sat", "sun"] = par("name", "weekday to plan", default="all")
    promise_h: float | None = par("h", "opening hours from order to ready; none: the file's own, or two hours", 0.25, 72, default=None)
    target: float = par("share", "pickups that must be ready by the promise", 0.5, 0.999, default=0.95)
    wait_min: float = par("min", "wait at the counter that still counts as short", 0, 120, default=5.0)
    wait_share: float = par("share", "customers at the counter who must wait no longer than that", 0.3, 0.999, default=0.9)
    shift_min_h: float = par("h", "shortest shift, breaks included", 1, 12, default=4.0)
    shift_max_h: float = par("h", "longest shift, breaks included", 1, 14, default=9.0)
    break_minutes: int = par("min", "unpaid break for every four hours of a shift; quarter hours", 0, 120, default=30)
    least_pickers: int = par("people", "pickers who are there at any open time", 0, 100, default=1)
    least_counter: int = par("people", "people at the counter at any open time", 0, 100, default=1)
    max_hours_week: float = par("h", "paid hours of one person a week", 4, 80, default=40.0)
    days_off: int = par("days", "days of the week without a shift, for each person", 0, 6, default=2)
    rest_hours: float = par("h", "from the end of a person's shift to the beginning of the next", 0, 24, default=11.0)
    slot_minutes: int = par("min", "length of a bookable slot", 15, 240, default=30)
    bins: int = par("bins", "places on the pickup shelf; 0 as many as needed", 0, 100000, default=0)
    bins_overflow: float = par("share", "days on which the shelf may be too small", 0.0001, 0.5, default=0.01)
    roster: str | None = par("file", "who was on duty in the past, for the check: CSV with weekday, role (picker or counter), from, to, and breaks, as rota.csv; none: a constant number read from ready times", default=None, max_length=4096)
    past_pooled_staff: bool = par("flag", "whether one pool of people picked and served in the past, for the check; network.operations.pooled_staff is of the plan", default=False)
    past_batch_orders: int = par("orders", "most orders picked on one trip in the past, for the check; network.operations.batch_orders is of the plan", 0, 64, default=0)
    holidays: list[str] = par("dates", "past days that are not to be planned from: dates YYYY-MM-DD, or a file with one a line", default=[])
    max_bad_rows: BadRows = par("rows", "bad rows that may be left out, each of them counted; below 1 (or 0.1%) a share of all rows", 0, 10**9, default=0)
    timezone: str | None = par("name", "IANA zone of times without offset; none refuses them", default=None)
    currency: Literal["KRW", "USD", "GBP", "EUR", "JPY"] = par("code", "currency of the prices", default="KRW")

    @field_validator("holidays", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        """A single date or file needs no brackets."""
        return [value] if isinstance(value, str) else value


class ValidateSettings(Frozen):
    """What `validate` adds to the settings: which published experiments, and how often."""

    patterns: list[str] = par("names", "published experiments by name, or files of own ones; all: every shipped one", min_length=1, max_length=200)
    replications: int = par("runs", "paired replications of every arm", 2, 100000)
    jobs: int = par("processes", "worker processes", 1, 1024)


class ClaimsSettings(Frozen):
    """What `claims` adds to the settings: which claims, and how often."""

    claims: list[str] = par("names", "claims by name, or files of own ones; all: every shipped one", min_length=1, max_length=200)
    replications: int = par("runs", "paired replications of every arm", 2, 100000)
    jobs: int = par("processes", "worker processes", 1, 1024)


class SweepSettings(Frozen):
    """What `sweep` adds to the settings: the design, how often, and where it runs."""

    design: Literal["auto", "grid", "lhs", "sobol", "morris", "saltelli"] = par("name", "how points are chosen; auto: a grid of the values given, with ranges a Latin hypercube", default="auto")
    points: int = par("points", "points of lhs and sobol; trajectories of morris; base points of saltelli", 1, 1_000_000, default=64)
    design_seed: int = par("1", "seed of the design's own draws", 0, 2**31, default=1)
    replications: int = par("runs", "repetitions of every point", 1, 100_000, default=1)
    baseline: str = par("name", "strategy that the others are held against; empty: the first", default="", max_length=80)
    executor: Literal["auto", "inline", "pool", "dask"] = par("name", "where runs are made; auto: processes on this machine", default="auto")
    scheduler: str = par("address", "a Dask scheduler, as tcp://host:8786; empty: a cluster of its own on this machine", default="", max_length=200)
    jobs: int = par("processes", "worker processes", 1, 1024, default=2)
    budget_s: float | None = par("s", "longest time of one run; none: no limit", 0.1, 10**7, default=None)
    select: Literal["", "kim_nelson"] = par("name", "kim_nelson: give replications only to the arms (a strategy at a point) that may still be the best; empty: the same to all", default="")
    indifference: float = par("money", "difference in operating profit that is worth telling apart, in the market's currency; for select", 0, 10**15, default=0.0)
    shard: str = par("k/n", "the part of the sweep that this process runs, as 3/40; empty: all", default="", max_length=20)


class _Workers(Frozen):
    """Where the runs of `value`, `flip` and `attribute` are made."""

    executor: Literal["auto", "inline", "pool", "dask"] = par("name", "where runs are made; auto: processes on this machine", default="auto")
    scheduler: str = par("address", "a Dask scheduler, as tcp://host:8786; empty: a cluster of its own on this machine", default="", max_length=200)
    jobs: int = par("processes", "worker processes", 1, 1024, default=2)
    budget_s: float | None = par("s", "longest time of one run; none: no limit", 0.1, 10**7, default=None)


class _Value(_Workers):
    to: str = par("name", "strategy at the end, by name or file", default="omo", min_length=1, max_length=4096)
    capabilities: list[str] = par("names", "capabilities whose value is wanted; what else differs is one further player. Empty: each that differs", default=[])
    replications: int = par("runs", "paired repetitions of every coalition", 1, 100_000, default=8)
    orders: int = par("orders", "sampled orders where more than 10 players leave too many; an order and its reverse are a pair", 4, 100_000, default=24)
    orders_seed: int = par("1", "seed of the sampled orders", 0, 2**31, default=1)


#: what `value` adds to the settings: from and to, the players, how often, and where it runs
ValueSettings: type[BaseModel] = create_model(
    "ValueSettings", __base__=_Value, **{"from": (str, par("name", "strategy at the start, by name or file", default="o2o", min_length=1, max_length=4096))}
)  # type: ignore[call-overload]


class FlipSettings(_Workers):
    """What `flip` adds to the settings: the strategies, how fine the map is, and what it may cost."""

    strategies: list[str] = par("names", "strategies that are held against one another; the first is the baseline", default=["o2o", "omo"])
    resolution: float = par("share", "a region in which one cannot tell is left alone when it is narrower than this share of the range", 0.001, 0.5, default=0.05)
    runs: int = par("runs", "runs at most, over all points, strategies and repetitions", 4, 10_000_000, default=600)
    start: int = par("points", "first points along each range", 2, 200, default=5)
    replications: int = par("runs", "repetitions with which a point begins", 2, 10_000, default=8)
    most: int = par("runs", "repetitions of one point at most, where one cannot tell", 2, 100_000, default=32)
    confidence: float = par("probability", "of the paired interval by which a point says who pays; above 0.95 because many points are looked at, several times", 0.5, 0.9999, default=0.99)


class AttributeSettings(_Workers):
    """What `attribute` adds to the settings: how much identity is lost, how much money moves, how often, and where it runs."""

    identity_loss: list[Annotated[float, Field(ge=0, le=0.9)]] = par("shares", "touches before purchases whose identity is lost, one level each; the market as it is comes beside them", max_length=20, default=[0.0, 0.3, 0.6])
    shift: float = par("share", "part of the media budget that moves from the paid touchpoints with least credit per cost to the one with most", 0.001, 1, default=0.1)
    off: list[str] = par("names", "touchpoints that are switched off in turn; empty: every one that is present and can be", max_length=64, default=[])
    replications: int = par("runs", "paired replications of every run", 2, 100_000, default=10)

    @field_validator("identity_loss", "off", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        """One level or name needs no brackets; whole numbers are shares too."""
        many = value if isinstance(value, list) else [value]
        return [float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in many]

    @field_validator("identity_loss")
    @classmethod
    def _once(cls, value: list[float]) -> list[float]:
        """Each level once, from the least on."""
        return sorted(set(value))


def _day(value: str) -> str:
    """A day that exists, as YYYY-MM-DD."""
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise PydanticCustomError("no_such_day", "no such day, written YYYY-MM-DD like 2025-03-01")


Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)]
#: a day told as closed, or one that is taken back
ClosedDay = Annotated[str, Field(pattern=r"^-?\d{4}-\d{2}-\d{2}$"), AfterValidator(lambda value: "-" * value.startswith("-") + _day(value.removeprefix("-")))]


class TwinSettings(Frozen):
    """What `twin` adds to the settings: its folder, the retailer's files, and how they are read."""

    dir: str = par("folder", "folder of the twin", default="", max_length=4096)
    orders: str | None = par("file", "order file, CSV, CSV.gz, xlsx or Parquet", default=None, max_length=4096)
    adapter: Literal["own", "uci_online_retail", "cdnow", "tafeng", "olist"] = par("name", "layout of the order file", default="own")
    stock: str | None = par("file", "counts of stock on hand", default=None, max_length=4096)
    traffic: str | None = par("file", "visitors of stores by hour or day", default=None, max_length=4096)
    sessions: str | None = par("file", "sessions of the web shop by hour or day", default=None, max_length=4096)
    prices: str | None = par("file", "prices and promotions", default=None, max_length=4096)
    deliveries: str | None = par("file", "goods that came, of suppliers and of orders", default=None, max_length=4096)
    name: str = par("name", "name of the twin; empty: from the order file's name", default="", max_length=80)
    timezone: str | None = par("name", "IANA zone of times without offset; none refuses them", default=None)
    currency: Literal["KRW", "USD", "GBP", "EUR", "JPY"] = par("code", "currency of the prices", default="KRW")
    margin: float | None = par("share", "gross margin on the list price, of all goods; none: assumed (new alone)", -1, 1, default=None)
    as_of: Day | None = par("day", "last day that is taken in, YYYY-MM-DD; none: all", default=None)
    max_bad_rows: BadRows = par("rows", "bad rows of each file that may be left out, each of them counted; below 1 (or 0.1%) a share of all rows", 0, 10**9, default=0)
    closed: list[ClosedDay] = par("days", "days on which the shop was closed, YYYY-MM-DD: their zeros are zeros, no gaps; -YYYY-MM-DD takes one back", default=[], max_length=5000)
    accept: list[Literal["price_jump", "too_many_gaps", "order_id_reused"]] = par("codes", "findings that would stop an ingest and that are right as they stand", default=[], max_length=20)
    ways: list[str] = par("ways", "what decide weighs against the present way: a strategy, a capability (-NAME: off), staff*1.5; joined by +", default=[], max_length=20)
    took: str | None = par("way", "way of the last decision that was taken in fact (decide alone): it is noted and is the present way from then on, nothing is weighed", default=None, max_length=400)
    members: int = par("worlds", "plausible worlds that decide and forecast run", 10, 2000, default=50)
    assimilate: bool = par("yes or no", "members follow the data week by week before they are asked; no: they are as the fit left them", default=True)
    warm_weeks: int = par("weeks", "before today from which new members begin to follow the data", 1, 104, default=8)
    season: Literal["retail", "none"] = par("name", "what new members know of the year's end before the log shows it: retail, the part of a year's sales that November and December hold over all trades; none", default="retail")
    horizon: int = par("days", "days from today that decide and forecast look at", 1, 366, default=28)
    budget_min: float = par("minutes", "time for a fit by simulation (new, update); 0: closed forms alone", 0, 10_000, default=0)
    service: float = par("share", "order cycles without a stock-out that reorder levels are made for", 0.5, 0.9999, default=0.95)
    review_days: float = par("days", "between two orders of a store's stock", 0.5, 60, default=1.0)
    lead_days: float | None = par("days", "from order to shelf, for reorder levels; none: the network's, of stores and of the centre", 0.5, 365, default=None)
    jobs: int = par("processes", "worker processes", 1, 1024, default=2)

    @field_validator("closed", "accept", "ways", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        """One day or code needs no brackets."""
        return [value] if isinstance(value, str) else value


OPTIONS: dict[str, type[BaseModel]] = {
    "run": RunSettings,
    "sweep": SweepSettings,
    "compare": CompareSettings,
    "calibrate": CalibrateSettings,
    "bopis": BopisSettings,
    "validate": ValidateSettings,
    "value": ValueSettings,
    "flip": FlipSettings,
    "attribute": AttributeSettings,
    "claims": ClaimsSettings,
    "twin": TwinSettings,
}
