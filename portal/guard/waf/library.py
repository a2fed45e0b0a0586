"""The C interface of libmodsecurity by ctypes.

The functions that look at a request release the interpreter's lock, once a request; the others are
so short that giving the lock away would cost more than it frees.
"""

import ctypes
import re
import weakref
from collections.abc import Iterable
from ctypes import c_char_p, c_int, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any

from portal.guard.waf.engine import WafError

_VERSION = re.compile(r"v(\d[\w.-]*)")
_Log = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
# Kept here: the library calls it for as long as the process lives. Without one it writes to stderr.
_SILENT = _Log(lambda _, __: None)


class _Intervention(ctypes.Structure):
    """ModSecurityIntervention; its texts are ours to free."""

    _fields_ = [
        ("status", c_int),
        ("pause", c_int),
        ("url", c_void_p),
        ("log", c_void_p),
        ("disruptive", c_int),
    ]


# What each function returns and takes.
_SHORT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "msc_init": (c_void_p, ()),
    "msc_who_am_i": (c_char_p, (c_void_p,)),
    "msc_set_log_cb": (None, (c_void_p, _Log)),
    "msc_create_rules_set": (c_void_p, ()),
    "msc_rules_cleanup": (c_int, (c_void_p,)),
    "msc_new_transaction": (c_void_p, (c_void_p, c_void_p, c_void_p)),
    "msc_process_connection": (c_int, (c_void_p, c_char_p, c_int, c_char_p, c_int)),
    "msc_process_uri": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p)),
    "msc_add_n_request_header": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "msc_append_request_body": (c_int, (c_void_p, c_char_p, c_size_t)),
    "msc_intervention": (c_int, (c_void_p, ctypes.POINTER(_Intervention))),
    "msc_transaction_cleanup": (None, (c_void_p,)),
}
_LONG: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "msc_rules_add": (c_int, (c_void_p, c_char_p, ctypes.POINTER(c_void_p))),
    "msc_process_request_headers": (c_int, (c_void_p,)),
    "msc_process_request_body": (c_int, (c_void_p,)),
}


@dataclass(frozen=True)
class Intervention:
    """What a rule wants done; `log` is the library's sentence about it."""

    status: int
    log: str
    is_disruptive: bool


class Library:
    """libmodsecurity as it lies in one file; WafError when it is not what it should be."""

    def __init__(self, file: str, origin: str) -> None:
        try:
            long = ctypes.CDLL(file)
            short = ctypes.PyDLL(file, handle=long._handle)
            self.call = {
                name: _function(where, name, *types)
                for where, table in ((short, _SHORT), (long, _LONG))
                for name, types in table.items()
            }
        except (OSError, AttributeError) as error:
            if str(error).startswith(f"{file}: cannot open shared object file"):
                raise WafError(f"{origin} libmodsecurity is not there") from error
            raise WafError(f"{origin} libmodsecurity cannot be used: {error}") from error
        self.engine = self.call["msc_init"]()
        if not self.engine:
            raise WafError(f"{origin} libmodsecurity does not start")
        self.call["msc_set_log_cb"](self.engine, _SILENT)
        said = _VERSION.search(self.call["msc_who_am_i"](self.engine).decode("ascii", "replace"))
        self.name = f"libmodsecurity {said[1] if said else 'of unknown version'}, {origin}"

    def rules(self, text: str) -> "Rules":
        """Rules as they are written in SecLang; WafError when they cannot be read."""
        return Rules(self, text)


class Rules:
    """A set of rules as the library has compiled it; threads may ask it side by side."""

    def __init__(self, library: Library, text: str) -> None:
        self._call, self._engine = library.call, library.engine
        self._rules = self._call["msc_create_rules_set"]()
        # Not at exit: a thread may still be looking then.
        weakref.finalize(self, self._call["msc_rules_cleanup"], self._rules).atexit = False
        error = c_void_p()
        if self._call["msc_rules_add"](self._rules, text.encode(), ctypes.byref(error)) < 0:
            raise WafError(f"The WAF's rules cannot be read: {_taken(error.value)}")
        _taken(error.value)

    def judge(
        self,
        *,
        address: str,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
    ) -> Intervention | None:
        """What the rules want done, None for nothing; without a body only phase 1 is asked."""
        call = self._call
        transaction = call["msc_new_transaction"](self._engine, self._rules, None)
        if not transaction:
            raise WafError("no transaction")
        try:
            call["msc_process_connection"](transaction, address.encode(), 0, b"127.0.0.1", 0)
            call["msc_process_uri"](transaction, target.encode(), method.encode(), b"1.1")
            for name, value in headers:
                key, content = name.encode("latin-1"), value.encode()
                # By length: what follows a NUL must be seen too.
                call["msc_add_n_request_header"](transaction, key, len(key), content, len(content))
            call["msc_process_request_headers"](transaction)
            found = self._intervention(transaction)
            if found is None and body is not None:
                if body:
                    call["msc_append_request_body"](transaction, body, len(body))
                call["msc_process_request_body"](transaction)
                found = self._intervention(transaction)
            return found
        finally:
            call["msc_transaction_cleanup"](transaction)

    def _intervention(self, transaction: int) -> Intervention | None:
        """It answers once: what it said is gone afterwards."""
        said = _Intervention(status=200)
        if not self._call["msc_intervention"](transaction, ctypes.byref(said)):
            return None
        _taken(said.url)
        return Intervention(said.status, _taken(said.log), bool(said.disruptive))


def _function(library: ctypes.CDLL, name: str, returns: Any, takes: tuple[Any, ...]) -> Any:
    found = library[name]
    found.restype, found.argtypes = returns, takes
    return found


_free = ctypes.CDLL(None).free
_free.restype, _free.argtypes = None, (c_void_p,)


def _taken(text: int | None) -> str:
    """A text that the library has allocated for us, which is freed."""
    if not text:
        return ""
    try:
        return ctypes.string_at(text).decode("utf-8", "replace")
    finally:
        _free(text)
