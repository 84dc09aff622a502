"""Batches: cutting changes into them, and taking one apart that ДЕЛО rejects as a whole. Pure but for the send."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from baikaldoc_pos.delo import BatchRejected
from baikaldoc_pos.model import Answer, Change


class Send(Protocol):
    """Writes changes, one Answer each in order; raises BatchRejected (see DeloClient.update)."""

    def __call__(self, changes: Sequence[Change], *, patient: bool = True) -> list[Answer]: ...


def batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """The changes in order, at most ``size`` at a time."""
    return (changes[start : start + size] for start in range(0, len(changes), size))


def send_apart(
    send: Send, batch: Sequence[Change], *, patient: bool = True
) -> Iterator[tuple[Sequence[Change], list[Answer] | BatchRejected]]:
    """Send a batch; what is rejected as a whole is halved until the bad record stands alone.

    Yields the parts in order as they end, each with its answers, or a lone change with its rejection.
    """
    try:
        answers = send(batch, patient=patient)
    except BatchRejected as rejection:
        if len(batch) == 1:
            yield batch, rejection
            return
        middle = len(batch) // 2
        yield from send_apart(send, batch[:middle], patient=False)
        yield from send_apart(send, batch[middle:], patient=False)
    else:
        yield batch, answers
