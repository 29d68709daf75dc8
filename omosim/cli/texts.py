"""Help and fixed phrases, in English and Korean."""

from __future__ import annotations

from omosim.cli.table import COMMANDS, FLAGS

LANGUAGES = ("en", "ko")

WORDS = {
    "en": {
        "what": "omosim: which channel strategy pays, by how much, how sure, and which capability does the work?",
        "usage": "usage: omosim COMMAND [key=value …]",
        "commands": "commands",
        "common": "common settings",
        "examples": "examples",
        "next": "next",
        "more": "omosim COMMAND --help says more. Exit codes: 0 ok, 1 our bug, 2 bad input, 3 some runs failed, "
        "4 a law was broken, 130 interrupted.",
        "flags": "flags",
    },
    "ko": {
        "what": "omosim: 어떤 채널 전략이 얼마나, 얼마나 확실하게 이익인지, 어떤 역량이 그 일을 하는지 계산한다",
        "usage": "사용법: omosim 명령 [키=값 …]",
        "commands": "명령",
        "common": "자주 쓰는 설정",
        "examples": "예",
        "next": "다음",
        "more": "omosim 명령 --help 로 자세히 볼 수 있다. 종료 코드: 0 정상, 1 프로그램 오류, 2 잘못된 입력, "
        "3 일부 실행 실패, 4 법칙 위반, 130 중단.",
        "flags": "옵션",
    },
}

COMMON = """\
  strategy=omo  strategies=[o2o,omnichannel,omo]  baseline=o2o  market=NAME|FILE.yaml  scenario=NAME|FILE.yaml
  shoppers=20000  days=28  seed=7  replications=10  precision=0.01  jobs=2  output.dir=DIR
  strategy.capabilities.bopis=false  engine.fulfilment=kernel|reference  experiment=NAME|FILE.yaml"""

#: overrides of commands that take other ones
COMMON_OF = {
    "attribute": """\
  strategy=NAME|FILE.yaml  market=NAME|FILE.yaml  scenario=NAME|FILE.yaml  shoppers=20000  days=28  seed=7  output.dir=DIR
  identity_loss=[0,0.3,0.6] (share of touches lost)  shift=0.1 (of the media budget)  off=[NAME,…] (touchpoints; none: all)
  replications=10  jobs=2  executor=auto|inline|pool|dask  scheduler=tcp://host:8786  budget_s=600 (longest run)""",
    "validate": """\
  patterns=V1,V12|all|FILE.yaml  replications=20  jobs=2  seed=7  output.dir=DIR
  market=NAME|FILE.yaml  strategy=NAME  shoppers=20000  days=182 and other settings, in place of each file's own""",
    "value": """\
  from=o2o  to=omo  capabilities=[bopis,live_commerce]  replications=8  orders=24 (above 10 players)  orders_seed=1
  market=NAME|FILE.yaml  scenario=NAME|FILE.yaml  shoppers=20000  days=28  seed=7  output.dir=DIR
  jobs=2  executor=auto|inline|pool|dask  scheduler=tcp://host:8786  budget_s=600""",
    "flip": """\
  strategies=[o2o,omo]  KEY=interval(LOW,HIGH) (one key, or two for a map)  resolution=0.05  runs=600 (at most)
  start=5 (first points a range)  replications=8 (a point begins with)  most=32 (of one point)  confidence=0.99
  market=NAME|FILE.yaml  scenario=NAME|FILE.yaml  shoppers=20000  days=28  seed=7  output.dir=DIR
  jobs=2  executor=auto|inline|pool|dask  scheduler=tcp://host:8786  budget_s=600""",
    "claims": """\
  claims=N9,N14|all|FILE.yaml  replications=20  jobs=2  seed=7  output.dir=DIR
  market=NAME|FILE.yaml  shoppers=12000 and other settings, in place of each file's own; days stay the file's, whose outcomes name them""",
    "twin": """\
  dir=DIR  orders=FILE  adapter=own|uci_online_retail|cdnow|tafeng|olist  timezone=Asia/Seoul  currency=KRW  name=NAME
  stock=FILE  traffic=FILE  sessions=FILE  prices=FILE  deliveries=FILE  as_of=YYYY-MM-DD (last day taken in)
  closed=[2026-02-17,…] (days the shop was closed; -2026-02-17 takes one back)  accept=[CODE] (findings that are right as they stand)  max_bad_rows=0
  budget_min=25 (new, update: minutes for a fit by simulation; 0 closed forms alone)  members=50 (plausible worlds)  horizon=28 (days from today)  jobs=2
  assimilate=true (members follow the data week by week; false: as the fit left them)  warm_weeks=8 (before today, for new members)
  season=retail|none (what new members know of the year's end before the log shows it)
  ways=[omo,-bopis,staff*1.5,o2o+staff*1.2] (decide)  service=0.95  review_days=1  lead_days=2 (reorder levels)
  took=omo (decide: notes which way of the last decision was taken, the present way from then on; weighs nothing)
  market=NAME|FILE.yaml  strategy=NAME  shoppers=20000  seed=7 and other settings, for what the data do not tell (new only)""",
    "bopis": """\
  orders=FILE  store=ID  day=all|mon|…|sun  roster=FILE (who was on duty, as rota.csv)  output.dir=DIR  seed=7
  promise_h=2  target=0.95 (ready on time)  wait_min=5  wait_share=0.9 (wait no longer)
  bins=0 (shelf; 0 any number)  bins_overflow=0.01 (share of days)  holidays=[2026-05-05,…] or FILE (days not to plan from)
  shift_min_h=4  shift_max_h=9  break_minutes=30 (unpaid, every 4 h)  least_pickers=1  least_counter=1  slot_minutes=30
  roster=FILE (who was on duty in the past, for the check)  past_pooled_staff=false  past_batch_orders=0 (how they worked)
  max_hours_week=40  days_off=2  rest_hours=11 (one person's week, for day=all)
  network.work.pick_base_s  pick_unit_s  counter_s  checkout_s  shape  patience_minutes  wage_per_hour
  network.stores.opens  closes  network.pickup.no_show  hold_days  max_bad_rows=0  timezone=Asia/Seoul  currency=KRW""",
}

FLAG_TEXT = {
    "--cfg": "--cfg job       print the composed configuration and stop",
    "--multirun": "--multirun, -m  one job for each combination of comma values: seed=1,2,3",
    "--all": "--all           every key with its value, and how many are assumed",
    "--count": "--count         how many values are assumed, by group",
    "--warm": "--warm          compile the kernels now",
}


def overview(lang: str) -> str:
    """The text of `omosim --help`."""
    w = WORDS[lang]
    rows = [f"  {c.name:<10} {c.says[lang]}" for c in COMMANDS.values()]
    flags = "  --help  --version  --lang en|ko  --completion bash"
    return "\n".join(
        [
            w["what"],
            "",
            w["usage"],
            "",
            f"{w['commands']}:",
            *rows,
            "",
            f"{w['common']}:",
            COMMON,
            "",
            f"{w['flags']}:",
            flags,
            "",
            w["more"],
        ]
    )


def of_command(name: str, lang: str) -> str:
    """The text of `omosim COMMAND --help`."""
    w = WORDS[lang]
    c = COMMANDS[name]
    lines = [f"{c.usage}", "", c.says[lang] + ".", "", c.body]
    if c.takes == "overrides":
        lines += ["", f"{w['common']}:", COMMON_OF.get(name, COMMON)]
    if name in FLAGS:
        lines += ["", f"{w['flags']}:", *("  " + FLAG_TEXT[f] for f in FLAGS[name])]
    lines += ["", f"{w['examples']}:", *("  " + e for e in c.examples), "", f"{w['next']}: {c.after}"]
    return "\n".join(lines)
