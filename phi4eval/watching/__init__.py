"""Judging the checkpoints of a training run as they appear; `loop.watch_checkpoints` does it."""
