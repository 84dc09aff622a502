"""Events and the sentences that tell them: a stable English id with fields, looked up in one catalogue a language.

Code never holds operator-facing prose. It emits ``cycle.finished`` with fields; a formatter, a table or a mail
asks the :class:`Catalogue` for the sentence. The catalogues are ``ru.json`` and ``en.json`` beside this file.
"""

from baikaldoc_pos.events.catalogue import LANGUAGES, Catalogue
from baikaldoc_pos.events.log import EventLog, bound

__all__ = ["LANGUAGES", "Catalogue", "EventLog", "bound"]
