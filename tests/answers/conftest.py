"""Answers are tried on a project with runs in several states."""

from tests.laboratory import finished, known, laboratory, workshop  # noqa: F401 - fixtures
