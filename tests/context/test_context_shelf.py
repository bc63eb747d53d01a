import pytest

from adapter.context import Shelf


def test_rules_are_read_once_and_only_those_asked_for():
    shelf = Shelf(["en", "xx"])
    assert list(shelf) == ["en", "xx"]
    assert len(shelf) == 2
    assert shelf["en"] is shelf["en"]
    assert shelf.get("tlh") is None
    with pytest.raises(Exception, match="xx"):
        shelf["xx"]
