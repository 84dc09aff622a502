"""Sets «Статус ПОС» of rubrics in ДЕЛО from «Статус ССТУ», and accounts for every value written."""

__version__ = "0.2.0"
