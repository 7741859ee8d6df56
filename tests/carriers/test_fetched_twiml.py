"""TwiML that is too long for the request: the carrier comes back for it, signed, and nothing is left out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from carriers import BadSignature, EventRequest, Instructing
from carriers.twilio import Twilio
from carriers.twilio.instructions import MAX_TWIML_CHARACTERS, fetched_twiml, instruction_arguments
from domain.calls.models import CallOrder
from tests.carriers.simulation import Callbacks, Simulator, an_order, number_ending, place
from tests.carriers.test_instructions import stream_parameters
from tests.serving import served
from tests.voice_agent import an_agent

MANY = {"name": "Customer 0001"} | {f"field_{n}": "é" * (200 + n) for n in range(20)}


@dataclass
class Questions:
    """The API's place in this: it answers what the carrier asks."""

    carrier: Twilio
    url: str = ""
    orders: dict[str, CallOrder] = field(default_factory=dict)
    asked: list[EventRequest] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        question = EventRequest(
            url=f"{self.url}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.asked.append(question)
        found = self.carrier.instruct(question, self.orders[request.query["dial"]])
        return web.Response(text=found.body, content_type=found.content_type)

    def ask_for(self, order: CallOrder) -> CallOrder:
        known = order.model_copy(update={"instructions_url": f"{self.url}/carriers/twilio/instructions?dial=a%3A1"})
        self.orders["a:1"] = known
        return known


@pytest.fixture
async def questions(carrier: Twilio) -> AsyncIterator[Questions]:
    questions = Questions(carrier)
    app = web.Application()
    app.router.add_post("/carriers/twilio/instructions", questions.answer)
    async with served(app) as questions.url:
        yield questions


def test_only_what_is_too_long_is_asked_for_again() -> None:
    address = "https://calls.example.test/carriers/twilio/instructions?dial=a%3A1"
    short = an_order("+12015550123", instructions_url=address)
    long = an_order("+12015550123", parameters=MANY, instructions_url=address)

    assert "twiml" in instruction_arguments(short)
    assert instruction_arguments(long) == {"url": address, "method": "POST"}
    assert len(fetched_twiml(long)) > MAX_TWIML_CHARACTERS
    assert stream_parameters(fetched_twiml(long)) == MANY


def test_what_is_longer_than_twilio_fetches_is_left_out_longest_first() -> None:
    order = an_order("+12015550123", parameters={f"field_{n}": "漢" * 400 for n in range(100)})

    text = fetched_twiml(order)

    assert len(text.encode()) < 65_536
    assert stream_parameters(text)["outdial_truncated"] == "true"


async def test_the_agent_of_an_answered_call_is_told_everything(
    carrier: Twilio, callbacks: Callbacks, questions: Questions
) -> None:
    async with an_agent() as agent:
        order = questions.ask_for(an_order(number_ending("07"), audio_url=agent.url, parameters=MANY))
        await place(carrier, callbacks, order.model_copy(update={"max_call_seconds": 300}))
        stream = await agent.stream()

    assert stream.parameters == MANY


async def test_nobody_else_is_told(carrier: Twilio, callbacks: Callbacks, questions: Questions) -> None:
    order = questions.ask_for(an_order(number_ending("07"), parameters=MANY))
    await place(carrier, callbacks, order.model_copy(update={"max_call_seconds": 300}))
    async with asyncio.timeout(5):
        while not questions.asked:
            await asyncio.sleep(0.01)
    (question,) = questions.asked

    assert isinstance(carrier, Instructing)
    for forged in (
        question.model_copy(update={"headers": {}}),
        question.model_copy(update={"url": question.url.replace("a%3A1", "b%3A1")}),
        question.model_copy(update={"body": b"CallSid=CA1"}),
    ):
        with pytest.raises(BadSignature):
            carrier.instruct(forged, order)


async def test_where_nobody_answers_the_call_goes_on(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    order = an_order(number_ending("00"), parameters=MANY, instructions_url="http://127.0.0.1:9/nothing")
    await place(carrier, callbacks, order)

    assert (await callbacks.ending(order.key)).sip_code == 200
