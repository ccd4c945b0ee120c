from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import sklearn.exceptions

from alignx import errors
from alignx.support.files import reading, replacing

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = {
    errors.AlignmentFailed("diagnosis", "advice"): Exception,
    errors.ClusterError("tcp://host:1", "problem"): Exception,
    errors.DimensionError("message"): ValueError,
    errors.DirectionError("message"): ValueError,
    errors.DownloadError("https://host/file", "problem"): OSError,
    errors.EmptyLexiconError("message"): ValueError,
    errors.FormatError("file", "problem", 3): ValueError,
    errors.InputError("file", "problem"): OSError,
    errors.MissingDependencyError("message"): ImportError,
    errors.MissingFileError("file", "problem"): FileNotFoundError,
    errors.NotFittedError("message"): sklearn.exceptions.NotFittedError,
    errors.OutputError("file", "problem"): OSError,
    errors.RecallError("ivf", 0.5, 0.9, {"nprobe": 4}): Exception,
    errors.SpaceError("message"): ValueError,
    errors.TrainingError("message"): RuntimeError,
}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_are_of_the_expected_class_and_pickle(error: errors.AlignxError) -> None:
    assert isinstance(error, errors.AlignxError)
    assert isinstance(error, EXAMPLES[error])
    assert type(error).__name__ in errors.__all__
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(copied) is type(error)
        assert (str(copied), vars(copied)) == (str(error), vars(error))


def test_every_error_has_an_example() -> None:
    assert {type(error).__name__ for error in EXAMPLES} == {*errors.__all__} - {"AlignxError"}


@pytest.mark.slow
def test_not_fitted_error_pickles_in_a_process_without_scikit_learn() -> None:
    code = (
        "import pickle, sys; import alignx.errors; assert 'sklearn' not in sys.modules; "
        f"print(pickle.loads({pickle.dumps(errors.NotFittedError('call fit'))!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "call fit"


def test_errors_within_a_file_block_keep_their_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for error in (errors.InputError("other", "x"), errors.OutputError("other", "x")):
        with pytest.raises(type(error), match="other: x"), reading(tmp_path / "a"):
            raise error
        with pytest.raises(type(error), match="other: x"), replacing(tmp_path / "b"):
            raise error
