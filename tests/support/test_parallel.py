from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tasks import answer, identify, refuse, wait_for

from alignx.errors import MissingDependencyError
from alignx.support.parallel import as_completed, run_all

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = str(Path(__file__).parents[1])


@pytest.mark.slow
def test_results_come_in_the_order_of_the_arguments() -> None:
    # The first takes longest, so that it ends last.
    arguments = [(number, 0.2 if number == 0 else 0.0) for number in range(6)]
    found = run_all(divmod, [(number, 2) for number in range(6)], n_jobs=2)
    assert found == [divmod(number, 2) for number in range(6)]
    assert [number for number, _ in run_all(identify, arguments, n_jobs=2)] == list(range(6))


def test_one_job_runs_in_the_process_itself() -> None:
    assert run_all(identify, [(1,), (2,)], n_jobs=1) == [(1, os.getpid()), (2, os.getpid())]


@pytest.mark.slow
def test_more_jobs_run_in_others() -> None:
    found = run_all(identify, [(number,) for number in range(4)], n_jobs=2)
    assert os.getpid() not in {process for _, process in found}


@pytest.mark.slow
def test_arguments_may_come_from_a_generator_and_may_be_none() -> None:
    assert run_all(divmod, ((number, 3) for number in (7, 8)), n_jobs=2) == [(2, 1), (2, 2)]
    assert run_all(divmod, []) == []


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_exceptions_pass_through_as_they_are(n_jobs: int) -> None:
    with pytest.raises(ValueError, match="number must not be 2, got 2"):
        run_all(refuse, [(1,), (2,), (3,)], n_jobs=n_jobs)


@pytest.mark.slow
def test_it_works_again_after_an_exception() -> None:
    with pytest.raises(ValueError, match="must not be 2"):
        run_all(refuse, [(2,), (2,)], n_jobs=2)
    assert run_all(refuse, [(1,), (3,)], n_jobs=2) == [1, 3]


@pytest.mark.parametrize("function", [run_all, as_completed])
@pytest.mark.parametrize("n_jobs", [0, -1])
def test_fewer_than_one_job_is_refused(function: Callable[..., object], n_jobs: int) -> None:
    with pytest.raises(ValueError, match=f"n_jobs must be at least 1, got {n_jobs}"):
        function(divmod, [(1, 1)], n_jobs=n_jobs)


@pytest.mark.slow
def test_results_are_given_as_soon_as_they_are_there(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    (ready / "go").touch()
    outcomes = as_completed(answer, [(7, tmp_path), (8, ready)], n_jobs=2)
    assert next(outcomes) == (1, 8)
    (tmp_path / "go").touch()
    assert list(outcomes) == [(0, 7)]


def test_one_job_is_done_when_its_result_is_asked_for() -> None:
    done: list[int] = []
    outcomes = as_completed(done.append, [(5,), (6,), (7,)], n_jobs=1)
    assert done == []
    assert next(outcomes) == (0, None)
    assert done == [5]
    outcomes.close()
    assert done == [5]


# A thread of joblib may still look for a call that has just been dropped (KeyError in loky).
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_has_not_begun_is_dropped_when_the_generator_is_closed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    (ready / "go").touch()
    arguments = [(0, ready), *((number, tmp_path) for number in range(1, 9))]
    outcomes = as_completed(answer, arguments, n_jobs=2)
    assert next(outcomes) == (0, 0)
    outcomes.close()
    (tmp_path / "go").touch()
    assert run_all(refuse, [(1,), (3,)], n_jobs=2) == [1, 3]
    assert len(list(tmp_path.glob("*-*"))) <= 2


def test_the_command_that_installs_dask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'alignx\[cluster\]'"):
        run_all(divmod, [(7, 2)], cluster="tcp://127.0.0.1:8786")


@pytest.mark.slow
def test_dask_is_loaded_only_for_a_cluster() -> None:
    code = (
        "import sys; from alignx.support.parallel import run_all; "
        "run_all(divmod, [(7, 2)], n_jobs=2); "
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"dask", "distributed"} & set(loaded)


INTERRUPTED = """
import signal, sys
from pathlib import Path
from tasks import answer
from alignx.support.parallel import run_all
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignore"
print("begun", flush=True)
try:
    run_all(answer, [(number, Path(sys.argv[1])) for number in range(4)], n_jobs=2)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.slow
def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    paths = os.pathsep.join(filter(None, [TESTS, os.environ.get("PYTHONPATH", "")]))
    known = os.environ | {"PYTHONPATH": paths}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=known) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        wait_for(lambda: len([*tmp_path.iterdir()]) == 2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert output == "interrupted\n"
    assert process.returncode == 0
