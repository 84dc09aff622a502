"""Every document that can be sent, and the schema that they are written against."""

from collections.abc import Iterator
from pathlib import Path

from baikaldoc_pos.config import Attributes
from baikaldoc_pos.delo.documents import KEEP_ALIVE, Documents
from baikaldoc_pos.server_profile import PendingFilter, ServerProfile
from graphql import build_schema

from tests.installation import KNOWN
from tests.unit.delo.builders import change

ROOT = Path(__file__).resolve().parents[3]
SDL = (ROOT / "schema" / "delo.graphql").read_text(encoding="utf-8")
SCHEMA = build_schema(SDL)


def documents() -> Iterator[tuple[str, str]]:
    """Names and texts: the sources of the generated ones, what was generated, and the built ones in some sizes."""
    for path in sorted((ROOT / "schema" / "operations").glob("*.graphql")):
        yield path.name, path.read_text(encoding="utf-8")
    built = Documents(Attributes(), (2,))
    for profile in (ServerProfile(), ServerProfile(pending=PendingFilter.NULL), KNOWN):
        for document in (*built.pending(profile), built.window(profile), built.probe(orderby=True), KEEP_ALIVE):
            yield document.name, document.text
        for size in (1, 2, 50, 200):
            yield f"{size} writes", built.update([change(isn) for isn in range(size)], profile).text
            yield f"{size} by ISN", built.rubrics(range(size)).text
