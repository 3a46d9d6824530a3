"""What is the same for every page and every docstring of the book is worked out once."""

from types import SimpleNamespace

import pytest

pytest.importorskip("sphinx", reason="needs tinyae[docs]")


def test_the_stem_of_a_word_is_found_once(monkeypatch):
    import once

    asked = []
    usual = once.SearchEnglish.stem
    monkeypatch.setattr(
        once.SearchEnglish, "stem", lambda self, word: asked.append(word) or usual(self, word)
    )
    stem = once.English({}).stem
    assert [stem(word) for word in ("layers", "layer", "layers")] == ["layer"] * 3
    assert asked == ["layers", "layer"]


def test_the_template_of_docstrings_is_compiled_once(monkeypatch):
    import once
    from numpydoc import docscrape_sphinx

    compiled = []
    usual = once.SandboxedEnvironment.compile

    def compile(self, *args, **options):
        compiled.append(self)
        return usual(self, *args, **options)

    once.environment_of.cache_clear()
    monkeypatch.setattr(once.SandboxedEnvironment, "compile", compile)
    monkeypatch.setattr(docscrape_sphinx, "SandboxedEnvironment", once.environment)
    book = SimpleNamespace(config=SimpleNamespace(templates_path=[]), _translator=None)
    texts = [f"{name}\n\nParameters\n----------\nx : int\n    One." for name in ("First", "Second")]
    for builder in (None, book):
        shown = [
            str(docscrape_sphinx.get_doc_object(None, "function", text, builder=builder))
            for text in texts
        ]
        assert ["First" in shown[0], "Second" in shown[1], ":Parameters:" in shown[1]] == [True] * 3
    assert len(compiled) == 1


def test_the_book_takes_both_up():
    import once
    from numpydoc import docscrape_sphinx
    from sphinx import search

    usual = search.languages["en"], docscrape_sphinx.SandboxedEnvironment
    try:
        once.setup(None)
        assert search.languages["en"] is once.English
        assert docscrape_sphinx.SandboxedEnvironment is once.environment
    finally:
        search.languages["en"], docscrape_sphinx.SandboxedEnvironment = usual
