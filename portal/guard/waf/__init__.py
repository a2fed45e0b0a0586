"""The WAF: libmodsecurity with rules of our own, behind one small interface."""

from portal.guard.waf.engine import Engine, Inspected, Off, Refusal, WafError
from portal.guard.waf.loading import load
