"""What no letter may say, looked for in its final Markdown, however that was edited.

The words are data: ``letter_templates/<language>/claims.toml``. The rule behind them is the claim
bank of the project: a letter claims what the case documents and what a study found, its failures
included, and no more.
"""

from compound_coverage.letters.claims.lint import Claim, lint

__all__ = ["Claim", "lint"]
