"""A strategy file is run, checked, and refused with what, where and what to do."""

import os
import sys
from pathlib import Path

import pytest

from engine.domain.errors import ConfigurationError
from engine.proof.admission.made_up import WALKS, made_up_bars
from engine.proof.admission.strategy_file import load_strategy
from engine.strategy.version import columns_of, lineage_of

GOOD = """\
import numpy as np
from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy

def up(bars):
    return np.where(bars.close > bars.open, 1, -1), np.full(len(bars), 100.0)

STRATEGY = custom(
    name="whatever", timeframe="4h", signals={"UP": up}, exits=ExitPolicy(stop_atr_multiple=3.0)
)
"""


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_makes_a_strategy_named_after_it(tmp_path: Path) -> None:
    made = load_strategy(written(tmp_path, GOOD))
    assert (made.name, made.timeframe.value) == ("file:mine", "4h")


def test_another_line_of_code_is_another_fingerprint(tmp_path: Path) -> None:
    one = load_strategy(written(tmp_path, GOOD))
    same = load_strategy(written(tmp_path, GOOD))
    other = load_strategy(written(tmp_path, GOOD.replace("100.0", "90.0")))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_compiled_code_that_is_kept_meanwhile_is_no_part_of_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sides_kept.py").write_text("UP = 1\n")
    path = written(tmp_path, "from sides_kept import UP\n" + GOOD.replace("open, 1", "open, UP"))
    found = []
    for _ in range(2):
        found.append(load_strategy(path).fingerprint)
        del sys.modules["sides_kept"]
    assert list((tmp_path / "kept").rglob("sides_kept*.pyc"))
    assert found[0] == found[1]


def test_what_runs_is_the_text_that_was_read_not_bytecode_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    stops = []
    for multiple in ("3.0", "2.0"):
        path = written(tmp_path, GOOD.replace("multiple=3.0", f"multiple={multiple}"))
        os.utime(path, (1_700_000_000, 1_700_000_000))
        stops.append(load_strategy(path).exits.stop_atr_multiple)
    assert stops == [3.0, 2.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (", "line 1: SyntaxError"),
        ("a = 1\nb = a / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("import no_such_module\n", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("STRATEGY = 5\n", "makes no STRATEGY"),
        (GOOD.replace("bars.close > bars.open", "bars.close > bars.close.mean()"), "is refused"),
        (GOOD.replace('timeframe="4h"', 'timeframe="5h"'), "5h"),
        (GOOD.replace("100.0)", "200.0)"), "strength of UP must be 0 to 100"),
    ],
    ids=["syntax", "error", "import", "exit", "nothing", "future", "timeframe", "strength"],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load_strategy(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_strategy(tmp_path / "absent.py")


def test_a_name_with_spaces_and_letters_of_other_alphabets_works(tmp_path: Path) -> None:
    assert load_strategy(written(tmp_path, GOOD, "мой план.py")).name == "file:мой план"


@pytest.mark.parametrize("stem", ["trend", "score", "trend-1"])
def test_a_file_never_joins_a_shipped_lineage(tmp_path: Path, stem: str) -> None:
    text = GOOD.replace('"whatever"', '"trend-1"')
    made = load_strategy(written(tmp_path, text, f"{stem}.py"))
    assert made.name == f"file:{stem}"
    assert made.version == f"file:{stem}@{made.fingerprint[:6]}"
    assert made.weights.version == made.version
    assert lineage_of(made.version) == made.name
    assert made.altered(weights=made.weights) == made


def test_an_edited_file_is_another_version_of_the_same_lineage(tmp_path: Path) -> None:
    one = load_strategy(written(tmp_path, GOOD))
    other = load_strategy(written(tmp_path, GOOD.replace("100.0", "90.0")))
    assert one.name == other.name
    assert one.version != other.version


READS = GOOD.replace(
    "import numpy as np\n",
    "import json\nfrom pathlib import Path\nimport numpy as np\n"
    "LEVEL = json.loads((Path(__file__).parent / 'level.json').read_text())\n",
).replace("100.0)", "LEVEL)")


def test_what_a_file_reads_beside_it_is_part_of_its_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path, READS)
    made = []
    for level in ("100.0", "99.9", "100.0"):
        written(tmp_path, level, "level.json")
        made.append(load_strategy(path))
    assert made[0].fingerprint == made[2].fingerprint != made[1].fingerprint
    assert made[0].version == made[2].version != made[1].version


def test_a_rule_that_is_another_at_every_start_is_refused(tmp_path: Path) -> None:
    text = GOOD + (
        "\nclass Mine:\n    code, warmup_bars, memory_bars = 'M', 0, 0\n"
        "    def values(self, bars): return {'x': bars.close}\n"
        "    def judge(self, bars, values): return up(bars)\n"
        "    def reason(self, side, bar): return ''\n"
        "STRATEGY = custom(name='m', timeframe='4h', signals={'M': Mine()}, "
        "exits=ExitPolicy(stop_atr_multiple=3.0))\n"
    )
    with pytest.raises(ConfigurationError, match="make it a frozen dataclass"):
        load_strategy(written(tmp_path, text))


BY_TABLE = """\
from pathlib import Path
import numpy as np
from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy

DAYS = set(map(int, (Path(__file__).parent / "calendar.txt").read_text().split()))

def on_these_days(bars):
    side = np.array([1 if ms // 86_400_000 in DAYS else 0 for ms in bars.open_ms])
    return side, np.full(len(bars), 100.0)

STRATEGY = custom(
    name="whatever",
    timeframe="1d",
    signals={"DAYS": on_these_days},
    exits=ExitPolicy(stop_atr_multiple=3.0),
)
"""


def test_another_table_beside_the_file_is_another_strategy(tmp_path: Path) -> None:
    """Its days lie in no made-up market, so what the strategy says there is the same."""
    found = []
    for folder, days in (("a", "9000 9001"), ("b", "9000 9001"), ("c", "9000 9002")):
        home = tmp_path / folder
        home.mkdir()
        (home / "calendar.txt").write_text(days)
        found.append(load_strategy(written(home, BY_TABLE)).fingerprint)
    assert found[0] == found[1] != found[2]


def test_a_table_of_dates_says_something_on_the_made_up_markets(tmp_path: Path) -> None:
    (tmp_path / "calendar.txt").write_text(" ".join(map(str, range(17_000, 21_000))))
    made = load_strategy(written(tmp_path, BY_TABLE))
    sides = [columns_of(made, made_up_bars(made, seed=7, walk=walk)).side.any() for walk in WALKS]
    assert all(sides)


def test_another_module_beside_the_file_is_another_strategy(tmp_path: Path) -> None:
    text = GOOD.replace(
        "import numpy as np",
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent))\n"
        "import numpy as np\nfrom dear_prices import PRICE\nsys.path.pop(0)",
    ).replace("bars.open, 1", "np.minimum(bars.open, PRICE), 1")
    found = []
    for price in ("1e15", "2e15"):  # no market is ever so dear
        (tmp_path / "dear_prices.py").write_text(f"PRICE = {price}\n")
        found.append(load_strategy(written(tmp_path, text)).code_digest)
    assert found[0] != found[1]


@pytest.mark.parametrize(
    "line",
    [
        'import socket\nsocket.create_connection(("127.0.0.1", 9))',
        'import subprocess\nsubprocess.run(["true"])',
        'import os\nos.system("true")',
    ],
)
def test_a_file_that_asks_the_network_or_a_program_is_refused(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, GOOD.replace("STRATEGY =", f"{line}\nSTRATEGY ="))
    with pytest.raises(ConfigurationError, match="without network and other programs"):
        load_strategy(path)
