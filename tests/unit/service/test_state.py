"""The state: replaced as a whole, announced, and final once the service stops."""

from baikaldoc_pos.service.state import Phase, ServiceState, StateHolder


def test_a_job_that_ends_does_not_hide_that_the_service_stops() -> None:
    announced: list[ServiceState] = []
    holder = StateHolder(announced.append)
    holder.change(phase=Phase.WORKING)
    holder.change(phase=Phase.STOPPING)
    holder.change(phase=Phase.IDLE, cycle_ended=True)
    assert holder.present.phase is Phase.STOPPING
    assert holder.present.cycle_ended
    assert [state.phase for state in announced] == [Phase.WORKING, Phase.STOPPING, Phase.STOPPING]
