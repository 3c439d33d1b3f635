"""Does a task, backend or grader of your own keep its contract? For the tests of people who extend phi4eval.

    from phi4eval.testing import check_backend

    def test_contract():
        print(check_backend(lambda: MyBackend(...)))

Each check raises ContractError, an AssertionError that lists every clause that is broken, and returns a
Report of what it checked, what it could not check and why, and what it only observed.
"""

from __future__ import annotations

from phi4eval.testing.backend import check_backend
from phi4eval.testing.contract import ContractError, Report
from phi4eval.testing.grader import check_grader
from phi4eval.testing.task import check_task

__all__ = ["ContractError", "Report", "check_backend", "check_grader", "check_task"]
