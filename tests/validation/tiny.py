"""A small experiment file for tests."""

TINY = """\
# A test.
name: T1
title: "Dearer against as it is"
source: "nobody"
published: "less is sold"
horizon: "4 days"
overrides: [market=apparel, strategy=o2o, days=4, burn_in_days=2, shoppers=300]
arms:
  dearer:
    interventions:
      - {what: price, times: 1.5, from_day: 0}
    x: 1
  plain:
    x: 0
outcomes:
  - name: sales
    measure: sales
    statistic: log_ratio
    published: "-10 %"
    band: [-2.0, -0.01]
  - name: orders
    measure: orders
    statistic: change
    sign: "-"
    fitted: true
  - name: sessions
    measure: web_sessions
    statistic: change
    where: {nearest_to: S02}
    report_only: true
"""
