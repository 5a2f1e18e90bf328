"""Whatever clerks write, what is published is valid and readable."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.broadcasts import Broadcast, Priority, State
from bot.domain.clock import from_ms, to_ms
from bot.domain.orders import SHELTER_COLUMNS, Order, OrderState, Reach
from bot.domain.residents import LANGUAGES
from bot.domain.shelters import ShelterState
from bot.feeds import atom, cap, rss, summary
from bot.feeds.broadcasts import told
from bot.feeds.messages import Publisher
from bot.feeds.orders import OrderMessages
from bot.store.published import OrderChange, Record
from bot.town import load, templates_for
from tests import cap_schema
from tests.clock import HandClock
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TEMPLATES = templates_for(TOWN)
NOW = HandClock().now()
ISSUED = to_ms(NOW - timedelta(hours=30))
ANY = st.text(st.characters(exclude_categories=()), max_size=60)
"""Every character there is, control characters and halves of characters among them."""
TEXTS = st.lists(ANY.map(lambda text: {"type": "text", "text": text}), min_size=1, max_size=3)
PAYLOADS = st.dictionaries(st.sampled_from(LANGUAGES[1:]), TEXTS).flatmap(
    lambda others: TEXTS.map(lambda ja: {**others, "ja": ja})
)
DISTRICTS = st.lists(st.sampled_from(["溝延", "西里", "谷地中部"]) | ANY, min_size=1, max_size=3, unique=True)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """One order and how it went on, and one broadcast."""
    drill, everyone = draw(st.booleans()), draw(st.booleans())
    states = draw(
        st.sampled_from(
            [
                [("issue", OrderState.IN_FORCE)],
                [("issue", OrderState.IN_FORCE), ("narrow", OrderState.NARROWED)],
                [("issue", OrderState.IN_FORCE), ("supersede", OrderState.NARROWED)],
                [("issue", OrderState.IN_FORCE), ("supersede", OrderState.SUPERSEDED)],
                [
                    ("issue", OrderState.IN_FORCE),
                    ("narrow", OrderState.NARROWED),
                    ("lift", OrderState.LIFTED),
                ],
            ]
        )
    )
    districts = tuple(draw(DISTRICTS))
    changes = tuple(
        OrderChange(
            n + 1,
            1,
            change,
            state,
            districts,
            None if change == "supersede" else n + 1,
            ISSUED + n * 7_200_000,
        )
        for n, (change, state) in enumerate(states)
    )
    order = Order(
        level=draw(st.sampled_from([3, 4, 5])),
        hazard=draw(st.sampled_from(list(SHELTER_COLUMNS)) | ANY),
        districts=districts,
        author="clerk",
        reasons={"ja": draw(ANY)},
        reach=draw(st.sampled_from([Reach.DISTRICT, Reach.EVERYONE])),
        drill=drill,
        state=changes[-1].state,
        issued_ms=ISSUED,
        ended_ms=None if changes[-1].state.value in {"in_force", "narrowed"} else changes[-1].at_ms,
        superseded_by=2 if changes[-1].state is OrderState.SUPERSEDED else None,
        id=1,
    )
    context = {
        "level": str(order.level),
        "areas": "、".join(districts),
        "hazard": order.hazard,
        "reason": draw(ANY),
    }
    told = {
        change.broadcast_id: Broadcast(
            draw(ANY),
            "all",
            "clerk",
            template="evacuation",
            context=context,
            everyone=everyone,
            drill=drill,
            id=change.broadcast_id,
        )
        for change in changes
        if change.broadcast_id is not None
    }
    state = draw(st.sampled_from([State.DONE, State.CANCELLED]))
    public = Broadcast(
        draw(ANY),
        "all",
        "clerk",
        state,
        draw(st.sampled_from(Priority)),
        drill=drill,
        started_ms=ISSUED,
        finished_ms=ISSUED + 60_000,
        id=9,
    )
    messages: dict[int, Any] = {number: draw(PAYLOADS) for number in (*told, 9)}
    return Record((order,), changes, (public,), told, messages)


@settings(deadline=None)
@given(records(), st.sampled_from(["", "https://push.example.jp"]))
def test_any_order_and_any_words_are_valid(record: Record, address: str) -> None:
    publisher = Publisher(TOWN, address)
    orders = OrderMessages(record, TEMPLATES, publisher, NOW)
    (order,), (public,) = record.orders, record.broadcasts
    of_order, of_broadcast = orders.of(order), told(public, record.messages[9], publisher)
    found = [*of_order, *of_broadcast]
    for each in found:
        root = cap_schema.alert(cap.alert(each, publisher))
        assert len(list(root.iter(cap_schema.CAP + "info"))) == len(each.words)
    assert len({each.identifier for each in found}) == len(found)
    assert len(cap_schema.atom(atom.feed(found, publisher, NOW))) == len(found)
    assert len(cap_schema.rss(rss.feed(found, publisher, NOW))) == len(found)
    said = {shelter.id: ShelterState.OPEN for shelter in TOWN.shelters}
    body = summary.document(
        [(order, of_order[-1])], [(public, of_broadcast[-1])], publisher, said, from_ms(ISSUED)
    )
    assert json.loads(body)["orders"][0]["state"] == order.state.value
