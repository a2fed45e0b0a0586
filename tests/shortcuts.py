"""What all apps of a process have in common, made once: it took most of the time of a test."""

import json
from types import SimpleNamespace
from typing import Any

import brotli
from argon2 import PasswordHasher
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

from portal.accounts import passwords
from portal.board import encodings
from portal.guard.waf import modsecurity
from portal.guard.waf.compiled import Compiled, Library
from tests.templates import CompiledTemplates


def remember_routes() -> None:
    """Compile the routes once a process, not once an app.

    All apps have the same routes, and this takes half the time that an app takes to make.
    """
    compile_route, known = Rule.compile, {}

    def remembered(rule: Rule) -> None:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, defaults)
        if key not in known:
            compile_route(rule)
            builders = rule._build.__func__, rule._build_unknown.__func__
            known[key] = rule._parts, rule._trace, rule._converters, set(rule.arguments), builders
        rule._parts, rule._trace, rule._converters, arguments, builders = known[key]
        rule.arguments = set(arguments)
        rule._build, rule._build_unknown = (one.__get__(rule, None) for one in builders)

    Rule.compile = remembered  # type: ignore[method-assign]


def remember_statements() -> None:
    """Let engines share what they compile: each has a dialect of its own, and all are alike."""
    DefaultDialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]


def hash_quickly() -> None:
    """Passwords of tests guard nothing; hashing them as it should be took a tenth of the time."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._DUMMY = passwords._hasher.hash("no such account")


def compress_quickly() -> None:
    """Who asks an app of tests needs no small answers; making them so was a fifth of many tests.

    Processes compress as they should.
    """
    compress = brotli.compress
    quickly = SimpleNamespace(compress=lambda body, quality: compress(body, quality=0))
    encodings.brotli = quickly  # type: ignore[attr-defined]


def prove_rules_once() -> None:
    """Compile the WAF's rules and let them prove themselves once a process, not once an app."""
    prove, known = modsecurity._proven, {}

    def remembered(library: Library, text: str, proofs: list[dict[str, Any]]) -> Compiled:
        key = library, text, json.dumps(proofs)
        if key not in known:
            known[key] = prove(library, text, proofs)
        return known[key]

    modsecurity._proven = remembered


remember_routes()
remember_statements()
hash_quickly()
compress_quickly()
prove_rules_once()


TEMPLATES = CompiledTemplates()
