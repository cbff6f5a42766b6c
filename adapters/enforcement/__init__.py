"""Enforcement points: each turns its protocol into a request, asks, and acts only on a clear allow."""
