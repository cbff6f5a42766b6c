"""Quanheng (权衡): read the power list, compile it, decide a request, record the decision, enforce it."""

__version__ = "0.1.0"
