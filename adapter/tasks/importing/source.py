"""Python source -> a syntax tree, and nothing more: what is read here is never compiled, imported or run.

The tokens are looked at first. What has no place in a file of classes and fields is refused there with its
line, and so is a statement so long that its tree would be too deep for the interpreter.
"""

import ast
import io
import keyword
import tokenize
import warnings

from adapter.errors import InputError

MOST_CHARACTERS = 256 << 10
MOST_TOKENS = 5000  # of one statement
WORDS = frozenset({"class", "from", "import", "as", "pass", "None", "True", "False"})
SIGNS = {"@": "a decorator or matrix product", ":=": "an assignment inside an expression", "->": "a function"}
SAID = {
    "Call": "a call",
    "FunctionDef": "a function",
    "ClassDef": "a class inside a class",
    "Assign": "an assignment without a type",
    "Expr": "an expression",
    "Attribute": "a name with dots",
    "Subscript": "a subscript",
    "JoinedStr": "a formatted string",
    "BinOp": "an expression",
    "UnaryOp": "an expression",
    "Compare": "a comparison",
    "Starred": "a star",
    "Dict": "a dictionary",
    "List": "a list",
    "Tuple": "a tuple",
    "Constant": "a value",
    "Name": "a name",
}


def module(text: str) -> ast.Module:
    """The syntax tree of a file that holds classes and fields alone."""
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"the source is longer than {MOST_CHARACTERS:,} characters")
    _look(text)
    tree = _parsed(text, "exec")
    assert isinstance(tree, ast.Module)
    return tree


def expression(text: str, line: int) -> ast.expr:
    """The syntax tree of a type that was written as a string."""
    _look(text, line)
    tree = _parsed(text.strip(), "eval", line)
    assert isinstance(tree, ast.Expression)
    return tree.body


def refusal(node: ast.AST, why: str = "") -> InputError:
    """The error that names a line and what stands there."""
    kind = type(node).__name__
    said = why or f"{SAID.get(kind, kind)} is not read here"
    line = getattr(node, "lineno", 0)
    return InputError(f"line {line}: {said}", path=f"line {line}")


def _parsed(text: str, mode: str, line: int = 0) -> ast.AST:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode=mode)
    except SyntaxError as error:
        raise _unread(line or error.lineno or 0) from None
    except (ValueError, RecursionError, MemoryError):
        raise _unread(line) from None


def _look(text: str, line: int = 0) -> None:
    count = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            count = 0 if token.type in (tokenize.NEWLINE, tokenize.COMMENT) else count + 1
            _allow(token, count, line or token.start[0])
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unread(line) from None


def _allow(token: tokenize.TokenInfo, count: int, line: int) -> None:
    word = token.string
    if count > MOST_TOKENS:
        raise InputError(f"line {line}: a statement of more than {MOST_TOKENS:,} parts", path=f"line {line}")
    if token.type == tokenize.NAME and keyword.iskeyword(word) and word not in WORDS:
        raise InputError(f"line {line}: '{word}' is not read here", path=f"line {line}")
    if token.type == tokenize.OP and word in SIGNS:
        raise InputError(f"line {line}: {SIGNS[word]} is not read here", path=f"line {line}")


def _unread(line: int) -> InputError:
    where = f"line {line}" if line else "the source"
    return InputError(f"{where}: not Python that can be read", path=where)
