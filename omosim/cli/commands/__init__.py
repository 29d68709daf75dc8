"""One thin file per command; each has `run(words, flags) -> exit code`."""
