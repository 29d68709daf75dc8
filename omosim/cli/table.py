"""The commands: what each is for, how it is written, what comes next. Imports nothing, so that help is quick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command of the command line. takes: overrides, kinds, keys, folder, or none."""

    name: str
    takes: str
    usage: str
    says: dict[str, str]
    body: str
    examples: tuple[str, ...]
    after: str


def _c(
    name: str, takes: str, usage: str, en: str, ko: str, body: str, examples: tuple[str, ...], after: str
) -> Command:
    return Command(name, takes, usage, {"en": en, "ko": ko}, body, examples, after)


COMMANDS: dict[str, Command] = {
    c.name: c
    for c in (
        _c(
            "init",
            "folder",
            "omosim init DIR",
            "write a folder of commented files for an own retailer",
            "내 소매점을 위한 설정 파일 폴더를 만든다",
            "Writes market.yaml (people, place, goods, stores), scenario.yaml, strategy.yaml and README.txt.\n"
            "Every number has its unit and source behind it. An existing file is never overwritten.\n"
            "from=MARKET takes another shipped market as the start.",
            ("omosim init mystore", "omosim init mystore from=apparel", "omosim init studies/seoul from=seoul_beauty"),
            "omosim compare market=DIR/market.yaml",
        ),
        _c(
            "run",
            "overrides",
            "omosim run [key=value …]",
            "simulate one strategy",
            "전략 하나를 시뮬레이션한다",
            "Writes kpis, daily, orders (Parquet), laws.json, summary.json and report.html to the result folder.",
            (
                "omosim run strategy=omo shoppers=20000 days=28 seed=7",
                "omosim run market=mystore/market.yaml strategy.capabilities.bopis=false",
                "omosim run -m shoppers=500,800 seed=1,2",
            ),
            "omosim report outputs/run/latest",
        ),
        _c(
            "compare",
            "overrides",
            "omosim compare [key=value …]",
            "strategies against a baseline, with paired intervals",
            "여러 전략을 기준 전략과 비교한다",
            "The same shoppers with the same needs meet each strategy. It stops when the interval is narrower than\n"
            "`precision`, or says that it cannot tell. strategy.capabilities.NAME=… holds for every arm.",
            (
                "omosim compare strategies=[o2o,omnichannel,omo] baseline=o2o market=seoul_beauty",
                "omosim compare strategies=[o2o,mystore/strategy.yaml] replications=20 precision=0.005",
                "omosim compare strategies=[o2o,omo] market=apparel scenario=courier_shortage",
            ),
            "omosim report outputs/compare/latest",
        ),
        _c(
            "sweep",
            "overrides",
            "omosim sweep KEY=V1,V2 … [design=lhs points=64] | status DIR | extend DIR replications=+N",
            "many runs over a design of settings, for every strategy",
            "여러 설정값을 바꾸어 가며 모든 전략을 돌린다",
            "Any setting may have several values (a,b,c or range(1,5)) or a range (interval(0.5,2)). Values are crossed\n"
            "(design=grid); ranges are filled by a Latin hypercube (lhs) or a Sobol sequence (sobol); morris and saltelli are for\n"
            "sensitivities. Every finished run is kept: the same command goes on after Ctrl-C or a crash. Runs go to processes,\n"
            "to a Dask cluster (executor=dask scheduler=tcp://host:8786), or to job arrays (shard=3/40).\n"
            "select=kim_nelson indifference=N gives replications only to the arms that may still be the best; N is the difference in\n"
            "operating profit that is worth telling apart, in the market's currency.",
            (
                "omosim sweep strategy=o2o,omo shoppers=5000 seed=1,2,3 network.stores.count=10,20,40",
                "omosim sweep strategy=o2o,omo market.choice.wait_per_day=interval(0.0007,0.0028) points=32 replications=4",
                "omosim sweep strategy=o2o,omo network.stores.count=6,12 select=kim_nelson indifference=2000000 replications=12",
                "omosim sweep status outputs/sweep/latest",
                "omosim sweep extend outputs/sweep/latest replications=+4",
            ),
            "omosim report outputs/sweep/latest",
        ),
        _c(
            "calibrate",
            "overrides",
            "omosim calibrate orders=FILE [key=value …]",
            "fit a market to an order file",
            "주문 파일에 시장을 맞춘다",
            "Reads the retailer's order log (CSV, xlsx or Parquet), checks every row, fits needs and repeat purchases,\n"
            "and writes a market file with its sources.",
            (
                "omosim calibrate orders=orders.csv market=seoul_beauty",
                "omosim calibrate orders=orders.xlsx timezone=Asia/Seoul currency=KRW name=mystore",
                "omosim calibrate orders=online_retail.parquet adapter=uci_online_retail market=apparel",
            ),
            "omosim compare market=outputs/calibrate/latest/market.yaml",
        ),
        _c(
            "twin",
            "overrides",
            "omosim twin new|update|report|forecast|score|decide dir=DIR [orders=FILE] [key=value …]",
            "a digital twin of a retailer that lives on its data",
            "소매점 데이터로 움직이는 디지털 트윈을 만들고 갱신한다",
            "new reads the files, says what is odd about them, and fits; update takes newer files, whose old rows count once;\n"
            "report writes report.html; forecast runs whole models of the retailer ahead and keeps their bands; score holds kept\n"
            "forecasts against what came; decide weighs ways of trading from today on. Files: orders, stock, traffic, sessions,\n"
            "prices, deliveries (docs/twin_data.md). The folder survives a kill: the same command goes on and gives the same bytes.",
            (
                "omosim twin new dir=mytwin orders=orders.csv timezone=Asia/Seoul",
                "omosim twin update dir=mytwin orders=this_week.csv traffic=traffic.csv",
                "omosim twin forecast dir=mytwin members=50 horizon=28",
                "omosim twin decide dir=mytwin ways=[omo,-bopis,staff*1.5] members=50 horizon=28",
            ),
            "omosim twin report dir=DIR",
        ),
        _c(
            "bopis",
            "overrides",
            "omosim bopis [orders=FILE] [store=ID] [day=sat] [key=value …]",
            "people, promise and slots for pickup, from an order file",
            "주문 파일로 매장 픽업의 인력·약속시간·예약 한도를 정한다",
            "Reads the store's orders, checks every row, holds the model against days it has not seen, and finds the\n"
            "cheapest shifts that keep the promise and the wait; then how many orders each slot can carry, and what one\n"
            "person more or fewer, a shorter promise, 30 % more orders or one sick would do. Writes plan.json,\n"
            "capacity_plan.csv, rota.csv, rota.xlsx and report.html. Without a file it plans a sample of known truth.",
            (
                "omosim bopis",
                "omosim bopis orders=orders.csv store=S01 day=sat",
                "omosim bopis orders=orders.csv store=S01 promise_h=1 target=0.97 network.work.pick_base_s=120",
            ),
            "omosim report outputs/bopis/latest",
        ),
        _c(
            "validate",
            "overrides",
            "omosim validate [patterns=V1,V12] [key=value …]",
            "published field experiments, run again and judged",
            "발표된 현장 실험을 다시 돌려 모형이 맞는지 판정한다",
            "Each experiment is a file (configs/experiment): arms, what is measured, what was published. Arms run in paired\n"
            "replications; each figure holds, is outside its band, has the wrong sign, or cannot be told. A file of your own\n"
            "is run the same way: patterns=FILE.yaml. Other words replace those of the files: replications=4 is quick.",
            (
                "omosim validate",
                "omosim validate patterns=V1,V12 replications=4",
                "omosim validate patterns=my_experiment.yaml shoppers=5000",
            ),
            "omosim report outputs/validate/latest",
        ),
        _c(
            "value",
            "overrides",
            "omosim value [from=o2o] [to=omo] [capabilities=[…]] [key=value …]",
            "what each capability is worth, and what to do first",
            "역량마다 얼마의 값이 있는지, 무엇을 먼저 할지 계산한다",
            "Shapley value of every capability that differs between two strategies, in money, with interval, costs, payback,\n"
            "synergies of pairs and the order in which to take them over. Exact up to 10 players, beyond that from sampled\n"
            "orders (orders=24). capabilities=[…] names the players; what else differs is one further player. The same command\n"
            "goes on after Ctrl-C.",
            (
                "omosim value from=o2o to=omo shoppers=5000",
                "omosim value from=omnichannel to=omo capabilities=[live_commerce,ar_fit,same_day] replications=12",
                "omosim value from=omo to=omo capabilities=[live_commerce,push]",
            ),
            "omosim report outputs/value/latest",
        ),
        _c(
            "flip",
            "overrides",
            "omosim flip [strategies=[o2o,omo]] KEY=interval(LOW,HIGH) [KEY2=interval(LOW,HIGH)] [key=value …]",
            "where which strategy pays: break-even over one key, a map over two",
            "설정값의 범위 안에서 어느 전략이 어디서 이익인지 손익분기 지도를 그린다",
            "Any number of the settings may be the key. Points are added where the winner changes and repetitions where one\n"
            "cannot tell, until such regions are narrower than resolution=0.05 of the range or the budget runs=600 is used.\n"
            "Says the break-even value with its interval, or that it never flips in the range. The same command goes on after\n"
            "Ctrl-C.",
            (
                "omosim flip strategies=[o2o,omo] \"network.stores.count=interval(5,40)\"",
                "omosim flip strategies=[o2o,omnichannel,omo] \"market.choice.wait_per_day=interval(0.0007,0.0028)\" runs=1000",
                "omosim flip \"network.stores.count=interval(5,40)\" \"market.choice.wait_per_day=interval(0.0007,0.0028)\" start=4",
            ),
            "omosim report outputs/flip/latest",
        ),
        _c(
            "attribute",
            "overrides",
            "omosim attribute [strategy=NAME] [scenario=NAME] [identity_loss=[0,0.3,0.6]] [key=value …]",
            "what attribution credits to each touchpoint, beside what it truly causes",
            "기여도 모형이 각 접점에 돌린 몫을 실제 증분 효과와 견준다",
            "One strategy. Seven models of attribution read the log as the firm sees it, at several losses of identity; beside\n"
            "them stands what is lost when each touchpoint is switched off, for the same people. Then each model moves a part of\n"
            "the media budget (shift=0.1), and paired runs say what that earns. Every finished run is kept: the same command goes\n"
            "on after Ctrl-C. `executor=dask scheduler=tcp://host:8786` as in a sweep.",
            (
                "omosim attribute strategy=omnichannel shoppers=5000 replications=10",
                "omosim attribute strategy=omo scenario=live_commerce identity_loss=[0,0.3,0.6]",
                "omosim attribute off=[search_ads,display_ads] shift=0.2",
            ),
            "omosim report outputs/attribute/latest",
        ),
        _c(
            "claims",
            "overrides",
            "omosim claims [claims=N9,N14] [key=value …]",
            "published success stories: what their way of reading shows, and what is caused",
            "발표된 성공 사례의 수치 가운데 인과 효과가 얼마인지 따진다",
            "Each claim is a file (configs/claim): the world, what is switched, how its publisher read it (after against before,\n"
            "users against others), and the same people with and without it. A line of words says what part is caused, with its\n"
            "95 % interval; what the model cannot speak about says why. A file of your own is read the same way: claims=FILE.yaml.",
            (
                "omosim claims",
                "omosim claims claims=N9,N14 replications=6",
                "omosim claims claims=my_claim.yaml shoppers=5000",
            ),
            "omosim report outputs/claims/latest",
        ),
        _c(
            "list",
            "kinds",
            "omosim list [markets|strategies|capabilities|scenarios|experiments|patterns|claims|touchpoints|quantities]",
            "markets, strategies, capabilities and scenarios that can be named",
            "쓸 수 있는 시장·전략·역량·시나리오를 보여 준다",
            "Shows what comes with omosim and what stands in ./configs, ./scenarios and ./experiments. quantities: what a dated\n"
            "change of a scenario can move, with unit, range and what it may be narrowed by.",
            ("omosim list", "omosim list scenarios", "omosim list quantities"),
            "omosim run scenario=NAME",
        ),
        _c(
            "explain",
            "keys",
            "omosim explain KEY | --all | --count [key=value …]",
            "what a setting means: unit, range, value, source, and the line that set it",
            "설정의 뜻·단위·범위·값·출처를 설명한다",
            "A prefix lists the keys below it; a short name (bopis, pickers) finds where it stands. --count says how many numbers are assumed, have a source, or state none.",
            (
                "omosim explain network.stores.pickers",
                "omosim explain bopis",
                "omosim explain --count market=mystore/market.yaml",
            ),
            "omosim run KEY=VALUE",
        ),
        _c(
            "report",
            "folder",
            "omosim report DIR [format=html,xlsx,csv,png,svg] [--lang ko]",
            "the report again from a result folder; also as spreadsheet, csv, pictures, in Korean",
            "결과 폴더에서 보고서를 다시 만든다 (엑셀·csv·그림, 한국어)",
            "Uses the files in the folder alone. format: html (report.html), xlsx (report.xlsx with the spreadsheet's own charts),\n"
            "csv (csv/TABLE.csv), png and svg (figures/NAME.…); the tables themselves are Parquet already. A text that looks like\n"
            "a formula stays a text. --lang ko: the page in Korean; what has no translation stays English.",
            (
                "omosim report outputs/compare/latest",
                "omosim report outputs/compare/latest --lang ko",
                "omosim report outputs/compare/latest format=html,xlsx,png",
            ),
            "open DIR/report.html in a browser",
        ),
        _c(
            "rerun",
            "folder",
            "omosim rerun DIR [run=ID]",
            "repeat a result from its own config and compare the tables",
            "결과를 같은 설정으로 다시 계산해 비교한다",
            "Reads config.yaml and provenance.json of the folder. run=ID repeats one run of a sweep or a comparison and says which\n"
            "figures differ; a failed one shows its error again.",
            ("omosim rerun outputs/run/latest", "omosim rerun outputs/sweep/latest run=ID", "omosim rerun outputs/compare/latest run=ID"),
            "omosim report DIR",
        ),
        _c(
            "doctor",
            "none",
            "omosim doctor [--warm]",
            "versions, cores, memory, disk, cache; --warm compiles once",
            "설치 상태를 점검한다",
            "--warm compiles the kernels now (up to 45 s, once), so that the first run starts at once.",
            ("omosim doctor", "omosim doctor --warm", "NUMBA_CACHE_DIR=/scratch/omosim omosim doctor --warm"),
            "omosim compare",
        ),
    )
}

KINDS = ("markets", "strategies", "capabilities", "scenarios", "experiments", "patterns", "claims", "touchpoints", "quantities")
GLOBAL_FLAGS = ("--help", "--version", "--lang", "--completion", "--trace")
FLAGS: dict[str, tuple[str, ...]] = {
    "run": ("--cfg", "--multirun"),
    "compare": ("--cfg", "--multirun"),
    "sweep": ("--cfg",),
    "calibrate": ("--cfg",),
    "bopis": ("--cfg", "--multirun"),
    "validate": ("--cfg",),
    "value": ("--cfg",),
    "flip": ("--cfg",),
    "attribute": ("--cfg",),
    "claims": ("--cfg",),
    "twin": ("--cfg",),
    "explain": ("--all", "--count"),
    "doctor": ("--warm",),
}
