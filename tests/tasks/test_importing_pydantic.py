from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.tasks import schema
from adapter.tasks.importing import convert, pydantic_source

HEAD = """
from __future__ import annotations
import typing as t
from datetime import date, datetime
from enum import Enum, IntEnum
from typing import Annotated, Any, List, Literal, Optional, Union
from pydantic import BaseModel, ConfigDict, Field
"""


def read(body, head=HEAD):
    models = pydantic_source.read(head + body)
    written = schema.write(models.root)
    assert schema.write(schema.parse(written)) == written
    return written, models


def field(declaration, before=""):
    written, models = read(f"{before}\nclass OutputParser(BaseModel):\n    x: {declaration}\n")
    return written["properties"]["x"], "x" in written["required"], models.notes


@pytest.mark.parametrize(
    "declaration, shape, required",
    [
        ("str", {"type": "string"}, True),
        ("int", {"type": "integer"}, True),
        ("float", {"type": "number"}, True),
        ("bool", {"type": "boolean"}, True),
        ("date", {"type": "string", "format": "date"}, True),
        ("Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, True),
        ("int | None = None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, False),
        ("Union[int, float]", {"type": "number"}, True),
        ("'Optional[str]' = None", {"anyOf": [{"type": "string"}, {"type": "null"}]}, False),
        ("list[str]", {"type": "array", "items": {"type": "string"}}, True),
        (
            "t.List[float] = Field(default_factory=list, max_length=9)",
            {"type": "array", "items": {"type": "number"}, "maxItems": 9},
            False,
        ),
        ("Literal['left', 'right']", {"type": "string", "enum": ["left", "right"]}, True),
        (
            "Literal[1, 2, None]",
            {"anyOf": [{"type": "integer", "enum": [1, 2]}, {"type": "null"}]},
            True,
        ),
        ("Literal['a'] | Literal['b']", {"type": "string", "enum": ["a", "b"]}, True),
        ("int = Field(..., ge=-2, lt=4)", {"type": "integer", "minimum": -2, "maximum": 3}, True),
        ("Annotated[str, 'said', Field(max_length=7)]", {"type": "string", "maxLength": 7}, True),
        (
            "float = Field(description='Size.\\n')",
            {"type": "number", "description": "Size."},
            True,
        ),
    ],
)
def test_a_field_becomes_a_property(declaration, shape, required):
    assert field(declaration)[:2] == (shape, required)


def test_models_hold_models_and_extend_them():
    written, models = read(
        '''
Mm = Annotated[float, Field(ge=0, description="In mm.")]

class Grade(str, Enum):
    """How bad it is."""
    low = "low"
    high = "high"

class Dated(BaseModel):
    model_config = ConfigDict(extra="forbid")
    when: date | None = None

class Lesion(Dated):
    """One lesion."""
    size: Mm
    grade: Grade = Grade.low

class OutputParser(BaseModel):
    """Lesions of the liver.

    More words.
    """
    reasoning: str
    lesions: List["Lesion"]
'''
    )
    lesion = written["properties"]["lesions"]["items"]
    assert list(lesion["properties"]) == ["when", "size", "grade"]
    assert lesion["required"] == ["size"]
    assert lesion["properties"]["size"] == {"type": "number", "description": "In mm.", "minimum": 0}
    assert lesion["properties"]["grade"]["enum"] == ["low", "high"]
    assert written["properties"]["reasoning"] == {"type": "string", "x-evidence": "value"}
    assert models.told == "Lesions of the liver."
    assert any("default is left out" in note for note in models.notes)
    assert any("reasoning holds thoughts" in note for note in models.notes)


def test_what_has_no_place_in_a_task_is_told():
    _, _, notes = field("str = Field(default='x', pattern='a+', min_length=2, alias='y')")
    assert [note.partition(": ")[2] for note in notes] == [
        "min_length is left out",
        "pattern is left out",
        "alias is left out",
        "its default is left out: what is not said is not answered",
    ]


def test_the_only_model_that_none_holds_is_the_root():
    _, models = read("class Item(BaseModel):\n    x: int\nclass Report(BaseModel):\n    items: list[Item]\n")
    assert list(models.root.properties) == ["items"]
    assert models.notes == ("there is no class OutputParser; Report was taken",)
    with pytest.raises(InputError, match="no class OutputParser"):
        read("class A(BaseModel):\n    x: int\nclass B(BaseModel):\n    x: int\n")


def model(line):
    return f"class OutputParser(BaseModel):\n    x: int\n    {line}\n"


REFUSED = {
    "any": "class OutputParser(BaseModel):\n    x: Any\n",
    "dictionary": "class OutputParser(BaseModel):\n    x: dict[str, int]\n",
    "bare list": "class OutputParser(BaseModel):\n    x: list\n",
    "set": "class OutputParser(BaseModel):\n    x: set[str]\n",
    "union": "class OutputParser(BaseModel):\n    x: Union[int, str]\n",
    "mixed choice": "class OutputParser(BaseModel):\n    x: Literal['a', 1]\n",
    "unknown name": "class OutputParser(BaseModel):\n    x: Missing\n",
    "no fields": "class OutputParser(BaseModel):\n    pass\n",
    "no model": "class OutputParser:\n    x: int\n",
    "other base": "import os\nclass OutputParser(os.PathLike):\n    x: int\n",
    "two bases": "class A(BaseModel):\n    x: int\nclass OutputParser(A, BaseModel):\n    y: int\n",
    "extends itself": "class OutputParser(OutputParser):\n    x: int\n",
    "circle of bases": "class A(OutputParser):\n    x: int\nclass OutputParser(A):\n    y: int\n",
    "holds itself": "class OutputParser(BaseModel):\n    x: list[OutputParser]\n",
    "alias of itself": "A = list['A']\nclass OutputParser(BaseModel):\n    x: A\n",
    "star import": "from os import *\nclass OutputParser(BaseModel):\n    x: int\n",
    "method": model("def f(self): pass"),
    "validator": model("@field_validator('x')\n    def f(cls, v): return v"),
    "class decorator": "@evil\nclass OutputParser(BaseModel):\n    x: int\n",
    "metaclass": "class OutputParser(BaseModel, metaclass=Evil):\n    x: int\n",
    "class-level call": model("print('x')"),
    "class-level value": model("y = 5"),
    "loop": model("for i in range(9): pass"),
    "call as default": model("y: int = open('/x')"),
    "call as factory": model("y: int = Field(default_factory=lambda: 1)"),
    "call in an option": model("y: int = Field(ge=len('abc'))"),
    "call in an unused option": model("y: int = Field(examples=[open('/x')])"),
    "call as description": model("y: int = Field(description=str(1))"),
    "formatted string": model("y: int = Field(description=f'{1}')"),
    "splat": model("y: int = Field(**{'ge': 1})"),
    "call as type": model("y: __import__('os').system('x')"),
    "subscript as type": model("y: [].__class__.__base__"),
    "type as text": model("y: \"__import__('os').system('x')\""),
    "configured by a call": model("model_config = ConfigDict(title=str(1))"),
    "module-level call": "import os\nos.system('x')\nclass OutputParser(BaseModel):\n    x: int\n",
    "module-level value": "x = [i for i in ()]\nclass OutputParser(BaseModel):\n    x: int\n",
    "module-level condition": "if True:\n    pass\nclass OutputParser(BaseModel):\n    x: int\n",
    "walrus": "(x := 1)\nclass OutputParser(BaseModel):\n    x: int\n",
    "enum with a call": "class E(Enum):\n    a = auto()\nclass OutputParser(BaseModel):\n    x: E\n",
    "not Python": "class OutputParser(BaseModel:\n",
    "null byte": "class OutputParser(BaseModel):\n    x: int\0\n",
    "deep brackets": "class OutputParser(BaseModel):\n    x: " + "list[" * 3000 + "int" + "]" * 3000 + "\n",
    "deep text": "class OutputParser(BaseModel):\n    x: '" + "list[" * 90 + "int" + "]" * 90 + "'\n",
    "long sum": "class OutputParser(BaseModel):\n    x: " + "int | " * 2000 + "None\n",
    "long chain of names": "class OutputParser(BaseModel):\n    x: a" + ".a" * 100_000 + "\n",
    "minus signs": "class OutputParser(BaseModel):\n    x: int = " + "-" * 100_000 + "1\n",
    "huge number": "class OutputParser(BaseModel):\n    x: int = " + "9" * 50_000 + "\n",
    "huge bound": "class OutputParser(BaseModel):\n    x: int = Field(ge=1e999)\n",
    "huge file": "#" + "x" * 300_000,
    "long chain of classes": "class C0(BaseModel):\n    x: int\n"
    + "".join(f"class C{n}(C{n - 1}):\n    x: int\n" for n in range(1, 3000)),
    "a billion places": "class C0(BaseModel):\n    x: int\n"
    + "".join(
        f"class C{n}(BaseModel):\n" + "".join(f"    f{k}: C{n - 1}\n" for k in range(10))
        for n in range(1, 10)
    )
    + "class OutputParser(BaseModel):\n    x: C9\n",
    "many levels": "class C0(BaseModel):\n    x: int\n"
    + "".join(f"class C{n}(BaseModel):\n    x: C{n - 1}\n" for n in range(1, 40))
    + "class OutputParser(BaseModel):\n    x: C39\n",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused_by_a_clear_error(tmp_path, body):
    path = tmp_path / "parser.py"
    path.write_text(HEAD + body, "utf-8")
    with pytest.raises(InputError) as refused:
        convert(path)
    assert len(str(refused.value)) < 200


def test_a_refusal_names_the_line():
    with pytest.raises(InputError, match=r"^line 9: .*call"):
        read("class OutputParser(BaseModel):\n    y: int = open('/x')\n")


def test_nothing_of_a_source_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = tmp_path / "ran"
    for body in (
        f"open({str(ran)!r}, 'w')",
        f"class OutputParser(BaseModel):\n    x: int = open({str(ran)!r}, 'w')",
        f"class OutputParser(BaseModel):\n    x: \"open({str(ran)!r}, 'w')\"",
    ):
        with pytest.raises(InputError):
            read(body)
    (tmp_path / "trap.py").write_text(f"open({str(ran)!r}, 'w')", "utf-8")
    read("from trap import anything\nclass OutputParser(BaseModel):\n    x: int\n")
    assert not ran.exists()


PIECES = st.sampled_from(
    [
        "class OutputParser(BaseModel):\n",
        "    x: ",
        "int",
        "str",
        "Optional[",
        "List[",
        "Literal[",
        "]",
        "'a'",
        ", ",
        "Field(",
        ")",
        "ge=1",
        " = ",
        "None",
        " | ",
        "\n",
        "    ",
        "Annotated[",
        "x",
        "class A(Enum):\n",
        "\\",
        '"',
        "é",
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(body):
    try:
        read(body)
    except InputError as refused:
        assert str(refused)


def test_a_source_alone_is_a_task(tmp_path):
    path = Path(tmp_path / "Lesion Report.py")
    path.write_text(
        HEAD + 'class OutputParser(BaseModel):\n    """Find the size."""\n    size: float\n', "utf-8"
    )
    imported = convert(path)
    assert 'name = "lesion-report"' in imported.task_toml
    assert 'instruction = "Find the size."' in imported.task_toml
