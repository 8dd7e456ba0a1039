"""A real Chromium, and the demo as a user starts it: one for the whole session, because training takes a minute."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.server import create_app
from app.settings import Settings
from cli.doctor import find_browser
from storage.store import Store
from storage.tokens import create_link_token
from tests.product import Product, hypertuner

# The machine may be busy; whatever must be quick says so itself.
expect.set_options(timeout=15_000)

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def installed_browser() -> str:
    """A Chromium: found here, else installed by Playwright, else by the system's packages."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    said = []
    for attempt in [None, *attempts]:
        if attempt is not None:
            done = subprocess.run(attempt, capture_output=True, text=True, check=False, timeout=600)
            said.append(f"{' '.join(attempt)}: {(done.stderr or done.stdout).strip()[-300:]}")
        if found := find_browser():
            return found
    pytest.fail("The browser tests need Chromium, and none could be had.\n" + "\n".join(said), pytrace=False)


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def executable() -> str:
    return installed_browser()


@pytest.fixture(scope="session")
def browser(chromium: BrowserType, executable: str) -> Iterator[Browser]:
    """For contexts of a test's own, which know nothing yet."""
    browser = chromium.launch(executable_path=executable, args=FLAGS)
    yield browser
    browser.close()


@contextmanager
def profile(chromium: BrowserType, executable: str, base_url: str) -> Iterator[BrowserContext]:
    """A browser with a profile on disk, as people have it: what it compiled of our programs it compiles once."""
    with tempfile.TemporaryDirectory(prefix="ht-profile-", ignore_cleanup_errors=True) as folder:
        context = chromium.launch_persistent_context(
            folder, executable_path=executable, args=FLAGS, base_url=base_url, viewport={"width": 1280, "height": 900}
        )
        yield context
        context.close()


@pytest.fixture(scope="session")
def demo() -> Iterator[Product]:
    """`hypertuner demo` on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="ht-demo-", dir="/tmp"))
    product = Product(["demo"], folder)
    try:
        yield product
    finally:
        product.interrupt()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_context(chromium: BrowserType, executable: str, demo: Product) -> Iterator[BrowserContext]:
    """Where the demo's pages are opened, one after the other."""
    with profile(chromium, executable, demo.link.split("/login")[0]) as context:
        yield context


@pytest.fixture(scope="session")
def session_state(demo_context: BrowserContext, demo: Product) -> str:
    """Cookies of one login, for every page of the session."""
    page = demo_context.new_page()
    page.goto(demo.link)
    page.get_by_text("Handwritten digits").first.wait_for()
    path = str(demo.data_dir / "browser-state.json")
    demo_context.storage_state(path=path)
    page.close()
    return path


@contextmanager
def silent_page(context: BrowserContext) -> Iterator[Page]:
    """A page of a profile, which keeps nothing of it but its cache; anything on the page's console fails the test."""
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error.stack or error}"))
    yield page
    if page.url.startswith("http"):
        page.evaluate("localStorage.clear()")
    # With its first page, which is empty, a profile's browser would end.
    for each in context.pages[1:]:
        each.close()
    assert complaints == []


@pytest.fixture
def page(demo_context: BrowserContext, session_state: str) -> Iterator[Page]:
    """A logged-in page of the demo."""
    demo_context.clear_cookies()
    demo_context.add_cookies(json.loads(Path(session_state).read_text())["cookies"])
    with silent_page(demo_context) as page:
        yield page


@pytest.fixture(scope="session")
def visited() -> Iterator[socket.socket]:
    """One for the whole session, and so nobody else's: what a browser keeps of a server goes by its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening


def address_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def closing(app: Any) -> Any:
    """What it answers is closed when it was read: werkzeug's server forgets that where the visitor hangs up."""

    def answer(environ: Any, start_response: Any) -> Iterator[bytes]:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            body.close()

    return answer


@pytest.fixture(scope="session")
def visitor_context(chromium: BrowserType, executable: str, visited: socket.socket) -> Iterator[BrowserContext]:
    """Where the pages of the servers without an engine are opened, one after the other."""
    with profile(chromium, executable, address_of(visited)) as context:
        yield context


@pytest.fixture
def address(store: Store, data_dir: Path, visited: socket.socket, tmp_path: Path) -> Iterator[str]:
    """A server without an engine, for what the test itself writes into its store; projects may begin in `tmp_path`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = visited.getsockname()[1]
    app = create_app(Settings(data_dir=data_dir, port=port, project_folders=(tmp_path,)), store).server
    server = make_server("127.0.0.1", port, closing(app), threaded=True, fd=visited.fileno())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address_of(visited)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visitor(visitor_context: BrowserContext, address: str, store: Store) -> Iterator[Page]:
    """A logged-in page of the server without an engine."""
    visitor_context.clear_cookies()
    with silent_page(visitor_context) as page:
        page.goto(f"/login?token={create_link_token(store)}")
        yield page


@pytest.fixture(scope="session")
def finished_demo(demo: Product) -> Product:
    """The demo, once its 18 experiments have ended."""
    demo.wait_for("Ctrl-C stops everything", timeout_s=300)
    return demo


@pytest.fixture(scope="session")
def fresh_link(demo: Product) -> str:
    """A link that nobody has used."""
    return hypertuner("link", "--data-dir", str(demo.data_dir)).stdout.strip()
