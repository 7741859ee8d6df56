"""Samples are told by package and by function."""

from benchmarks.profiling import package_of, samples_report

RUN = "MainThread;run (/x/lib/python3.11/asyncio/runners.py:190)"
RAW = f"""\
{RUN};claim (store/calls/claim.py:140) 3
{RUN};claim (store/calls/claim.py:150);execute (/x/site-packages/sqlalchemy/engine.py:7) 6
{RUN} 1
{RUN};select (selectors.py:468) 40
idle 5
"""


def test_the_package_of_a_frame_is_found() -> None:
    assert package_of("execute (/x/site-packages/sqlalchemy/engine.py)") == "sqlalchemy"
    assert package_of("claim (store/calls/claim.py)") == "outdial"
    assert package_of("await_ (sqlalchemy/util/concurrency.py)") == "sqlalchemy"
    assert package_of("run (/x/lib/python3.11/asyncio/runners.py)") == "python: asyncio"
    assert package_of("get_key (selectors.py)") == "python: selectors"


def test_shares_are_of_the_samples_in_which_it_worked_whatever_the_line() -> None:
    report = samples_report(RAW)
    assert "  60.0 %  sqlalchemy" in report
    assert "  30.0 %  outdial" in report
    below = report[report.index("-- our functions with all below them") + 1 :]
    assert below == ["  90.0 %  claim (store/calls/claim.py)"]
