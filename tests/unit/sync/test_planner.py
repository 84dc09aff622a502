"""What becomes of a rubric: a set «Статус ПОС» is never touched, and every rubric is in exactly one place."""

import pytest
from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.model import Change, Rubric
from baikaldoc_pos.sync.planner import Decision, Rules, decide, plan
from hypothesis import given
from hypothesis import strategies as st

from tests.delo_server import HAND_SET, MAPPING

IGNORED = "Не поступило"
RULES = Rules(MAPPING, frozenset({IGNORED}))
BLANKS = st.text(" \t\n\r\u00a0\u2003", max_size=4)
SSTU = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from([*MAPPING, IGNORED, "Не зарегистрировано"]), BLANKS
).flatmap(lambda status: st.tuples(BLANKS, BLANKS).map(lambda ends: status and f"{ends[0]}{status}{ends[1]}"))
POS = st.one_of(st.none(), st.just(""), st.text(max_size=12), st.sampled_from([*MAPPING.values(), HAND_SET]))
RUBRICS = st.lists(
    st.builds(
        Rubric, isn=st.integers(1, 60), document_isn=st.none(), number=st.none(), sstu_status=SSTU, pos_status=POS
    ),
    unique_by=lambda rubric: rubric.isn,
    max_size=20,
)
WAITING = st.sets(st.integers(1, 60), max_size=20)


def rubric(sstu: str | None, pos: str | None = None, isn: int = 1) -> Rubric:
    return Rubric(isn, 10, "А-1/26", sstu, pos)


@given(SSTU, POS.filter(bool), st.sampled_from([RULES, Rules({}, frozenset())]))
def test_a_rubric_with_a_pos_status_is_never_written(sstu, pos, rules):
    assert decide(rubric(sstu, pos), rules) is Decision.HAS_STATUS
    assert plan([rubric(sstu, pos)], rules).changes == ()


@given(RUBRICS, WAITING)
def test_every_rubric_is_in_exactly_one_place(rubrics, waiting):
    planned = plan(rubrics, RULES, waiting)
    places = [change.rubric for change in planned.changes] + [
        each for found in planned.others.values() for each in found
    ]
    assert sorted(each.isn for each in places) == sorted(each.isn for each in rubrics)
    assert Decision.WRITE not in planned.others
    assert planned.having(*Decision) == tuple(each for verdict in Decision for each in planned.having(verdict))
    # And in the place that its own verdict says, in the order in which they came.
    for verdict in set(Decision) - {Decision.WRITE}:
        assert list(planned.having(verdict)) == [each for each in rubrics if decide(each, RULES, waiting) is verdict]
    assert [change.rubric for change in planned.changes] == [
        each for each in rubrics if decide(each, RULES, waiting) is Decision.WRITE
    ]


@given(RUBRICS, WAITING)
def test_only_what_is_mapped_is_written_and_byte_for_byte(rubrics, waiting):
    for change in plan(rubrics, RULES, waiting).changes:
        assert not change.rubric.pos_status
        assert change.rubric.isn not in waiting
        assert change.target == MAPPING[change.rubric.sstu_status.strip()]


@given(st.sampled_from([*MAPPING, IGNORED, "Не зарегистрировано", ""]), BLANKS, BLANKS)
def test_whitespace_round_a_sstu_status_does_not_matter(status, before, after):
    assert decide(rubric(before + status + after), RULES) is decide(rubric(status), RULES)


@given(st.text(min_size=1))
def test_the_target_is_what_stands_in_the_configuration(target):
    processing = ProcessingConfig(status_mapping={"Дан ответ автору": target}, utc_offset_hours=8)
    pending = rubric(" Дан ответ автору ")
    assert plan([pending], Rules.of(processing)).changes == (Change(pending, target),)


@pytest.mark.parametrize(
    ("sstu", "pos", "verdict"),
    [
        ("Дан ответ автору", None, Decision.WRITE),
        ("Дан ответ автору", "", Decision.WRITE),
        ("Дан ответ автору", " ", Decision.HAS_STATUS),  # somebody's, however odd
        (None, None, Decision.NO_SSTU_STATUS),
        ("", None, Decision.NO_SSTU_STATUS),
        (" \u00a0", None, Decision.NO_SSTU_STATUS),
        (IGNORED, None, Decision.IGNORED),
        ("Не зарегистрировано", None, Decision.UNMAPPED),
        ("дан ответ автору", None, Decision.UNMAPPED),  # case counts
        ("None", None, Decision.UNMAPPED),
    ],
)
def test_verdicts(sstu, pos, verdict):
    assert decide(rubric(sstu, pos), RULES) is verdict


def test_what_waits_for_its_next_attempt_is_left_until_then():
    assert decide(rubric("Дан ответ автору"), RULES, {1}) is Decision.WAITING
    assert decide(rubric("Дан ответ автору"), RULES, {2}) is Decision.WRITE
    # A status that came from elsewhere, or one that is no longer mapped, is told at once.
    assert decide(rubric("Дан ответ автору", "Отклонено модератором"), RULES, {1}) is Decision.HAS_STATUS
    assert decide(rubric("Не зарегистрировано"), RULES, {1}) is Decision.UNMAPPED


def test_ignored_statuses_come_from_the_configuration():
    processing = ProcessingConfig(status_mapping=MAPPING, utc_offset_hours=8, ignored_statuses=(IGNORED,))
    assert decide(rubric(f" {IGNORED}"), Rules.of(processing)) is Decision.IGNORED
