"""What do our runs say of each claim of a published report? A verdict a claim, with its evidence."""

from phi4eval.claims.ledger import make_ledger

__all__ = ["make_ledger"]
