"""Settings of all tests."""

import signal


def pytest_configure() -> None:
    """Take SIGINT again where the tests run in the background: ignored, it would be so in every process they stop."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
