"""Every document that can be sent, and the schema that they are written against."""

from collections.abc import Iterator
from pathlib import Path

from baikaldoc_pos.delo.documents import KEEP_ALIVE, PENDING, WINDOW, rubrics_document, update_document
from graphql import build_schema

ROOT = Path(__file__).resolve().parents[3]
SDL = (ROOT / "schema" / "delo.graphql").read_text(encoding="utf-8")
SCHEMA = build_schema(SDL)


def documents() -> Iterator[tuple[str, str]]:
    """Names and texts: the sources of the generated ones, what was generated, and the built ones in some sizes."""
    for path in sorted((ROOT / "schema" / "operations").glob("*.graphql")):
        yield path.name, path.read_text(encoding="utf-8")
    for document in (PENDING, WINDOW, KEEP_ALIVE):
        yield document.name, document.text
    for size in (1, 2, 50, 200):
        yield f"{size} writes", update_document(size).text
        yield f"{size} by ISN", rubrics_document(size).text
