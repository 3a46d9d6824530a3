"""Small faults that could stand in a source file: what `mutation_score` puts in, one at a time.

A fault is one node of the syntax tree with another text in its place: a changed number, a dropped
term, < for <=, a swapped operator, a statement removed. Texts for people (docstrings, messages of
errors, f-strings) and what runs nowhere (annotations, imports) stay as they are.
"""

import ast
import difflib
from collections.abc import Iterator
from typing import NamedTuple

OPERATORS: dict[type[ast.AST], str] = {
    **{ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "//"},
    **{ast.Pow: "*", ast.MatMult: "*", ast.BitAnd: "|", ast.BitOr: "&", ast.BitXor: "&"},
    **{ast.LShift: ">>", ast.RShift: "<<"},
    **{ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="},
    **{ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in"},
    **{ast.And: "or", ast.Or: "and"},
}
PAIRS = "min max, minimum maximum, any all, argmin argmax, floor ceil, zeros ones, sin cos"
NAMES = {a: b for pair in PAIRS.split(", ") for a, b in (pair.split(), reversed(pair.split()))}
NEVER = ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert  # nothing inside these


class Fault(NamedTuple):
    """A text in place of another, at some bytes of a file."""

    file: str
    function: str  # the function it stands in, by its qualified name; "" outside of all
    start: int
    stop: int
    text: str

    def put_into(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.stop :]

    def lines(self, source: bytes) -> tuple[str, str]:
        """The lines that it changes, before and after, each as one, without their comments."""
        before, after = source.decode().splitlines(), self.put_into(source).decode().splitlines()
        changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        changed = [spans for kind, *spans in changes if kind != "equal"]
        (a, b, c, d) = changed[0][0], changed[-1][1], changed[0][2], changed[-1][3]
        pair = [
            [line.split("  # ")[0].strip() for line in part] for part in (before[a:b], after[c:d])
        ]
        return " ".join(pair[0]), " ".join(pair[1])


def faults_in(file: str, source: bytes) -> list[Fault]:
    """Every fault of a file, in the order of its text."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0),
        )

    def text(node: ast.expr) -> str:
        start, stop = span(node)
        return source[start:stop].decode()

    def swapped(left: ast.expr, right: ast.expr, old: ast.AST) -> Iterator[tuple[int, int, str]]:
        """The operator between two operands, with the brackets around them."""
        start, stop = span(left)[1], span(right)[0]
        between = source[start:stop].decode()
        symbol = between.strip(" ()\n").split("#")[0].strip()
        yield start, stop, between.replace(symbol, OPERATORS[type(old)], 1)

    def of(node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.Constant(value=bool(value)):
                yield *span(node), str(not value)
            case ast.Constant(value=int(value)):
                yield *span(node), str(value + 1)
                if value > 1:
                    yield *span(node), str(value - 1)
            case ast.Constant(value=float(value)):
                yield *span(node), repr(value * 10 if value else 1.0)
                if value:
                    yield *span(node), repr(value / 10)
            case ast.BinOp(left=left, op=operator, right=right):
                yield from swapped(left, right, operator)
                yield *span(node), text(left)
                if isinstance(operator, ast.Add | ast.Mult):
                    yield *span(node), text(right)
            case ast.BoolOp(op=operator, values=values):
                yield from swapped(values[0], values[1], operator)
                for one in values if len(values) == 2 else []:
                    yield *span(node), text(one)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                yield from swapped(left, right, operator)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield *span(node), text(operand)
            case ast.IfExp(body=body, orelse=other):
                yield *span(node), text(body)
                yield *span(node), text(other)
            case ast.If(test=test) if text(test) != "TYPE_CHECKING":
                yield *span(test), "True"
                yield *span(test), "False"
            case ast.Slice(lower=lower, upper=upper):
                if lower is not None:
                    yield *span(lower), f"{text(lower)} + 1"
                if upper is not None:
                    yield *span(upper), f"{text(upper)} - 1"
            case ast.Call(func=called, args=args, keywords=keywords):
                starred = any(isinstance(each, ast.Starred) for each in args)
                symmetric = text(called).rpartition(".")[2] in NAMES  # such as min
                if len(args) == 2 and not starred and not symmetric:
                    both = f"{text(args[1])}, {text(args[0])}"
                    yield span(args[0])[0], span(args[1])[1], both
                for each in keywords if args else []:
                    if each.arg:  # with the comma before it
                        start, stop = span(each)
                        yield source.rindex(b",", 0, start), stop, ""
            case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
                yield *span(node), NAMES[name]
            case ast.Attribute(attr=name) if name in NAMES:
                yield span(node)[1] - len(name), span(node)[1], NAMES[name]
            case ast.AugAssign(target=target, op=operator, value=value):
                start, stop = span(target)[1], span(value)[0]
                yield start, stop, f" {OPERATORS[type(operator)]}= "
                yield start, stop, " = "
                yield *span(node), "pass"
            case ast.Expr(value=value) if not isinstance(value, ast.Constant):
                yield *span(node), "pass"
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Raise():
                yield *span(node), "pass"
            case ast.Continue():
                yield *span(node), "break"

    def walk(node: ast.AST, function: str) -> Iterator[Fault]:
        for start, stop, new in of(node):
            if source[start:stop] != new.encode():
                yield Fault(file, function, start, stop, new)
        if isinstance(node, NEVER):
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            function = f"{function}.{node.name}" if function else node.name
            below: list[ast.AST] = list(node.body)  # no decorators, no annotations
            if isinstance(node, ast.FunctionDef):
                below += [each for each in node.args.defaults + node.args.kw_defaults if each]
        else:
            annotation = getattr(node, "annotation", None)
            below = [each for each in ast.iter_child_nodes(node) if each is not annotation]
        for each in below:
            yield from walk(each, function)

    return sorted(set(walk(ast.parse(source), "")), key=lambda fault: fault[2:])
