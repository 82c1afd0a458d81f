"""The chat's page in Chromium: numbers are the bot's own, nothing is executed, everything works with the keyboard."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

pytest.importorskip("playwright", reason="needs the extra `browser`")
pytest.importorskip("axe_playwright_python", reason="needs the extra `browser`")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from data.haiku import plain
from haiku_bot.bot import HaikuBot, Steered
from haiku_bot.candidates import SAMPLING, Pool, Sampling
from haiku_bot.functions import Parts
from haiku_bot.trace import Trace, trace
from haiku_bot.web.room import Room
from staff.evidence import chat_page
from tests.chat_server import (  # noqa: F401 - fixtures
    Client,
    bot_of_the_reference,
    client_of_the_reference,
    reference_in_place,
    served,
    small_pool,
)
from tests.support import SOLUTIONS

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
MESSAGE = "Rain on my umbrella!"
HOSTILE = "<script>window.executed = 1</script><img src=x onerror='window.executed = 1'>"
TABS = ("Reading", "Candidates", "Tokens", "Attention", "Without the form")
MILLISECONDS_UNTIL_IT_HANGS = 120_000  # each wait of the browser's; it ends a hang, and judges nobody's speed
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, client: Client) -> Iterator[Page]:
    """The page, ready; in the end, nothing was complained about and nothing else was asked."""
    yield from opened(browser, client.address)


def opened(browser: Browser, address: str, **screen: Any) -> Iterator[Page]:
    context = browser.new_context(**screen)
    context.set_default_timeout(MILLISECONDS_UNTIL_IT_HANGS)
    expect.set_options(timeout=MILLISECONDS_UNTIL_IT_HANGS)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.extend([request.url] * (not request.url.startswith(address))))
    page.goto(address)
    yield page
    context.close()
    assert heard == []


def ask(page: Page, message: str) -> Any:
    """Send a message with the keyboard; the whole exchange, once everything is told."""
    number = page.locator(".exchange").count()
    page.locator("#message").fill(message)
    page.locator("#message").press("Enter")
    exchange = page.locator(".exchange").nth(number)
    expect(exchange.get_by_role("button", name="Another answer")).to_be_visible()
    return exchange


def show(exchange: Any, tab: str) -> Any:
    exchange.get_by_role("tab", name=tab).click()
    return exchange.locator("[role=tabpanel]:visible")


def shown_number(text: str) -> float:
    """A number as the page writes it, such as `−1.25`, `< 0.1%` or `45.2%`; a share for a percentage."""
    value = float(text.replace("−", "-").replace(",", "").replace("<", "").strip(" %"))
    return value / 100 if "%" in text else value


@pytest.fixture(scope="module")
def pool(made) -> Pool:
    bot = made[0]
    return bot.consider(bot.read(MESSAGE).request, f"0/{MESSAGE}")


def traced(made: tuple[HaikuBot, Parts], candidate: Any, sampling: Sampling) -> Trace:
    bot, parts = made
    request = bot.read(MESSAGE).request
    steered = Steered(bot.model, candidate.steering * bot.asked_words(request))
    return trace(steered, bot.prompt(request), candidate.verse, bot.vocabulary.form, sampling, parts)


def require_step(panel: Any, step: Any, bot: HaikuBot) -> None:
    """The table of one draw holds the numbers of the bot's functions."""
    rows = panel.locator(".step tbody tr").all()
    assert len(rows) > 4
    for row in rows:
        number = bot.vocabulary.ids[row.locator("th .token").inner_text()]
        assert shown_number(row.locator(".chance").inner_text()) == pytest.approx(float(step.chances[number]), abs=6e-4)
        assert shown_number(row.locator(".unbound").inner_text()) == pytest.approx(
            float(step.unbound[number]), abs=6e-4
        )
        assert shown_number(row.locator(".logit").inner_text()) == pytest.approx(float(step.logits[number]), abs=0.06)
        assert bool(row.locator(".why").count()) == (not step.allowed[number])
    assert shown_number(panel.locator(".forbidden-share").inner_text()) == pytest.approx(step.forbidden_share, abs=6e-4)
    forbidden = int((~step.allowed).sum())
    assert f"Forbidden: {forbidden:,} of {len(step.allowed):,} tokens" in panel.inner_text()


def test_a_question_is_answered_and_every_number_is_the_bots_own(page, made, pool):
    bot, _ = made
    exchange = ask(page, MESSAGE)
    best = pool.candidates[pool.best]
    assert exchange.locator(".haiku span").all_inner_texts() == list(best.lines)

    reading, panel = bot.read(MESSAGE), show(exchange, "Reading")
    assert panel.locator(".themes .asked .name").all_inner_texts() == list(reading.request.themes)
    assert shown_number(panel.locator(".themes .score").first.inner_text()) == pytest.approx(
        float(reading.evidence.scores().max()), abs=6e-3
    )
    prompt = [bot.vocabulary.tokens[token] for token in bot.prompt(reading.request)]
    assert panel.locator(".tokens .token").all_inner_texts() == prompt

    panel = show(exchange, "Candidates")
    panel.get_by_role("button", name=re.compile("Show all")).click()
    rows = panel.locator(".candidates li").all()
    assert len(rows) == len(pool.candidates)
    for row, number in list(zip(rows, pool.ranking, strict=True))[::15]:
        score = pool.scores[number]
        assert row.locator(".verse span").all_inner_texts() == list(pool.candidates[number].lines)
        assert shown_number(row.locator(".total").inner_text()) == pytest.approx(score.total, abs=6e-3)
        for name, value in (("likelihood", score.likelihood), ("theme", score.relevance), ("faults", score.faults)):
            shown = row.locator(f"[data-part={name}] b").inner_text()
            assert shown_number(shown) == pytest.approx(value, abs=6e-3)

    found, panel = traced(made, best, SAMPLING), show(exchange, "Tokens")
    for index in (0, 3, len(found.steps) - 1):
        panel.locator(".choice input").nth(index).check()
        require_step(panel, found.steps[index], bot)

    panel = show(exchange, "Attention")
    panel.locator(".choice input").nth(3).check()
    weights = found.attention[len(prompt) + 2, : len(prompt) + 3].tolist()
    shown = [shown_number(text) for text in panel.locator(".looks li .value").all_inner_texts()]
    assert shown == pytest.approx(weights, abs=6e-4)
    assert panel.locator(".matrix tbody tr").count() == len(found.read)

    panel = show(exchange, "Without the form")
    kept = panel.locator(".unbound-verses .kept").count()
    assert panel.locator(".kept-count").inner_text() == str(kept)


def test_temperature_and_top_k_change_the_chances_at_once_and_the_next_answer(page, made, pool):
    bot, _ = made
    exchange = ask(page, MESSAGE)
    panel = show(exchange, "Tokens")
    with page.expect_response("**/trace"):
        panel.get_by_label("Temperature").fill("2.1")
    with page.expect_response("**/trace"):
        panel.get_by_label("Top k").press("End")
    best, all_tokens = pool.candidates[pool.best], len(bot.vocabulary)
    first = traced(made, best, Sampling(2.1, all_tokens)).steps[0]
    expect(panel.locator(".step .drawn .chance")).to_have_text(
        re.compile(f"^{100 * float(first.chances[first.drawn]):.1f}%")
    )
    require_step(panel, first, bot)
    panel.get_by_role("button", name="Answer again with these").click()
    again = page.locator(".exchange").nth(1)
    expect(again.get_by_role("button", name="Another answer")).to_be_visible()
    said = {plain(line) for line in best.lines}
    expected = bot.consider(bot.read(MESSAGE).request, f"1/{MESSAGE}", (), said, Sampling(2.1, all_tokens))
    assert again.locator(".haiku span").all_inner_texts() == list(expected.candidates[expected.best].lines)


def test_another_candidate_shows_its_own_draws(page, made, pool):
    exchange = ask(page, MESSAGE)
    show(exchange, "Candidates").locator(".verse").nth(5).click()
    candidate = pool.candidates[pool.ranking[5]]
    panel = exchange.locator("[role=tabpanel]:visible")
    expect(panel.locator("q")).to_have_text(" / ".join(candidate.lines))
    require_step(panel, traced(made, candidate, SAMPLING).steps[0], made[0])


def test_nothing_of_a_message_is_executed(page):
    exchange = ask(page, HOSTILE)
    assert exchange.locator(".message").inner_text() == HOSTILE
    for tab in TABS:
        show(exchange, tab)
    assert page.evaluate("() => window.executed") is None
    assert page.locator("main img, main script").count() == 0


def test_a_script_that_got_into_the_page_would_not_run(browser, client):
    context = browser.new_context()
    page = context.new_page()
    page.goto(client.address)
    page.evaluate(f"() => {{ document.body.innerHTML += {HOSTILE!r} }}")
    page.evaluate("() => document.body.append(Object.assign(document.createElement('script'), {text: 'executed = 1'}))")
    assert page.evaluate("() => window.executed") is None
    context.close()


def test_a_message_of_ten_thousand_characters_fits(page):
    exchange = ask(page, "clouds " * 1428)
    assert page.evaluate(OVERFLOW) <= 0
    assert exchange.locator(".message").bounding_box()["height"] < 300
    assert "Only its beginning was read." in show(exchange, "Reading").inner_text()


def test_three_messages_at_once_are_all_answered(page):
    for message in ("rain", "snow", "bees"):
        page.locator("#message").fill(message)
        page.locator("#message").press("Enter")
    buttons = page.get_by_role("button", name="Another answer")
    expect(buttons).to_have_count(3)
    assert page.locator(".message").all_inner_texts() == ["rain", "snow", "bees"]
    assert page.locator(".haiku").count() == 3


def test_a_closed_tab_disturbs_nobody(browser, client, page):
    context = browser.new_context()
    other = context.new_page()
    other.goto(client.address)
    other.locator("#message").fill("rain")
    other.locator("#message").press("Enter")
    other.locator(".growing span").first.wait_for(state="attached")
    context.close()
    ask(page, "snow")


def test_the_keyboard_is_enough(page):
    exchange = ask(page, "rain")
    first = exchange.get_by_role("tab", name="Reading")
    first.focus()
    for name in TABS[1:]:
        page.keyboard.press("ArrowRight")
        expect(exchange.get_by_role("tab", name=name)).to_be_focused()
        expect(exchange.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(first).to_be_focused()
    exchange.get_by_role("tab", name="Tokens").press("Enter")
    panel = exchange.locator("[role=tabpanel]:visible")
    panel.locator(".choice input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".choice input").nth(1)).to_be_checked()
    expect(panel.locator(".step h2")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_fits_the_screen_and_axe_finds_nothing_serious(browser, client, width, scheme):
    for page in opened(browser, client.address, viewport={"width": width, "height": 740}, color_scheme=scheme):
        require_accessible(page)
        exchange = ask(page, MESSAGE)
        for tab in TABS:
            show(exchange, tab)
            page.mouse.move(0, 0)
            assert page.evaluate(OVERFLOW) <= 0, tab
            require_accessible(page)


def require_accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    serious = {each["help"]: each["nodes"][0]["html"] for each in found if each["impact"] in ("serious", "critical")}
    assert serious == {}


def test_the_page_follows_the_training_and_opens_by_itself(browser, made):
    room = Room(SOLUTIONS)
    with served(room) as client:
        for page in opened(browser, client.address):
            expect(page.locator("#state")).to_contain_text("reading the haiku")
            room.note("pre-training", 0.25, torch.tensor(4.5))
            expect(page.locator("#state")).to_contain_text("pre-training: 25%, loss 4.50")
            room.open(*made)
            expect(page.locator("#message")).to_be_focused()


def test_an_unfinished_part_is_named_on_the_page(browser):
    room = Room(SOLUTIONS)
    try:
        raise NotImplementedError("encode_example: your code here")
    except NotImplementedError as error:
        room.close(error)
    with served(room) as client:
        for page in opened(browser, client.address):
            expect(page.locator("#state")).to_contain_text("encode_example: your code here")
            expect(page.locator("#state")).to_contain_text("python autograder.py -q q8")
            require_accessible(page)
            assert not page.locator("#ask").is_visible()


def test_a_program_that_has_ended_is_told(browser, made):
    room = Room(SOLUTIONS)
    room.open(*made)
    context = browser.new_context()
    page = context.new_page()
    with served(room) as client:
        page.goto(client.address)
        expect(page.locator("#message")).to_be_visible()
    page.locator("#message").fill("rain")
    page.locator("#message").press("Enter")
    expect(page.locator(".fault")).to_contain_text("Is it still running?")
    context.close()


# what measures the page


def test_what_measures_the_page_says_at_once_why_the_chat_cannot_answer(tmp_path, capfd):
    unreadable = tmp_path / "haiku.pt"
    unreadable.write_text("no checkpoint")
    assert chat_page.main(["--checkpoint", str(unreadable)]) == 2
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith(f"staff.evidence.chat_page: error: The chat cannot go on. {unreadable} is not a readable")


def test_what_measures_the_page_waits_for_the_model(made):
    room = Room(SOLUTIONS)
    with served(room) as client:
        threading.Timer(0.2, room.open, made).start()
        assert chat_page.why_not_ready(client.address) == ""
    assert "serves its page no more" in chat_page.why_not_ready(client.address)
