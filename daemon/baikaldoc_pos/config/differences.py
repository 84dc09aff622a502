"""What differs between two configurations, by the paths of the keys alone: values may be secrets."""

from attrs import AttrsInstance

from baikaldoc_pos.config.faults import key_path, quoted
from baikaldoc_pos.config.model import FILES, Configuration
from baikaldoc_pos.config.settings import settings_of


def differences(old: Configuration, new: Configuration) -> list[str]:
    """The paths of the keys whose values differ, in the order of the files: ``pagination.pageSize``, ``password``."""
    return [path for name in FILES for path in _between(getattr(old, name), getattr(new, name), ())]


def _between(old: AttrsInstance, new: AttrsInstance, prefix: tuple[str, ...]) -> list[str]:
    paths: list[str] = []
    for attribute, setting in settings_of(type(old)):
        before, after = getattr(old, attribute.name), getattr(new, attribute.name)
        path = (*prefix, setting.key)
        if setting.kind is None:
            paths += _between(before, after, path)
        elif setting.key == "statusMapping":
            statuses = [*before, *(status for status in after if status not in before)]
            paths += [key_path(path) + quoted(status) for status in statuses if before.get(status) != after.get(status)]
        elif before != after:
            paths.append(key_path(path))
    return paths
