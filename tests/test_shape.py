"""The shape of the code, read from its source: floors, contracts, sizes, habits."""

import ast
import io
import re
import subprocess
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    0: ("calc", "config", "dar", "logs", "meters", "net", "roles", "shapes", "store"),
    0.25: ("bot",),
    0.5: ("lines", "schema", "orders", "vault", "quiet"),
    0.75: ("alarm_rows",),
    0.8: ("member_rows", "order_rows", "paper_rows"),
    0.85: ("brokers", "matching", "lots"),
    1: ("markets", "door", "db", "stats", "live", "chart", "vocabulary", "graph"),
    1.1: ("backup",),
    1.25: (
        "history",
        "lease",
        "perps",
        "panels",
        "refusals",
        "volatility",
        "performance",
        "levels",
        "syntax",
        "lowering",
        "evaluation",
    ),
    1.5: ("sources",),
    1.75: ("metrics", "signed", "rulebook"),
    2: ("formula", "scores", "flows", "backtest", "strength", "gate"),
    2.25: ("trials", "overlays", "verdicts"),
    2.5: ("board", "gauges", "drawings", "tested", "outlook", "paper", "spot", "risk"),
    2.75: ("preflight", "accounts"),
    3: ("workers", "alarms", "post"),
    3.1: ("trade",),
    3.25: ("watch", "followups", "alarm_grammar", "tickets", "daily"),
    3.4: ("alarm_codes",),
    3.5: ("rings", "alarm_views"),
    3.6: ("alarm_charts",),
    3.75: ("bell", "alarm_offers", "scrape"),
    3.8: ("alarm_sharing",),
    4: ("commands", "chat", "keep_alive", "shell"),
    5: ("main",),
}
FLOOR = {name: floor for floor, names in FLOORS.items() for name in names}
PICTURES = ("matplotlib",)
EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿]")


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    found = [ROOT / name for name in listed if (ROOT / name).exists()]
    return found or [p for p in ROOT.rglob("*.py") if ".venv" not in p.parts]


FILES = tracked()
PRODUCT = [p for p in FILES if p.relative_to(ROOT).parts[0] not in ("tests", "bench")]
COMMANDS = [p for p in PRODUCT if p.parent.name == "commands" and p.name != "__init__.py"]
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}


def name_of(path):
    return str(path.relative_to(ROOT))


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []


def imports(tree):
    return [(node, name) for node in ast.walk(tree) for name in imported(node)]


def functions(tree):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def room(path):
    parts = path.relative_to(ROOT).parts
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_imports_go_down_only(path):
    here = room(path)
    if here == "local":
        wrong = [n for _, n in imports(TREES[path]) if n in FLOOR and n != "bot"]
    else:
        assert here in FLOOR, f"{here} has no floor"
        below = {name for name, floor in FLOOR.items() if floor < FLOOR[here]} | {here}
        named = [n for _, n in imports(TREES[path]) if n in FLOOR or n == "local"]
        wrong = [n for n in named if n not in below and not (n == "local" and here == "main")]
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_import_inside_a_function_but_pictures(path):
    for function in functions(TREES[path]):
        inside = [n for node in ast.walk(function) for n in imported(node)]
        assert all(n in PICTURES and path.name == "chart.py" for n in inside)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_are_short(path):
    long = [f.name for f in functions(TREES[path]) if f.end_lineno - f.lineno + 1 > 40]
    assert not long


def test_nine_functions_in_ten_are_at_most_25_lines():
    lengths = sorted(f.end_lineno - f.lineno + 1 for p in PRODUCT for f in functions(TREES[p]))
    assert lengths[int(len(lengths) * 0.9)] <= 25


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_files_are_of_one_subject(path):
    lines = len(path.read_text("utf-8").splitlines())
    limit = {"main.py": 120, "calc.py": 4000}.get(path.name, 520)
    assert lines <= (100 if path in COMMANDS else limit)


def test_the_median_command_file_is_at_most_60_lines():
    lengths = sorted(len(p.read_text("utf-8").splitlines()) for p in COMMANDS)
    assert lengths[len(lengths) // 2] <= 60


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_commands_keep_the_contract(path):
    tree = TREES[path]
    names = {name for _, name in imports(tree)}
    assert len((ast.get_docstring(tree) or "").splitlines()) == 2
    assert not names & {"telebot", "requests", "logging", "os", "commands"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is None]
    runs = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name == "run"]
    assert len(runs) == 1 and [a.arg for a in runs[0].args.args] == ["ctx"]
    calm = (ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    assert all(isinstance(node, (*calm, ast.ClassDef)) for node in tree.body)


def broad(handler):
    names = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
    return any(n is None or getattr(n, "id", "") in ("Exception", "BaseException") for n in names)


def test_broad_excepts_stand_where_they_are_meant():
    found = [
        (name_of(path), node)
        for path in PRODUCT
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ExceptHandler) and broad(node)
    ]
    reraising = {"door.py"}
    assert {name for name, _ in found} - reraising == {
        "bot.py",
        "workers.py",
        "commands/__init__.py",
    }
    for name, node in found:
        if name in reraising:
            assert any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)


def test_the_environment_is_read_in_config_only():
    for path in PRODUCT:
        if path.name in ("config.py", "dar.py"):
            continue
        attributes = [n for n in ast.walk(TREES[path]) if isinstance(n, ast.Attribute)]
        used = [n for n in attributes if ast.unparse(n) == "os.environ"]
        assert len(used) <= (path.name == "main.py")


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_comments_are_few_and_no_banner(path):
    source = path.read_text("utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [t.string for t in tokens if t.type == tokenize.COMMENT]
    assert len(comments) <= max(2, 0.05 * len(source.splitlines()))
    assert not [c for c in comments if re.search(r"[-=#*]{4,}", c)]
    assert not [c for c in comments if EMOJI.search(c)]


PUBLIC = ("calc", "sources", "db", "trade", "alarms", "formula", "net", "shapes", "config", "post")


@pytest.mark.parametrize("path", [p for p in PRODUCT if room(p) in PUBLIC], ids=name_of)
def test_public_functions_say_what_they_do(path):
    every = functions(TREES[path])
    inner = {f for outer in every for f in functions(ast.Module(outer.body, []))}
    for function in set(every) - inner:
        decorators = " ".join(ast.unparse(d) for d in function.decorator_list)
        if function.name.startswith("_") or "overload" in decorators:
            continue
        assert ast.get_docstring(function) or function.name == "format", function.name
        assert function.returns, function.name


def test_nothing_written_twice_under_one_name():
    for path in PRODUCT:
        names = [n.name for n in TREES[path].body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        plain = [n for n in names if names.count(n) > 1]
        overloads = {f.name for f in functions(TREES[path]) if f.decorator_list}
        assert set(plain) <= overloads


def test_every_module_and_command_has_its_test():
    tests = {p.name for p in FILES if "tests" in p.parts}
    missing = [name_of(p) for p in COMMANDS if f"test_{p.name}" not in tests]
    modules = [p for p in PRODUCT if p.parent == ROOT]
    missing += [name_of(p) for p in modules if f"test_{p.name}" not in tests]
    assert not missing
