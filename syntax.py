"""The grammar of formulas: text into a tree, and a tree into its normal text."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from bot import INTERVALS, fold
from vocabulary import (
    CALLS,
    COMPARISONS,
    CONDITIONS,
    FUNCTIONS,
    LEVELS,
    LOGIC,
    MIXED,
    PATTERNS,
    SERIES,
    SYNONYMS,
    FormulaError,
    Node,
    bars,
    bind,
    normal,
    unknown,
)

MOST_LETTERS, MOST_NODES, MOST_DEPTH, MOST_NUMBER = 500, 150, 24, 1e15
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
MARKS = LOGIC | {"≤": "<=", "=<": "<=", "≥": ">=", "=>": ">=", "≠": "!=", "<>": "!="}
MARKS |= {"−": "-", "–": "-", "×": "*", "÷": "/"}
TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:[.٫]\d+)*|[.٫]\d+)(?:[eE][-+]?\d+(?!\w))?)(?P<unit>\w*)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>[<>=!]=|=[<>]|<>|&&|\|\||[-+*/<>()\[\],.=!&|%≤≥≠−–×÷])"
    r"|[\s\u200b-\u200f\u2060\ufeff]+"
)
UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "mr": 1e9}


class Token(NamedTuple):
    """A word of a formula: a number, name, mark or the end, and where it begins.

    A name stands folded, a number as it was typed, its unit apart.
    """

    kind: str
    text: str
    at: int
    unit: str = ""


def tokens(text: str) -> list[Token]:
    """Return the words of a formula, the end last. Raises FormulaError."""
    out, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise FormulaError(f"“{text[at]}” burada olmaz.", f"“{text[at]}” is wrong here.", at)
        if found["number"]:
            out.append(Token("number", found["number"], at, fold(found["unit"])))
        elif mark := found["mark"]:
            out.append(Token("mark", MARKS.get(mark, mark), at))
        elif found["name"]:
            word = fold(found["name"])[:40]
            known = word in LOGIC
            out.append(Token("mark" if known else "name", LOGIC.get(word, word), at))
        at = found.end()
    return [*out, Token("end", "", len(text))]


def parse(text: str, names: Mapping[str, str] | None = None) -> Node:
    """Return the tree of a formula, the user's own names replaced by what they stand for.

    Raises FormulaError.
    """
    if len(text) > MOST_LETTERS:
        raise FormulaError(
            f"Formül en çok {MOST_LETTERS} harf olabilir.",
            f"A formula has at most {MOST_LETTERS} letters.",
            MOST_LETTERS,
        )
    tree = Parser(text, names or {}).everything()
    return asserted(tree) if pattern(tree) else tree


@contextmanager
def pointing(text: str) -> Iterator[None]:
    """Show in the sentence of a FormulaError the place it speaks of."""
    try:
        yield
    except FormulaError as error:
        at = error.position
        before, after = text[max(0, at - 25) : at], text[at : at + 25]
        place = f"{'…' if at > 25 else ''}{before}▸{after}{'…' if len(text) > at + 25 else ''}"
        raise FormulaError(f"{error.tr}\n{place}", f"{error.en}\n{place}", at) from None


class Parser:
    """Climb the precedence of the operators in one text."""

    def __init__(self, text: str, names: Mapping[str, str], outer: "Parser | None" = None) -> None:
        self.tokens, self.i, self.names = tokens(text), 0, names
        self.depth: int = outer.depth if outer else 0
        self.count: list[int] = outer.count if outer else [0]
        self.within: tuple[str, ...] = ()

    @property
    def token(self) -> Token:
        """Return the word to read next."""
        return self.tokens[self.i]

    def take(self) -> Token:
        """Read a word; the end stays where it is."""
        token = self.token
        self.i += token.kind != "end"
        return token

    def sees(self, *marks: str) -> bool:
        """Tell whether one of these marks comes next."""
        return self.token.kind == "mark" and self.token.text in marks

    def expect(self, mark: str) -> None:
        """Read a mark. Raises FormulaError for anything else."""
        if not self.sees(mark):
            raise self.stray(f"“{mark}”", f"“{mark}”")
        self.take()

    def stray(self, tr: str, en: str) -> FormulaError:
        """Return an error about the word that comes next."""
        at = self.token.at
        if self.sees(","):
            return FormulaError(
                "Virgül yalnız argümanları ayırır; ondalık sayı noktayla yazılır: 1.5",
                "A comma only separates arguments; decimals take a point: 1.5",
                at,
            )
        if self.sees("="):
            return FormulaError("Eşitlik == ile yazılır.", "Equality is written ==.", at)
        if self.token.kind == "end":
            return FormulaError(f"Sonda {tr} eksik.", f"The end lacks {en}.", at)
        found = self.token.text + self.token.unit
        return FormulaError(
            f"Burada {tr} olur, “{found}” değil.",
            f"{en[0].upper()}{en[1:]} belongs here, not “{found}”.",
            at,
        )

    def made(self, node: Node) -> Node:
        """Return a node that is well-formed, its constants worked out. Raises FormulaError."""
        self.count[0] += 1
        if self.count[0] > MOST_NODES:
            raise FormulaError(
                f"Formül çok uzun: en çok {MOST_NODES} parça olur.",
                f"The formula is too long: at most {MOST_NODES} parts.",
                node.at,
            )
        node = checked(node)
        return folded(node) if node.args and all(arg.fixed for arg in node.args) else node

    @contextmanager
    def deeper(self, at: int) -> Iterator[None]:
        """Count a level of nesting. Raises FormulaError beyond the limit."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise FormulaError(
                f"İç içe en çok {MOST_DEPTH} düzey olur.", f"At most {MOST_DEPTH} levels.", at
            )
        yield
        self.depth -= 1

    def everything(self) -> Node:
        """Read the whole text."""
        if self.token.kind == "end":
            raise FormulaError("Formül boş.", "The formula is empty.")
        node = self.expression()
        if self.token.kind != "end":
            raise self.stray("bir işleç", "an operator")
        return node

    def expression(self, level: int = 1) -> Node:
        """Read operands joined by operators of this level and tighter ones.

        Two conditions side by side are joined by `and`.
        """
        left = self.operand()
        while True:
            kind, op, at, _ = self.token
            bare = kind in ("number", "name") or op in ("(", "not")
            op = "and" if bare else op
            if kind == "end" or LEVELS.get(op, 0) < level:
                return left
            if bare and not (left.condition or pattern(left)):
                raise self.stray("bir işleç", "an operator")
            if op in COMPARISONS:
                left = self.chain(left)
                continue
            self.i += not bare
            right = self.expression(LEVELS[op] + 1)
            flat = [p for n in (left, right) for p in (n.args if n.op == op else (n,))]
            parts = flat if op in ("and", "or") else (left, right)
            left = self.made(Node(op, tuple(parts), None, at))

    def chain(self, left: Node) -> Node:
        """Read comparisons; a < b < c is a < b and b < c."""
        parts, at = [], self.token.at
        while self.sees(*COMPARISONS):
            sign = self.take()
            right = self.expression(LEVELS[sign.text] + 1)
            sides, op = (left, right), sign.text
            if left.fixed and op in TURNED:
                sides, op = (right, left), TURNED[op]
            parts.append(self.made(Node(op, sides, None, sign.at)))
            left = right
        return self.made(Node("and", tuple(parts), None, at)) if len(parts) > 1 else parts[0]

    def operand(self) -> Node:
        """Read a sign or not and what it stands before, or one thing with its shifts."""
        if not self.sees("-", "+", "not"):
            return self.shifted(self.primary())
        sign = self.take()
        with self.deeper(sign.at):
            inner = self.expression(3) if sign.text == "not" else self.operand()
        op = {"-": "neg", "not": "not"}.get(sign.text)
        return self.made(Node(op, (inner,), None, sign.at)) if op else inner

    def shifted(self, node: Node) -> Node:
        """Read the shifts behind a node: close[1] is the close a bar before."""
        while self.sees("["):
            at = self.take().at
            with self.deeper(at):
                back = bars(self.expression(), 0)
            self.expect("]")
            if node.fixed:
                raise FormulaError("Bir sabitin geçmişi olmaz.", "A constant has no past.", at)
            if node.op == "shift":
                node, back = node.args[0], back + node.value
            node = self.made(Node("shift", (node,), back, node.at)) if back else node
        return node

    def primary(self) -> Node:
        """Read a number, a word, or an expression in brackets."""
        token = self.token
        if token.kind == "number":
            return self.number(self.take())
        if token.kind == "name":
            return self.word(self.take())
        if self.sees("%") and self.tokens[self.i + 1].kind == "number":
            self.take()
            return Node("percent", (), self.number(self.take()).value, token.at)
        if not self.sees("("):
            raise self.stray("bir sayı ya da ad", "a number or a name")
        self.take()
        with self.deeper(token.at):
            node = self.expression()
        self.expect(")")
        return node

    def number(self, token: Token) -> Node:
        """Return a number with its unit, or the series of a coin whose name begins like one."""
        word = token.text + token.unit
        if token.unit not in UNITS:
            if self.sees("."):
                return self.coin(word, token.at)
            tf = f"tf={word}" if word in INTERVALS else ""
            raise FormulaError(
                f"Zaman dilimi parantez içinde yazılır: rsi(14, {tf})"
                if tf
                else f"“{word}” bir sayı değil.",
                f"A timeframe stands within brackets: rsi(14, {tf})"
                if tf
                else f"“{word}” is not a number.",
                token.at,
            )
        value = decimal(token) * UNITS[token.unit]
        if not value <= MOST_NUMBER:
            raise FormulaError("Sayı çok büyük.", "The number is too large.", token.at)
        kind = "percent" if self.sees("%") else "num"
        self.i += kind == "percent"
        return self.made(Node(kind, (), value, token.at))

    def word(self, token: Token) -> Node:
        """Return what a name stands for. Raises FormulaError with the nearest names."""
        word = SYNONYMS.get(token.text, token.text)
        if self.sees("."):
            return self.coin(token.text, token.at)
        if word in SERIES or word in MIXED:
            return self.series(Node("series", (), word, token.at))
        if word in FUNCTIONS or word in CALLS:
            if self.token.kind == "number":
                whole = f"{word}({self.token.text})"
                raise FormulaError(f"Şöyle yazılır: {whole}", f"Write it {whole}", self.token.at)
            given, named, frame = self.arguments()
            return self.timed(self.made(bind(word, given, named, token.at)), frame)
        if word in self.names:
            return self.own(word, token.at)
        glued = re.fullmatch(r"(.*[a-z_])([0-9]{1,4})", word)
        name = SYNONYMS.get(glued[1], glued[1]) if glued else ""
        if glued and name in CALLS:
            n = Node("num", (), float(glued[2]), token.at)
            return self.made(bind(name, [n], {}, token.at))
        raise unknown(token.text, self.names, token.at)

    def coin(self, coin: str, at: int) -> Node:
        """Read the series of another coin: btc.close."""
        self.expect(".")
        name = self.take()
        series = SYNONYMS.get(name.text, name.text)
        if name.kind != "name" or series not in SERIES or len(coin) > 20:
            raise FormulaError(
                "Noktadan sonra yalnız bir coinin serisi gelir: btc.close, rsi(btc.close, 14)",
                "Only a coin's series may follow a point: btc.close, rsi(btc.close, 14)",
                name.at,
            )
        return self.series(Node("coin", (), (coin.upper(), series), at))

    def series(self, node: Node) -> Node:
        """Read the timeframe that may stand in brackets behind a series."""
        at = self.token.at
        given, named, frame = self.arguments()
        if given or named:
            raise FormulaError(
                "Bir seri argüman almaz; bir bar öncesi close[1] diye yazılır.",
                "A series takes no arguments; a bar before is written close[1].",
                at,
            )
        return self.timed(self.made(node), frame)

    def own(self, word: str, at: int) -> Node:
        """Return what a user's own name stands for. Raises FormulaError for one within itself."""
        if word in self.within:
            ring = " → ".join((*self.within[self.within.index(word) :], word))
            raise FormulaError(f"Kendi kendini çağırıyor: {ring}", f"It calls itself: {ring}", at)
        try:
            with self.deeper(at):
                inner = Parser(self.names[word], self.names, self)
                inner.within = (*self.within, word)
                return moved(inner.everything(), at)
        except FormulaError as error:
            raise FormulaError(f"{word}: {error.tr}", f"{word}: {error.en}", at) from None

    def timed(self, node: Node, frame: str) -> Node:
        """Return a node at a timeframe. Raises FormulaError for one within another."""
        if frame and frames(node) - {frame}:
            raise FormulaError(
                "Bir zaman dilimi başkasının içinde olmaz.",
                "A timeframe cannot be within another.",
                node.at,
            )
        return self.made(Node("tf", (bared(node),), frame, node.at)) if frame else node

    def arguments(self) -> tuple[list[Node], dict[str, Node], str]:
        """Read arguments in brackets, if any: by place, by name, and the timeframe."""
        given: list[Node] = []
        named: dict[str, Node] = {}
        frame = ""
        if not self.sees("("):
            return given, named, frame
        with self.deeper(self.take().at):
            while not self.sees(")"):
                if given or named or frame:
                    self.expect(",")
                key = self.keyword()
                if key in named or (key == "tf" and frame) or (not key and (named or frame)):
                    raise self.stray("adı başka bir argüman", "an argument of another name")
                if key == "tf":
                    frame = self.frame()
                elif key:
                    named[key] = self.expression()
                else:
                    given.append(self.expression())
        self.expect(")")
        return given, named, frame

    def keyword(self) -> str:
        """Read the name of an argument and its =, or nothing."""
        follows = self.tokens[self.i + 1 : self.i + 2]
        if self.token.kind != "name" or not follows or follows[0][:2] != ("mark", "="):
            return ""
        self.i += 2
        return self.tokens[self.i - 2].text

    def frame(self) -> str:
        """Read a timeframe. Raises FormulaError."""
        word = self.token.text + self.token.unit
        if word not in INTERVALS:
            known = " ".join(INTERVALS)
            raise FormulaError(f"Zaman dilimleri: {known}", f"Timeframes: {known}", self.token.at)
        self.take()
        return word


def decimal(token: Token) -> float:
    """Return the value of a number. Raises FormulaError where it might mean two things."""
    word = token.text.replace("٫", ".")
    whole, _, part = word.partition(".")
    if "." in part or (len(part) == 3 and part.endswith("0") and whole.strip("0")):
        plain = word.replace(".", "")
        raise FormulaError(
            f"Binlikler ayrılmadan yazılır: {plain}",
            f"Thousands are not separated: {plain}",
            token.at,
        )
    return float(word)


def pattern(node: Node) -> bool:
    """Tell whether a node is a candle pattern, which may stand where a condition does."""
    if node.op in ("shift", "tf"):
        return pattern(node.args[0])
    return node.op == "call" and node.value[0] in PATTERNS


def frames(node: Node) -> set[str]:
    """Return the timeframes within a node."""
    own = {node.value} if node.op == "tf" else set()
    return own.union(*(frames(arg) for arg in node.args))


def bared(node: Node) -> Node:
    """Return a node without the timeframes within it."""
    if node.op == "tf":
        return bared(node.args[0])
    return Node(node.op, tuple(bared(arg) for arg in node.args), node.value, node.at)


def moved(node: Node, at: int) -> Node:
    """Return a node whose every part begins at one place."""
    return Node(node.op, tuple(moved(arg, at) for arg in node.args), node.value, at)


def checked(node: Node) -> Node:
    """Return a node whose parts are of the right kind. Raises FormulaError."""
    op, args = node.op, node.args
    if op in ("and", "or", "not"):
        return Node(op, tuple(asserted(arg) for arg in args), None, node.at)
    if op in ("tf", "shift", "call"):
        return node
    for arg in args:
        if arg.condition:
            raise FormulaError(
                "Burada bir koşul değil bir sayı olur.", "A number belongs here.", arg.at
            )
    compares = op in CONDITIONS
    percents = [i for i, arg in enumerate(args) if arg.op == "percent"]
    if percents and not (compares or op in ("*", "/", "neg") or (op in "+-" and percents == [1])):
        raise FormulaError("Burada yüzde olmaz.", "A percentage cannot stand here.", node.at)
    if args and all(arg.fixed for arg in args) and (compares or percents) and op != "neg":
        raise FormulaError(
            "Burada iki sabit var; bir seri ya da parantez eksik.",
            "Two constants stand here; a series or a bracket is missing.",
            node.at,
        )
    return node


def asserted(node: Node) -> Node:
    """Return a condition; a candle pattern is true where it is found. Raises FormulaError."""
    if pattern(node):
        return Node("!=", (node, Node("num", (), 0.0, node.at)), None, node.at)
    if not node.condition:
        word = normal(node)
        raise FormulaError(
            f"“{word}” bir sayı; burada koşul olur: {word} > 0 gibi.",
            f"“{word}” is a number; a condition belongs here, like {word} > 0.",
            node.at,
        )
    return node


def folded(node: Node) -> Node:
    """Return the constant that constants come to. Raises FormulaError where there is none."""
    a, b = node.args[0].value, node.args[-1].value
    if node.op == "neg":
        return Node(node.args[0].op, (), -a, node.at)
    if node.op not in ("+", "-", "*", "/"):
        raise FormulaError("Burada bir seri olur.", "A series belongs here.", node.at)
    if node.op == "/" and not b:
        raise FormulaError("Sıfıra bölünmez.", "Division by zero.", node.at)
    value = a / b if node.op == "/" else {"+": a + b, "-": a - b, "*": a * b}[node.op]
    if not abs(value) <= MOST_NUMBER:
        raise FormulaError("Sayı çok büyük.", "The number is too large.", node.at)
    return Node("num", (), value, node.at)
