"""The shape of the code, read from its source: floors, contracts, sizes, habits."""

import ast
import gc
import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    0: ("calc", "config", "dar", "logs", "meters", "net", "roles", "shapes", "store"),
    0.25: ("bot", "manners"),
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
    2.5: (
        "board",
        "ranges",
        "gauges",
        "drawings",
        "tested",
        "outlook",
        "paper",
        "spot",
        "risk",
    ),
    2.75: ("preflight", "accounts"),
    3: ("workers", "alarms", "post"),
    3.1: ("trade", "closings"),
    3.2: ("losses",),
    3.25: (
        "incoming",
        "lanes",
        "watch",
        "followups",
        "alarm_grammar",
        "tickets",
        "daily",
        "keeper",
        "interim",
        "rival",
        "drill",
    ),
    3.4: ("alarm_codes", "notices"),
    3.5: ("rings", "incidents"),
    3.55: ("alarm_views",),
    3.6: ("alarm_charts", "checkup"),
    3.75: ("bell", "alarm_offers", "scrape"),
    3.8: ("alarm_sharing",),
    4: ("commands", "chat", "keep_alive", "shell"),
    4.5: ("tenure",),
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


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def statements(node):
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for inner in getattr(node, field, ()):
            yield inner
            yield from statements(inner)


@pytest.fixture(autouse=True, scope="module")
def unwalked():
    """Keep the trees, a million objects, from the garbage collector."""
    gc.disable()
    yield
    tree.cache_clear()
    gc.enable()


def name_of(path):
    return str(path.relative_to(ROOT))


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []


def imports(node):
    return [name for inner in statements(node) for name in imported(inner)]


def functions(node):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [inner for inner in statements(node) if isinstance(inner, kinds)]


def length(function):
    return function.end_lineno - function.lineno + 1


def wrongs(paths, look):
    """Return what is wrong, by file."""
    found = {name_of(path): look(path) for path in paths}
    return {name: wrong for name, wrong in found.items() if wrong}


def room(path):
    parts = path.relative_to(ROOT).parts
    return parts[0].removesuffix(".py")


def upward(path):
    here = room(path)
    if here == "local":
        return [name for name in imports(tree(path)) if name in FLOOR and name != "bot"]
    if here not in FLOOR:
        return "no floor"
    below = {name for name, floor in FLOOR.items() if floor < FLOOR[here]} | {here}
    below |= {"local"} if here == "main" else set()
    return [n for n in imports(tree(path)) if n in {*FLOOR, "local"} and n not in below]


def test_imports_go_down_only():
    assert not wrongs(PRODUCT, upward)


def late(path):
    inside = [name for function in functions(tree(path)) for name in imports(function)]
    return [name for name in inside if name not in PICTURES or path.name != "chart.py"]


def test_no_import_inside_a_function_but_pictures():
    assert not wrongs(FILES, late)


def test_functions_are_short():
    assert not wrongs(FILES, lambda p: [f.name for f in functions(tree(p)) if length(f) > 40])


def test_nine_functions_in_ten_are_at_most_25_lines():
    lengths = sorted(length(f) for p in PRODUCT for f in functions(tree(p)))
    assert lengths[int(len(lengths) * 0.9)] <= 25


def lines_of(path):
    return len(path.read_text("utf-8").splitlines())


def too_long(path):
    limit = {"main.py": 120, "calc.py": 4000}.get(path.name, 520)
    lines = lines_of(path)
    return lines if lines > (100 if path in COMMANDS else limit) else 0


def test_files_are_of_one_subject():
    assert not wrongs(PRODUCT, too_long)


def test_the_median_command_file_is_at_most_60_lines():
    lengths = sorted(lines_of(p) for p in COMMANDS)
    assert lengths[len(lengths) // 2] <= 60


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_commands_keep_the_contract(path):
    top = tree(path)
    assert len((ast.get_docstring(top) or "").splitlines()) == 2
    assert not {*imports(top)} & {"telebot", "requests", "logging", "os", "commands"}
    handlers = [n for n in statements(top) if isinstance(n, ast.ExceptHandler)]
    assert not [handler for handler in handlers if handler.type is None]
    runs = [f for f in top.body if isinstance(f, ast.FunctionDef) and f.name == "run"]
    assert len(runs) == 1 and [a.arg for a in runs[0].args.args] == ["ctx"]
    calm = (ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    assert all(isinstance(node, (*calm, ast.ClassDef)) for node in top.body)


def broad(handler):
    names = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
    return any(n is None or getattr(n, "id", "") in ("Exception", "BaseException") for n in names)


def test_broad_excepts_stand_where_they_are_meant():
    found = [
        (name_of(path), node)
        for path in PRODUCT
        for node in statements(tree(path))
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
        if path.name in ("config.py", "dar.py") or "environ" not in path.read_text("utf-8"):
            continue
        attributes = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)]
        used = [n for n in attributes if n.attr == "environ" and ast.unparse(n) == "os.environ"]
        assert len(used) <= (path.name == "main.py")


def comments_of(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline) if "#" in source else ()
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def noisy(path):
    source = path.read_text("utf-8")
    comments = comments_of(source)
    banners = [c for c in comments if re.search(r"[-=#*]{4,}", c) or EMOJI.search(c)]
    return banners or len(comments) > max(2, 0.05 * len(source.splitlines()))


def test_comments_are_few_and_no_banner():
    assert not wrongs(PRODUCT, noisy)


PUBLIC = ("calc", "sources", "db", "trade", "alarms", "formula", "net", "shapes", "config", "post")


def unsaid(path):
    every = functions(tree(path))
    inner = {f for outer in every for f in functions(outer)}
    outer = [f for f in every if f not in inner and not f.name.startswith("_")]
    plain = [f for f in outer if "overload" not in " ".join(map(ast.unparse, f.decorator_list))]
    silent = [f.name for f in plain if not ast.get_docstring(f) and f.name != "format"]
    return silent + [f.name for f in plain if not f.returns]


def test_public_functions_say_what_they_do():
    assert not wrongs([p for p in PRODUCT if room(p) in PUBLIC], unsaid)


def test_nothing_written_twice_under_one_name():
    for path in PRODUCT:
        names = [n.name for n in tree(path).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        plain = [n for n in names if names.count(n) > 1]
        overloads = {f.name for f in functions(tree(path)) if f.decorator_list}
        assert set(plain) <= overloads


def test_every_module_and_command_has_its_test():
    tests = {p.name for p in FILES if "tests" in p.parts}
    missing = [name_of(p) for p in COMMANDS if f"test_{p.name}" not in tests]
    modules = [p for p in PRODUCT if p.parent == ROOT]
    missing += [name_of(p) for p in modules if f"test_{p.name}" not in tests]
    assert not missing
