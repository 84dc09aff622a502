"""``make demo``: the product at work against a stand-in of ДЕЛО, over real HTTP, with the commands people use.

Everything happens in a temporary directory and on the loopback address; nothing is left behind. Ends with 1 where a
rubric of the stand-in does not have the status that it should have. It speaks Russian, or English with DEMO_LANG=en.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.delo_server import HAND_SET, MAPPING, DeloServer, Refused, StoredRubric, make_rubric, mixed_rubrics
from tests.installation import Installation

CROWD = 400
LANGUAGE = os.environ.get("DEMO_LANG", "ru")
SAID = {
    "begin": (
        "В ДЕЛО (учебная замена) такие рубрики; без «Статуса ПОС» обращения не попадают на витрину:",
        "ДЕЛО (a stand-in) holds these rubrics; those without «Статус ПОС» are not on the showcase:",
    ),
    "count": ("  всего {}, ждут статуса {}\n", "  {} in all, {} wait for a status\n"),
    "meanwhile": (
        "\nДелопроизводитель меняет статус, приходит новый вопрос, ДЕЛО больше не отказывает, и мы запускаем снова:\n",
        "\nA clerk changes a status, a new question comes in, ДЕЛО takes the refused one now, and we run again:\n",
    ),
    "written": ("Записано: {}. Ещё ждут: {}.", "Written: {}. Still waiting: {}."),
    "kept": (
        "Перезаписано поставленных вручную: {}. Незакрытых сеансов в ДЕЛО: {}.",
        "Hand-set statuses overwritten: {}. Sessions left open in ДЕЛО: {}.",
    ),
    "ended": ("baikaldoc-pos {} завершилась с кодом {}, а не {}", "baikaldoc-pos {} ended with {}, not {}"),
}


def main() -> int:
    now = datetime.now(UTC)
    crowd = mixed_rubrics(CROWD, since=now - timedelta(days=28), until=now - timedelta(hours=1), pending=0.2)
    special = {
        "refused": make_rubric(200_000_001, ins_date=now - timedelta(hours=3)),
        "hand-set": make_rubric(200_000_002, pos=HAND_SET, ins_date=now - timedelta(hours=3)),
        "unmapped": make_rubric(200_000_003, sstu="Рассмотрено. Поддержано. Меры приняты", ins_date=now),
    }
    with tempfile.TemporaryDirectory(prefix="baikaldoc-pos-demo-") as folder, DeloServer() as delo:
        delo.store.add(*crowd, *special.values())
        delo.faults.writes[special["refused"].isn] = Refused()
        installation = Installation(Path(folder), delo)
        installation.service["language"] = LANGUAGE
        installation.save()
        (installation.paths.config / "connection_config.json").chmod(0o600)

        say("begin")
        say("count", len(delo.store), len(pending(delo)))
        run(installation, "check")
        run(installation, "once", "--dry-run", "--from", f"{now - timedelta(hours=4):%Y-%m-%d %H:%M:%S}+00:00")
        run(installation, "once", expected=1)
        run(installation, "failed")

        say("meanwhile")
        delo.faults.clear()
        delo.store.change(special["unmapped"].isn, sstu="Рассмотрено. Разъяснено")
        delo.store.add(make_rubric(200_000_004, sstu=" Дан ответ автору", ins_date=datetime.now(UTC)))
        run(installation, "retry", str(special["refused"].isn))
        run(installation, "once")
        run(installation, "history", "--document", str(special["refused"].document_isn))
        run(installation, "status")
        return verdict(delo)


def run(installation: Installation, *command: str, expected: int = 0) -> None:
    """Show the command, then what it prints; ends the demonstration where its exit code is another."""
    print(f"$ baikaldoc-pos {shlex.join(command)}", flush=True)
    code = subprocess.run(installation.arguments(*command), check=False).returncode
    print()
    if code != expected:
        say("ended", command[0], code, expected)
        sys.exit(1)


def pending(delo: DeloServer) -> list[StoredRubric]:
    return [
        rubric
        for rubric in delo.store.rubrics()
        if (rubric.sstu or "").strip() in MAPPING and not rubric.pos and rubric.kind_doc == 2 and rubric.carries_pos
    ]


def verdict(delo: DeloServer) -> int:
    """Nothing waits any more, nobody's decision was overwritten, and no session was left behind."""
    left = [rubric.isn for rubric in pending(delo)]
    hand_set = [write.isn for write in delo.store.writes if write.previous]
    say("written", len(delo.store.writes), len(left))
    say("kept", len(hand_set), delo.sessions.open_seats)
    return 1 if left or hand_set or delo.sessions.open_seats else 0


def say(sentence: str, *values: object) -> None:
    print(SAID[sentence][LANGUAGE == "en"].format(*values), flush=True)


if __name__ == "__main__":
    sys.exit(main())
