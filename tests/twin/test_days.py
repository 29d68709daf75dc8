"""Days as numbers against numpy's own calendar."""

from __future__ import annotations

from datetime import date

import numpy as np

from omosim.schema.days import date_of, date_text, day_number


def test_days_are_those_of_numpy_and_turn_each_other_round() -> None:
    for number in (-800_000 // 7, -1, 0, 1, 19_782, 20_089, np.int64(47_482)):
        text = str(np.datetime64(int(number), "D"))
        assert date_text(number) == text and date_of(number) == date.fromisoformat(text)
        assert day_number(text) == day_number(date_of(number)) == number
    assert date_text(19_782) == "2024-02-29"
