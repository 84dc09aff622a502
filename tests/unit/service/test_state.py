"""The state: replaced as a whole, announced, and final once the service stops."""

from datetime import UTC, datetime

from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.service.state import StateHolder
from baikaldoc_pos.state import HealthProblem, LastError, Phase, ServiceState, Wait

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)


def test_a_job_that_ends_does_not_hide_that_the_service_stops() -> None:
    announced: list[ServiceState] = []
    holder = StateHolder(announced.append)
    holder.change(phase=Phase.WORKING)
    holder.change(phase=Phase.STOPPING)
    holder.change(phase=Phase.IDLE, cycle_ended=True)
    assert holder.present.phase is Phase.STOPPING
    assert holder.present.cycle_ended
    assert [state.phase for state in announced] == [Phase.WORKING, Phase.STOPPING, Phase.STOPPING]


def test_no_secret_gets_into_the_state_wherever_it_was_said() -> None:
    secret = "Не-пароль-1"
    holder = StateHolder(lambda state: None, lambda: Masker([secret]))
    said = f"user=x {secret} конец"
    holder.change(
        phase=Phase.WORKING,
        problem=LastError("delo.schema_mismatch", {"message": said, "count": 3}, NOW),
        wait=Wait("delo.unavailable", {"reason": said}, NOW),
        health_problems=(HealthProblem("watchdog.journal_fault", {"reason": said}),),
        rejected_faults=(said,),
        next_cycle=NOW,
    )
    state = holder.present
    assert secret not in str(state)
    assert state.problem == LastError("delo.schema_mismatch", {"message": "user=x *** конец", "count": 3}, NOW)
    assert state.rejected_faults == ("user=x *** конец",)
    assert (state.phase, state.next_cycle) == (Phase.WORKING, NOW)
