"""Fixtures of several test modules."""

import pytest

from webapp import create_app
from webapp.config import Settings


@pytest.fixture(scope="session")
def app():
    """The site with its default settings and the shipped models."""
    return create_app(Settings())


@pytest.fixture
def client(app):
    """A test client of that site."""
    return app.test_client()


@pytest.fixture(scope="session")
def engine(app):
    """The recogniser of the shipped model."""
    return app.extensions["engine"]
