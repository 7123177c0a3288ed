"""What a new user starts with: a first suite for what is at hand, the files beside it, and copies of shipped suites."""

from __future__ import annotations

from robustcheck.starter.at_hand import AtHand, class_list, find_first_subject
from robustcheck.starter.project_files import Service, ignore_text, starter_files, workflow
from robustcheck.starter.shipped_suites import copy_suites, shipped_suites
from robustcheck.starter.suite_text import SCHEMA_FILE, FirstSubject

__all__ = [
    "SCHEMA_FILE",
    "AtHand",
    "FirstSubject",
    "Service",
    "class_list",
    "copy_suites",
    "find_first_subject",
    "ignore_text",
    "shipped_suites",
    "starter_files",
    "workflow",
]
