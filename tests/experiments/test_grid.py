from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alignx.alignment.methods import METHODS
from alignx.errors import FormatError
from alignx.experiments.grid import Grid
from alignx.experiments.pairs import PRESETS, LanguagePair
from alignx.experiments.schemes import SCHEMES

if TYPE_CHECKING:
    from pathlib import Path

FILES = """
vectors = "{language}.vec"
train = "{source}-{target}.train"
test = "{source}-{target}.test"
"""
PAIRS = 'pairs = ["en-es", "en-de"]\n'
METHOD = 'methods = ["procrustes"]\n'
EXISTING = ("en.vec", "es.vec", "de.vec", "en-es.train", "en-es.test", "en-de.train", "en-de.test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files that are there but empty."""
    for name in EXISTING:
        (tmp_path / name).touch()
    return tmp_path


def load(folder: Path, text: str) -> Grid:
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return Grid.load(path)


def names(grid: Grid) -> list[str]:
    return [cell.name for cell in grid.cells()]


# --- cells ------------------------------------------------------------------------------------


def test_the_least_that_a_grid_needs(folder: Path) -> None:
    [english_spanish, english_german] = load(folder, FILES + PAIRS + METHOD).cells()
    assert english_spanish.name == "en-es.procrustes"
    assert english_spanish.vectors == {"en.vec": "en", "es.vec": "es"}
    assert english_spanish.dictionaries == ["en-es.train", "en-es.test"]
    assert (english_spanish.size, english_spanish.seed) == (None, None)
    assert english_spanish.protocol.model_dump() == {
        "limit": None,
        "casing": "keep",
        "on_error": "raise",
        "oov_policy": "muse",
    }
    assert english_german.pair == "en-de"


def test_sizes_multiply_what_starts_from_a_dictionary_and_seeds_what_is_random(
    folder: Path,
) -> None:
    text = 'methods = ["cca", "auto", "self_learning", "seeded"]\n'
    options = 'seeds = [3, 0]\nsizes = [50, "all"]\n'
    options += '[options.seeded]\nmethod = "self_learning"\nseed_dictionary = "train"\n'
    grid = load(folder, FILES + 'pairs = ["en-es"]\n' + text + options)
    assert [name.removeprefix("en-es.") for name in names(grid)] == [
        "cca.50", "cca",
        "auto.50.seed3", "auto.50.seed0", "auto.seed3", "auto.seed0",
        "self_learning.seed3", "self_learning.seed0",
        "seeded.50.seed3", "seeded.50.seed0", "seeded.seed3", "seeded.seed0",
    ]  # fmt: skip
    known = {cell.method: (cell.seed_dictionary, cell.train) for cell in grid.cells()}
    assert known["self_learning"] == ("none", None)
    assert known["seeded"] == ("train", "en-es.train")


def test_every_method_of_align_is_one_of_a_grid(folder: Path) -> None:
    grid = load(folder, FILES + PAIRS + f"methods = {json.dumps([*METHODS])}\n")
    assert [variant.algorithm for variant in grid.variants] == [*METHODS]
    random = {variant.algorithm for variant in grid.variants if variant.is_random}
    assert random == {"auto", "self_learning", "adversarial"}


def test_names_of_cells_are_unique_and_cells_of_a_pair_are_together(folder: Path) -> None:
    text = 'methods = ["procrustes", "auto"]\nseeds = [0, 1]\nsizes = [1, 2]\n'
    found = names(load(folder, FILES + PAIRS + text))
    assert len(set(found)) == len(found) == 2 * (2 + 4)
    assert [name.split(".")[0] for name in found] == ["en-es"] * 6 + ["en-de"] * 6


def test_options_are_for_all_methods_or_for_one(folder: Path) -> None:
    text = """
        methods = ["plain", "cca", "adversarial", "shared-words", "self_learning"]
        [options]
        refinement = 2
        normalize = "iterative"
        [options.plain]
        method = "procrustes"
        refinement = 0
        [options.cca]
        n_components = 10
        regularization = 1
        [options.adversarial]
        preset = "muse"
        restarts = 1
        allow_failed = true
        [options.self_learning]
        vocabulary = 4_000
        refinement_vocabulary = 5_000
        keep = 1
        [options.shared-words]
        method = "procrustes"
        seed_dictionary = "identical"
    """
    plain, cca, adversarial, shared, learned = load(folder, FILES + PAIRS + text).variants
    assert (plain.name, plain.algorithm) == ("plain", "procrustes")
    assert plain.options == {"refinement": 0, "normalize": "iterative"}
    assert cca.options == {"refinement": 2, "normalize": "iterative"}
    assert cca.parameters == {"n_components": 10, "regularization": 1}
    assert adversarial.options == {**shared.options, "allow_failed": True}
    assert adversarial.parameters == {"preset": "muse", "restarts": 1}
    assert (shared.seed_dictionary, shared.parameters) == ("identical", {})
    assert learned.options == {**shared.options, "refinement_vocabulary": 5_000}
    assert learned.parameters == {"vocabulary": 4_000, "keep": 1}


def test_options_of_a_method_that_is_not_asked_for_may_stay(folder: Path) -> None:
    grid = load(folder, FILES + PAIRS + METHOD + "[options.cca]\nregularization = 1\n")
    assert [variant.name for variant in grid.variants] == ["procrustes"]


def test_no_training_dictionary_is_needed_where_none_is_used(folder: Path) -> None:
    (folder / "en-es.train").unlink()
    text = FILES.replace('train = "{source}-{target}.train"\n', "")
    grid = load(folder, text + 'pairs = ["en-es"]\nmethods = ["self_learning"]\n')
    assert grid.cells()[0].dictionaries == ["en-es.test"]


def test_dictionaries_of_a_single_pair_need_no_template(folder: Path) -> None:
    text = 'vectors = "{language}.vec"\ntrain = "en-de.train"\ntest = "en-de.test"\n'
    [cell] = load(folder, text + 'pairs = ["en-es"]\n' + METHOD).cells()
    assert cell.dictionaries == ["en-de.train", "en-de.test"]


# --- published pairs --------------------------------------------------------------------------


def test_xling_has_28_pairs_of_8_languages_each_in_one_direction() -> None:
    pairs = PRESETS["xling"]
    assert len(pairs) == 28
    assert len({frozenset(pair) for pair in pairs}) == 28
    assert {code for pair in pairs for code in pair} == {
        "de", "en", "fi", "fr", "hr", "it", "ru", "tr"
    }  # fmt: skip
    assert {"hr-ru", "it-fr", "ru-fr", "ru-it", "tr-ru"} <= set(map(str, pairs))


def test_muse_has_108_pairs_of_45_languages() -> None:
    pairs = PRESETS["muse"]
    assert len(pairs) == len(set(pairs)) == 108
    assert len({code for pair in pairs for code in pair}) == 45
    assert {LanguagePair(target, source) for source, target in pairs} == set(pairs)
    without_english = [pair for pair in pairs if "en" not in pair]
    assert len(without_english) == 20
    # 110 with the English-English dictionary, which is in both of MUSE's lists.
    assert len(pairs) - len(without_english) == 2 * (45 - 1)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_takes_any_templates(tmp_path: Path, preset: str) -> None:
    pairs = PRESETS[preset]
    for code in {code for pair in pairs for code in pair}:
        (tmp_path / f"cc.{code}.vec").touch()
    for pair in pairs:
        (tmp_path / f"{pair}").mkdir()
        (tmp_path / f"{pair}/train.{pair}.tsv").touch()
        (tmp_path / f"{pair}/test.{pair}.tsv").touch()
    files = """
        vectors = "cc.{language}.vec"
        train = "{source}-{target}/train.{source}-{target}.tsv"
        test = "{source}-{target}/test.{source}-{target}.tsv"
    """
    found = names(load(tmp_path, f'preset = "{preset}"\n' + files + METHOD))
    assert found == [f"{pair}.procrustes" for pair in pairs]


# --- errors -----------------------------------------------------------------------------------

GOOD = FILES + PAIRS + METHOD
WRONG = {
    "limt = 5": "unknown key 'limt'; known here: limit, casing, on_error, oov_policy, preset",
    "a = 1\nb = 2": "unknown keys 'a', 'b'",
    "limit = 0": "limit must be greater than or equal to 1, got 0",
    "limit = true": "limit must be a valid integer, got True",
    'casing = "yes"': "casing must be 'keep', 'lower' or 'tr', got 'yes'",
    'on_error = "stop"': "on_error must be 'raise' or 'skip', got 'stop'",
    'oov_policy = "mus"': "oov_policy must be 'muse', 'vecmap', 'fasttext' or 'xling', got 'mus'",
    "seeds = 3": "seeds must be a valid list, got 3",
    "seeds = []": "seeds must have at least 1 item",
    "seeds = [0, -1]": "seeds[1] must be greater than or equal to 0, got -1",
    "seeds = [1, 1]": "seeds must not repeat a value, got [1, 1]",
    'sizes = ["some"]': "sizes[0] must be a number of words of at least 1, or \"all\", got 'some'",
    'preset = "xling"': ": pairs or preset must be given, one of them",
    "options = 3": "options must be a valid dictionary, got 3",
    "[options]\nrefinment = 1": "unknown key 'refinment' in [options]; known here: normalize",
    "[options]\nrefinement = -1": "options.refinement must be greater than or equal to 0, got -1",
    '[options]\nnormalize = "units"': 'options.normalize must be steps such as "unit,center,unit"',
    "[options]\nnormalize = []": "options.normalize must be a valid string, got []",
    "[options]\npreset = 1": "unknown key 'preset' in [options]",
    "[options.cca]\ncomponents = 1": "unknown key 'components' in [options.cca]; known here",
    "[options.cca]\nn_components = 1.5": "options.cca.n_components must be a valid integer",
    "[options.cca]\nregularization = nan": "options.cca.regularization must be a finite number",
    "[options.cc]\nrefinement = 1": "or have a method in [options.cc], got 'cc'",
    '[options.cca]\nseed_dictionary = "none"': "options.cca.seed_dictionary must be 'train', ",
    "[options.procrustes]\nrestarts = 1": "unknown key 'restarts' in [options.procrustes]",
    "[options.adversarial]\nrestarts = 0": "options.adversarial.restarts must be greater than",
    '[options.adversarial]\npreset = "x"': "options.adversarial.preset must be 'fast' or 'muse'",
    "[options.adversarial]\nn_jobs = 2": "unknown key 'n_jobs'",
    '[options.mine]\nmethod = "procruste"': "options.mine.method must be 'auto', 'procrustes', ",
    "x = ": "must be TOML in UTF-8: Invalid value (at line 7, column 5)",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_named(folder: Path, text: str) -> None:
    with pytest.raises(FormatError) as caught:
        load(folder, GOOD + text + "\n")
    assert caught.value.path == str(folder / "bench.toml")
    assert WRONG[text] in str(caught.value)


INSTEAD = {
    "pairs": {
        'pairs = "en-es"': "pairs must be a valid list",
        'pairs = ["enes"]': 'pairs[0] must be two codes joined by a hyphen, such as "en-es", got',
        'pairs = ["../x-es"]': "two codes",
        "pairs = [1]": "two codes",
        'preset = "bucc"': "preset must be 'muse' or 'xling', got 'bucc'",
        "": "pairs or preset must be given",
    },
    "methods": {
        'methods = ["procruste", "cca", "x"]': "methods must be of auto, procrustes, cca, "
        "least_squares, reweighted, rcsls, contrastive, ensemble, self_learning, adversarial, "
        "muse, vecmap, fasttext, xling, or have a method in [options.procruste], "
        "got 'procruste', 'x'",
        'methods = ["a/b"]': "methods[0] must match pattern",
        "methods = [1]": "methods[0] must be a valid string, got 1",
        "": "methods is missing",
    },
    "vectors": {
        'vectors = "en.vec"': "vectors must be a file name with {language} in it, got 'en.vec'",
        'vectors = "{lang}.vec"': "with only {language} in braces, got '{lang}.vec'",
        'vectors = "{}.vec"': "with only {language}",
        'vectors = "{language.vec"': "with only {language}",
        'vectors = "{language.x}.vec"': "with only {language}",
        "": "vectors is missing",
    },
    "train": {
        'train = "{source}.train"': "train must be a file name with {source} and {target} in it",
        "": "train is missing",
    },
    "test": {"test = 3": "test must be a valid string, got 3", "": "test is missing"},
}


@pytest.mark.parametrize(("key", "line"), [(k, line) for k in INSTEAD for line in INSTEAD[k]])
def test_a_missing_or_wrong_key_is_named(folder: Path, key: str, line: str) -> None:
    lines = [line if old.startswith(key) else old for old in GOOD.splitlines()]
    with pytest.raises(FormatError) as caught:
        load(folder, "\n".join(lines))
    assert INSTEAD[key][line] in str(caught.value)


def test_files_that_are_missing_are_counted_and_named_at_once(folder: Path) -> None:
    for name in ("de.vec", "en-es.test"):
        (folder / name).unlink()
    with pytest.raises(FormatError, match=r"2 files are missing: de\.vec, en-es\.test; check"):
        load(folder, GOOD)
    (folder / "en.vec").unlink()
    (folder / "en.vec").mkdir()
    for name in ("es.vec", "en-es.train", "en-de.train"):
        (folder / name).unlink()
    match = r"6 files are missing: (\S+, ){4}\S+ and 1 more; check the pairs"
    with pytest.raises(FormatError, match=match):
        load(folder, GOOD)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"bench\.toml: no such file"):
        Grid.load(tmp_path / "bench.toml")
    (tmp_path / "bench.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="must be TOML in UTF-8"):
        Grid.load(tmp_path / "bench.toml")


def test_a_deep_file_is_refused_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(FormatError, match="must be TOML"):
        Grid.load(tmp_path / "bench.toml")


# --- schemes of published programs -------------------------------------------------------------


def test_schemes_are_named_options_that_a_table_may_change(folder: Path) -> None:
    text = (
        f"methods = {json.dumps([*SCHEMES, 'cca'])}\n"
        + """
        [options]
        refinement = 2
        [options.fasttext]
        n_steps = 3
    """
    )
    variants = {each.name: each for each in load(folder, FILES + PAIRS + text).variants}
    for name, scheme in SCHEMES.items():
        variant = variants[name]
        expected = {**scheme, "n_steps": 3} if name == "fasttext" else scheme
        found = {"method": variant.algorithm, **variant.options, **variant.parameters}
        assert found == expected
    assert variants["cca"].options == {"refinement": 2}


def test_a_method_of_ones_own_may_have_the_name_of_a_scheme(folder: Path) -> None:
    text = 'methods = ["muse"]\n[options.muse]\nmethod = "cca"\n'
    [variant] = load(folder, FILES + PAIRS + text).variants
    assert (variant.algorithm, variant.options) == ("cca", {})


def test_the_baseline_must_be_a_method(folder: Path) -> None:
    text = 'methods = ["cca", "muse"]\nbaseline = '
    assert load(folder, FILES + PAIRS + text + '"muse"\n').config.baseline == "muse"
    with pytest.raises(FormatError, match="baseline must be one of cca, muse, got 'auto'"):
        load(folder, FILES + PAIRS + text + '"auto"\n')
