"""Configuration: strict files, Hydra composition, one validated model, all problems at once."""
