"""Published experiments as data, run again as paired runs, and judged: `validate` is the main loop; start reading there."""
