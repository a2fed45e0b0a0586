"""Small changes of meaning in the rules, each tried against its room's own tests.

Which changes: Cosmic Ray's operators (https://cosmic-ray.readthedocs.io) for comparisons, booleans
and arithmetic, and two of our own for conditions. How they are tried is ours, because one start of
the tests a change would take hours: the tests run once with coverage, and then each change is made
in a fork of that process, where the tests that ran the changed statement run until one fails.
"""
